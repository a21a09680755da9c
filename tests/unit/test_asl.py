from __future__ import annotations

import copy
from typing import Any

import pytest

from engine import asl

TASK: dict[str, Any] = {"Type": "Task", "Resource": "r", "TimeoutSeconds": 5, "End": True}


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def going_to(name: str, **state: Any) -> dict[str, Any]:
    rest = {key: value for key, value in (state or TASK).items() if key != "End"}
    return {**rest, "Next": name}


def test_a_task_spells_paths_and_drops_its_result() -> None:
    task = asl.Task(
        resource="r",
        parameters={"FunctionName": "f", "Payload": {"id": asl.Path("$.id"), "nodes": ["a"]}},
        timeout_seconds=9,
        next="b",
        catch=(asl.Catcher((asl.ALL_ERRORS,), "c", "$.error"),),
    )
    assert task.to_json() == {
        "Type": "Task",
        "Resource": "r",
        "Parameters": {"FunctionName": "f", "Payload": {"id.$": "$.id", "nodes": ["a"]}},
        "ResultPath": None,
        "TimeoutSeconds": 9,
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "c"}],
        "Next": "b",
    }


def test_a_task_keeps_what_it_is_told_to_keep() -> None:
    task = asl.Task("r", {}, 9, None, result_selector={"x": asl.Path("$.Payload.x")}, result_path="$.y")
    assert task.to_json() == {
        "Type": "Task",
        "Resource": "r",
        "Parameters": {},
        "ResultSelector": {"x.$": "$.Payload.x"},
        "ResultPath": "$.y",
        "TimeoutSeconds": 9,
        "End": True,
    }


def test_a_retrier_leaves_out_what_the_language_assumes() -> None:
    assert asl.Retrier(("E",)).to_json() == {"ErrorEquals": ["E"]}
    assert asl.Retrier(("E",), 2, 4, 1.5, 60, full_jitter=True).to_json() == {
        "ErrorEquals": ["E"],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }


def test_each_kind_of_state_spells_its_own_keys() -> None:
    inner = asl.Machine("p", {"p": asl.Pass(None)})
    spelled_inner = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
    assert asl.Parallel((inner,), "n").to_json() == {
        "Type": "Parallel",
        "Branches": [spelled_inner],
        "ResultPath": None,
        "Next": "n",
    }
    assert asl.Map("$.items", {"item": asl.Path("$$.Map.Item.Value")}, 3, inner, None).to_json() == {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": {"item.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 3,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **spelled_inner},
        "ResultPath": None,
        "End": True,
    }
    assert asl.Choice((asl.Rule("$.a", True, "x"), asl.Rule("$.b", "s", "y")), "z").to_json() == {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.a", "BooleanEquals": True, "Next": "x"},
            {"Variable": "$.b", "StringEquals": "s", "Next": "y"},
        ],
        "Default": "z",
    }
    assert asl.Wait("$.s", "n").to_json() == {"Type": "Wait", "SecondsPath": "$.s", "Next": "n"}
    assert asl.Fail("E", "why").to_json() == {"Type": "Fail", "Error": "E", "Cause": "why"}
    assert asl.Succeed().to_json() == {"Type": "Succeed"}


def test_a_machine_spells_its_timeout_and_comment_where_it_has_them() -> None:
    states = {"p": asl.Pass(None)}
    assert asl.Machine("p", states, timeout_seconds=60, comment="c").to_json() == {
        "Comment": "c",
        "StartAt": "p",
        "TimeoutSeconds": 60,
        "States": {"p": {"Type": "Pass", "End": True}},
    }


def test_a_sound_definition_has_no_problems() -> None:
    assert asl.check_definition(machine(a=going_to("b"), b=TASK)) == []


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"StartAt": "x", "States": {"a": TASK}}, "StartAt names 'x', which is not there"),
        (machine(a=going_to("x")), "'a': it goes to 'x', which is not in the same machine"),
        (machine(a=TASK, b=TASK), "'b' cannot be reached"),
        (machine(a=going_to("b"), b=going_to("a")), "the machine that starts at 'a' never ends"),
        (machine(a={**TASK, "Next": "a"}), "'a': it needs either Next or End: true"),
        (machine(a={"Type": "Task", "TimeoutSeconds": 5}), "'a': it needs either Next or End: true"),
        (machine(a={"Type": "Succeed", "End": True}), "'a': a Succeed has neither Next nor End"),
        (
            machine(a={**TASK, "TimeoutSeconds": 0}),
            "'a': a Task needs TimeoutSeconds between 1 and 99,999,999",
        ),
        (machine(**{"n" * 81: TASK}), f"the name '{'n' * 81}' has 81 characters; the limit is 80"),
        (machine(**{"a\n": TASK}), "the name 'a\\n' has odd characters"),
        (
            machine(a={**TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]}),
            "'a': Retry[0]: States.ALL must stand alone and last",
        ),
        (
            machine(a={**TASK, "Catch": [{"ErrorEquals": ["E", "States.ALL"], "Next": "a"}]}),
            "'a': Catch[0]: States.ALL must stand alone and last",
        ),
        (machine(a={**TASK, "Retry": [{"ErrorEquals": []}]}), "'a': Retry[0] names no error"),
        (
            machine(
                a={**TASK, "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]}
            ),
            "'a': Retry[0]: MaxDelaySeconds is above IntervalSeconds, 31,622,399 at most",
        ),
        (machine(a={**TASK, "Parameters": {"Payload": {"x.$": "x"}}}), "'a': 'x.$' must be a path"),
    ],
)
def test_each_fault_of_a_definition_is_told(definition: dict[str, Any], problem: str) -> None:
    assert problem in asl.check_definition(definition)


def test_a_choice_needs_a_default() -> None:
    rule = {"Variable": "$.x", "BooleanEquals": True, "Next": "b"}
    definition = machine(a={"Type": "Choice", "Choices": [rule]}, b=TASK)
    assert asl.check_definition(definition) == [
        "'a': a Choice needs a Default, or an execution may fail where no rule holds"
    ]


def test_names_are_unique_in_branches_too() -> None:
    inner = machine(a=TASK)
    parallel = {"Type": "Parallel", "Branches": [inner, copy.deepcopy(inner)], "End": True}
    assert asl.check_definition(machine(p=parallel)) == ["the name 'a' is given 2 times"]


def test_a_definition_over_the_limit_is_told_with_its_size() -> None:
    definition = {"Comment": "x" * asl.MAX_DEFINITION_BYTES, **machine(a=TASK)}
    size = asl.definition_bytes(definition)
    assert asl.check_definition(definition) == [
        f"the definition has {size:,} bytes; the limit is {asl.MAX_DEFINITION_BYTES:,}"
    ]


def test_quotes_count_twice_since_a_definition_travels_as_text() -> None:
    assert asl.definition_bytes({"a": "b"}) == len('"{\\"a\\":\\"b\\"}"')
