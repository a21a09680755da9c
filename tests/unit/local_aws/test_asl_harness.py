"""Definitions run in this process, with a Python callable in the place of Lambda."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.asl import InvalidDefinitionError, run_definition

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"


def by_arn(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, **({} if "Next" in more else {"End": True}), **more}


def by_invoke(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    parameters = {"FunctionName": FUNCTION, "Payload": payload}
    resource = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    return {"Type": "Task", **resource, "OutputPath": "$.Payload", "End": True, **more}


def one(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "Only", "States": {"Only": state}}


def echo(function: str, payload: Any) -> Any:
    return {"function": function, "payload": payload}


def test_both_ways_to_name_a_function_call_it() -> None:
    assert run_definition(one(by_arn()), {"a": 1}, echo).output == {"function": FUNCTION, "payload": {"a": 1}}
    parallel = one(by_invoke({"b.$": "$.a", "c": 2}))
    assert run_definition(parallel, {"a": 1}, echo).output == {
        "function": FUNCTION,
        "payload": {"b": 1, "c": 2},
    }


def test_an_exception_is_an_error_of_its_class_name() -> None:
    class NodeError(Exception):
        pass

    def fail(function: str, payload: Any) -> None:
        raise NodeError("broken")

    outcome = run_definition(one(by_arn()), {}, fail)
    assert (outcome.status, outcome.error, outcome.output) == ("FAILED", "NodeError", None)
    assert '"errorMessage": "broken"' in str(outcome.cause)


def test_an_exception_may_name_its_error_itself() -> None:
    class Throttled(Exception):
        error_type = "Lambda.TooManyRequestsException"

    def fail(function: str, payload: Any) -> None:
        raise Throttled

    assert run_definition(one(by_invoke({})), {}, fail).error == "Lambda.TooManyRequestsException"


def test_retries_and_waits_take_no_time() -> None:
    calls: list[float] = []

    def flaky(function: str, payload: Any) -> int:
        calls.append(time.monotonic())
        if len(calls) < 4:
            raise ConnectionError
        return len(calls)

    retry = [{"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 100, "MaxAttempts": 3}]
    wait = {"Type": "Wait", "Seconds": 1000, "Next": "Only"}
    definition = {"StartAt": "W", "States": {"W": wait, "Only": by_arn(Retry=retry)}}
    started = time.monotonic()
    assert run_definition(definition, {}, flaky).output == 4
    assert time.monotonic() - started < 5


def test_branches_run_at_the_same_time_and_keep_their_order() -> None:
    together = threading.Barrier(3, timeout=10)

    def meet(function: str, payload: Any) -> Any:
        together.wait()
        return payload

    branches = [one(by_invoke({"branch": number})) for number in range(3)]
    outcome = run_definition(one({"Type": "Parallel", "Branches": branches, "End": True}), {}, meet)
    assert outcome.output == [{"branch": 0}, {"branch": 1}, {"branch": 2}]


def test_a_map_runs_its_items_and_a_choice_chooses() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Task"}]}
    states = {
        "C": {**choice, "Default": "Skip"},
        "Task": by_arn(),
        "Skip": {"Type": "Pass", "Result": 0, "End": True},
    }
    selector = {"n.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"}
    processor = {"StartAt": "C", "States": states}
    definition = one({"Type": "Map", "ItemProcessor": processor, "ItemSelector": selector, "End": True})
    outcome = run_definition(definition, [1, 2, 3], lambda function, payload: payload)
    assert outcome.output == [0, {"n": 2, "index": 1}, {"n": 3, "index": 2}]


def test_a_catch_gets_error_and_cause() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
    states = {"Only": by_arn(Catch=catch, Next="Never"), "Caught": {"Type": "Pass", "End": True}}
    definition = {"StartAt": "Only", "States": {**states, "Never": {"Type": "Fail", "Error": "Never"}}}

    def fail(function: str, payload: Any) -> None:
        raise KeyError("k")

    output = run_definition(definition, {"kept": True}, fail).output
    assert (output["kept"], output["error"]["Error"]) == (True, "KeyError")


def test_the_history_comes_with_the_outcome() -> None:
    outcome = run_definition(one({"Type": "Pass", "End": True}), {}, echo)
    types = [event["type"] for event in outcome.events]
    assert types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_a_broken_definition_is_refused_with_all_its_problems() -> None:
    states = {"A": {"Type": "Pass", "Next": "Absent"}, "B": {"Type": "Succeed"}}
    with pytest.raises(InvalidDefinitionError) as caught:
        run_definition({"StartAt": "A", "States": states}, {}, echo)
    assert caught.value.problems == [
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Absent at /States/A",
        'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
        "MISSING_END_STATE: No state ends the machine at /",
    ]


def test_many_executions_at_once_keep_to_themselves() -> None:
    branches = [one(by_invoke({"branch": number, "run.$": "$.run"})) for number in range(3)]
    definition = one({"Type": "Parallel", "Branches": branches, "End": True})

    def run(number: int) -> Any:
        return run_definition(
            definition, {"run": number}, lambda function, payload: [number, payload["run"]]
        ).output

    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(run, range(40)))
    assert outputs == [[[number, number]] * 3 for number in range(40)]
