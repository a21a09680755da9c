from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.json_value import JsonObject
from infra.checks.asl_interpreter import NodeInterpreter, is_supported

CALL: JsonObject = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload": {"name.$": "$.name"}},
    "End": True,
}


def machine(**states: JsonObject) -> JsonObject:
    return {"StartAt": next(iter(states)), "States": states}


@pytest.fixture(scope="module")
def interpreter() -> Iterator[NodeInterpreter]:
    with NodeInterpreter() as running:
        yield running


def test_a_task_is_answered_here(interpreter: NodeInterpreter) -> None:
    seen: list[JsonObject] = []

    def invoke(function: str, payload: JsonObject) -> JsonObject:
        seen.append(payload)
        return {}

    assert interpreter.run(machine(a=CALL), {"name": "Ada"}, invoke)
    assert seen == [{"name": "Ada"}]


def test_what_the_answer_raises_fails_the_execution_by_its_class(interpreter: NodeInterpreter) -> None:
    attempts: list[None] = []

    def invoke(function: str, payload: JsonObject) -> JsonObject:
        attempts.append(None)
        raise LookupError

    retried = {**CALL, "Retry": [{"ErrorEquals": ["LookupError"], "MaxAttempts": 2, "IntervalSeconds": 99}]}
    assert not interpreter.run(machine(a=retried), {"name": "Ada"}, invoke)
    assert len(attempts) == 3


def test_it_says_what_it_knows() -> None:
    token = {**CALL, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}
    distributed = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **machine(a=CALL)}
    assert is_supported(machine(a=CALL))
    assert not is_supported(machine(a=token))
    assert not is_supported(machine(a={"Type": "Map", "ItemProcessor": distributed, "End": True}))
