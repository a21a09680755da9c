"""What nodes share that run another workflow: how it is named, waited for, and told of when it failed."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.execution import ExecutionStatus
from engine.json_value import JsonObject, JsonValue
from nodes.base import ChildExecution, Field, NodeResult, WorkflowReference

# The end of an execution wakes the node; should that be lost, the node asks again, first after an hour and
# then less and less often: a history holds 25,000 events.
FIRST_QUESTION_SECONDS = 3_600
LAST_QUESTION_SECONDS = 86_400

WorkflowId = Annotated[
    str,
    Field(
        title="Workflow",
        min_length=1,
        max_length=200,
        description="The id of a workflow of the same owner, or shared with the same group as this one.",
        examples=["wf_01J9ZQ4M5X6Y7Z8A9B0C1D2E3F"],
        json_schema_extra={"x-expression": False},
    ),
]
WorkflowVersion = Annotated[
    Annotated[int, Field(ge=1, strict=True)] | Literal["live", "draft"],
    Field(
        title="Version",
        description="live: what is published; draft: what was saved last; or a version by its number.",
        json_schema_extra={"x-expression": False},
    ),
]


def wait_for_child(execution_id: str, state: JsonObject) -> NodeResult:
    """Pending until the execution has ended; what else is in the state stays there."""
    asked = int(state.get("asked", 0)) if state.get("execution_id") == execution_id else 0
    seconds = min(FIRST_QUESTION_SECONDS * 2**asked, LAST_QUESTION_SECONDS)
    waiting = {**state, "execution_id": execution_id, "asked": asked + 1}
    return NodeResult.pending(seconds, waiting, wake=execution_id)


def child_failure(child: ChildExecution) -> str | None:
    """What became of an execution that ended otherwise than well; None for one that succeeded."""
    if child.status is ExecutionStatus.SUCCEEDED:
        return None
    told = f": {child.error.message}" if child.error else ""
    status = child.status.value.replace("_", " ")
    return f"execution '{child.execution_id}' of workflow '{child.workflow_name}' {status}{told}"


def read_reference(config: JsonObject, inputs: JsonValue) -> WorkflowReference | None:
    """The workflow that an unresolved config names; None where it names none that could be looked up."""
    workflow_id, version = config.get("workflow_id"), config.get("version", "live")
    if not isinstance(workflow_id, str):
        return None
    if not (version in ("live", "draft") or (isinstance(version, int) and not isinstance(version, bool))):
        return None
    return WorkflowReference(workflow_id, version, inputs if isinstance(inputs, dict) else None)
