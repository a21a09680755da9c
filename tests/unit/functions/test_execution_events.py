"""Who tells the end: an event for standard machines, their last Task for express ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.execution import ExecutionStatus
from engine.service.express import told_end
from engine.task import FinishTask

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
