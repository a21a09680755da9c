"""How a Task calls a function: the one place that knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.asl import Path, Template
from engine.json_value import JsonObject
from engine.task import DEFAULT_STEP, ExecutionInput
from engine.task import Step as TaskStep

# The optimised integration rather than the plain ARN: what a Task sends stands under ``Payload`` by a
# documented name, so that a definition can be read by others.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
INVOKE = "arn:aws:states:::lambda:invoke"
# The same, and the Task ends when its token is answered
# (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token).
INVOKE_AND_WAIT = f"{INVOKE}.waitForTaskToken"
# The token, in the context object of a Task that waits for it.
TOKEN = Path("$$.Task.Token")

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
    step: TaskStep | Literal["finish"] = "run",
    *,
    extra: Template | None = None,
    fork: str | None = None,
    arrives: Sequence[str] = (),
    answer_fields: Sequence[str] = (),
) -> LambdaCall:
    """The call for a task of ``engine.task``; ``answer_fields`` are kept of the answer, by their names."""
    payload: dict[str, object] = {
        name: Path(f"$.{name}") for name in ("execution_id", "workflow_id", "version")
    }
    # What a task does by default is left unsaid: definitions are bounded in bytes.
    steps = {} if step == DEFAULT_STEP else {"step": step}
    payload.update(nodes=list(nodes), **steps, **(extra or {}))
    if fork is not None:
        payload["fork"] = fork
    if arrives:
        payload["arrives"] = list(arrives)
    return LambdaCall(
        resource=INVOKE,
        parameters={"FunctionName": function_arn, "Payload": payload},
        result_selector={name: Path(f"$.Payload.{name}") for name in answer_fields} or None,
    )


def wait_for_token(
    function_arn: str, nodes: Sequence[str], step: TaskStep, *, extra: Template | None = None
) -> LambdaCall:
    """The call of a Task that hands out its token, and ends when that is answered."""
    call = call_function(function_arn, nodes, step, extra={**(extra or {}), "token": TOKEN})
    return LambdaCall(INVOKE_AND_WAIT, call.parameters, None)


def is_wait(state: JsonObject) -> bool:
    """Whether a state holds a pending node back: a Wait, or a Task that waits to be woken."""
    payload = state.get("Parameters", {}).get("Payload", {})
    return bool(state["Type"] == "Wait" or payload.get("step") == "wait")


def payload_of(state: JsonObject) -> JsonObject:
    """What a Task of a definition says to its function."""
    payload: JsonObject = state["Parameters"]["Payload"]
    return payload


def called_nodes(state: JsonObject) -> tuple[str, ...]:
    """The ids of the nodes that a Task of a definition runs."""
    return tuple(payload_of(state)["nodes"])
