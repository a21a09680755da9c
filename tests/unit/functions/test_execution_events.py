"""Who tells the end: an event for standard machines, their last Task for express ones. And who clears up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.execution import ExecutionStatus
from engine.service.express import told_end
from engine.task import FinishTask
from functions.execution_events.removals import clear_removed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TASK = {"execution_id": "ex_1", "workflow_id": "wf_1", "version": 1, "nodes": [], "step": "finish"}


def test_a_last_task_without_an_error_says_that_it_succeeded() -> None:
    ended = told_end(FinishTask.model_validate(TASK), NOW)
    assert (ended.status, ended.ended_at, ended.error) == (ExecutionStatus.SUCCEEDED, NOW, None)


@pytest.mark.parametrize(
    ("caught", "told"),
    [
        ({"Error": "NodeError", "Cause": "node 'a' failed"}, ("NodeError", "node 'a' failed")),
        ({"Error": "States.Timeout"}, ("States.Timeout", None)),
        ({}, (None, None)),
    ],
)
def test_what_a_catch_saw_is_told_whatever_there_is_of_it(
    caught: dict[str, str], told: tuple[str | None, str | None]
) -> None:
    ended = told_end(FinishTask.model_validate({**TASK, "error": caught}), NOW)
    assert (ended.status, (ended.error, ended.cause)) == (ExecutionStatus.FAILED, told)


class FirstFails:
    """Cannot clear up after ex_1."""

    def __init__(self) -> None:
        self.cleared: list[str] = []

    def clear(self, execution_id: str) -> None:
        if execution_id == "ex_1":
            raise RuntimeError("the bucket is away")
        self.cleared.append(execution_id)


def removal(execution_id: str, number: int, sk: str = "META", event: str = "REMOVE") -> dict[str, Any]:
    keys = {"execution_id": {"S": execution_id}, "sk": {"S": sk}}
    return {"eventName": event, "dynamodb": {"Keys": keys, "SequenceNumber": str(number)}}


def test_one_that_cannot_be_cleared_comes_again_and_stops_no_other() -> None:
    remover: Any = FirstFails()
    records = [
        removal("ex_1", 1),
        removal("ex_2", 2),
        removal("ex_3", 3, sk="REMOVED"),
        removal("ex_4", 4, sk="NODE#a"),
        removal("ex_5", 5, event="MODIFY"),
    ]
    assert clear_removed(records, remover) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert remover.cleared == ["ex_2", "ex_3"]
