"""How a Task calls a function: the one place that knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.asl import Path, Template
from engine.json_value import JsonObject
from engine.task import ExecutionInput
from engine.task import Step as TaskStep

# The optimised integration rather than the plain ARN: what a Task sends stands under ``Payload`` by a
# documented name, so that a definition can be read by others.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
INVOKE = "arn:aws:states:::lambda:invoke"
# The Task goes on when somebody sends success or failure for its token, whatever the function answers: what
# is sent is its result. Not in Express machines.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
INVOKE_AND_WAIT = f"{INVOKE}.waitForTaskToken"
TASK_TOKEN = Path("$$.Task.Token")

# The input of the execution, which every state passes on.
EXECUTION_INPUT: Template = {name: Path(f"$.{name}") for name in ExecutionInput.model_fields}


@dataclass(frozen=True)
class LambdaCall:
    """What a Task state says to call a function and to read its answer."""

    resource: str
    parameters: Template
    result_selector: Template | None


def call_function(
    function_arn: str,
    nodes: Sequence[str],
    step: TaskStep = "run",
    *,
    extra: Template | None = None,
    fork: str | None = None,
    answer_fields: Sequence[str] = (),
    waits: bool = False,
) -> LambdaCall:
    """The call for a task of ``engine.task``; ``answer_fields`` are kept of the answer, by their names.

    A call that ``waits`` hands the function the token of its Task, and has its answer from whoever sends one
    for that token, however long after the call: the Task's timeout is for both.
    """
    payload: dict[str, object] = {
        name: Path(f"$.{name}") for name in ("execution_id", "workflow_id", "version")
    }
    payload.update(nodes=list(nodes), step=step, **(extra or {}))
    if fork is not None:
        payload["fork"] = fork
    if waits:
        payload["token"] = TASK_TOKEN
    answer = "$" if waits else "$.Payload"
    return LambdaCall(
        resource=INVOKE_AND_WAIT if waits else INVOKE,
        parameters={"FunctionName": function_arn, "Payload": payload},
        result_selector={name: Path(f"{answer}.{name}") for name in answer_fields} or None,
    )


def called_nodes(state: JsonObject) -> tuple[str, ...]:
    """The ids of the nodes that a Task of a definition runs."""
    return tuple(state["Parameters"]["Payload"]["nodes"])
