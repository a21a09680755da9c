"""What every StateMachines promises. Subclass it and give fixtures ``machines`` and ``open_token``.

``open_token()`` lets a task wait and returns its token. Machines of the definition WAITING must run until
they are stopped; in memory nothing else happens anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from engine.errors import ConflictError, NotFoundError
from engine.execution import ExecutionStatus
from engine.machine import StateMachines

WAITING: dict[str, Any] = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}},
}
OTHER: dict[str, Any] = {"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 500, "End": True}}}
INPUT = {"execution_id": "ex_1", "workflow_id": "wf_1", "version": 1}


class StateMachinesContract:
    @pytest.fixture
    def workflow_id(self) -> str:
        return "wf_1"

    def test_a_published_definition_runs_until_it_is_stopped(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        version_arn = machines.publish(workflow_id, WAITING)
        arn = machines.start(version_arn, "ex_1", INPUT)
        running = machines.describe(arn)
        assert (running.status, running.ended_at) == (ExecutionStatus.RUNNING, None)
        assert running.started_at.tzinfo is UTC
        machines.stop(arn, "Cancelled", "nobody wants it any more")
        stopped = machines.describe(arn)
        assert (stopped.status, stopped.error, stopped.cause, stopped.started_at) == (
            ExecutionStatus.ABORTED,
            "Cancelled",
            "nobody wants it any more",
            running.started_at,
        )
        assert stopped.ended_at is not None
        assert stopped.ended_at >= running.started_at
        machines.stop(arn, "Again", "it is over")
        assert machines.describe(arn) == stopped

    def test_the_name_of_an_execution_is_known_beforehand(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        version_arn = machines.publish(workflow_id, WAITING)
        foreseen = machines.execution_arn(version_arn, "ex_2")
        assert machines.start(version_arn, "ex_2", INPUT) == foreseen

    def test_starting_the_same_again_gives_the_same(self, machines: StateMachines, workflow_id: str) -> None:
        version_arn = machines.publish(workflow_id, WAITING)
        arn = machines.start(version_arn, "ex_3", INPUT)
        assert machines.start(version_arn, "ex_3", dict(reversed(INPUT.items()))) == arn
        with pytest.raises(ConflictError):
            machines.start(version_arn, "ex_3", {**INPUT, "version": 2})
        machines.stop(arn, "Cancelled", "")
        assert machines.start(version_arn, "ex_3", INPUT) == arn
        assert machines.describe(arn).status is ExecutionStatus.ABORTED

    def test_the_same_definition_can_be_published_again(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        first, again = machines.publish(workflow_id, WAITING), machines.publish(workflow_id, WAITING)
        for number, version_arn in enumerate((first, again)):
            assert machines.start(version_arn, f"ex_4{number}", INPUT)

    def test_versions_are_apart(self, machines: StateMachines, workflow_id: str) -> None:
        first, second = machines.publish(workflow_id, WAITING), machines.publish(workflow_id, OTHER)
        assert first != second
        machines.discard(second)
        machines.discard(second)
        with pytest.raises(NotFoundError):
            machines.start(second, "ex_5", INPUT)
        assert machines.start(first, "ex_5", INPUT)

    def test_a_deleted_machine_starts_nothing(self, machines: StateMachines, workflow_id: str) -> None:
        version_arn = machines.publish(workflow_id, WAITING)
        machines.delete(workflow_id)
        machines.delete(workflow_id)
        with pytest.raises(NotFoundError):
            machines.start(version_arn, "ex_6", INPUT)

    def test_what_was_never_started_is_not_found(self, machines: StateMachines, workflow_id: str) -> None:
        arn = machines.execution_arn(machines.publish(workflow_id, WAITING), "ex_7")
        with pytest.raises(NotFoundError):
            machines.describe(arn)
        with pytest.raises(NotFoundError):
            machines.stop(arn, "Cancelled", "")

    def test_a_workflow_has_a_machine_for_each_type_and_loses_both(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        standard = machines.publish(workflow_id, WAITING)
        express = machines.publish(workflow_id, WAITING, mode="express")
        assert standard != express
        assert machines.start(standard, "ex_8", INPUT) == machines.execution_arn(standard, "ex_8")
        assert machines.start(express, "ex_8", INPUT) != machines.execution_arn(standard, "ex_8")
        machines.delete(workflow_id)
        for version_arn in (standard, express):
            with pytest.raises(NotFoundError):
                machines.start(version_arn, "ex_9", INPUT)

    def test_an_express_execution_runs_as_often_as_it_is_started_and_nobody_can_ask(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        version_arn = machines.publish(workflow_id, WAITING, mode="express")
        first, again = (machines.start(version_arn, "ex_10", INPUT) for _ in range(2))
        assert first != again
        assert machines.start(version_arn, "ex_10", {**INPUT, "version": 2})

    def test_an_express_version_that_is_gone_is_not_run(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        version_arn = machines.publish(workflow_id, WAITING, mode="express")
        machines.delete(workflow_id)
        with pytest.raises(NotFoundError):
            machines.run_express(version_arn, "ex_11", INPUT)

    def test_a_token_is_answered_once(self, machines: StateMachines, open_token: Callable[[], str]) -> None:
        first, second = open_token(), open_token()
        assert machines.send_success(first, {"approved": True})
        assert not machines.send_success(first, {"approved": True})
        assert not machines.send_failure(first, "Refused", "too late")
        assert machines.send_failure(second, "Refused", "not today")
        assert not machines.send_success(second, {})

    def test_a_token_that_no_task_has_is_no_error(self, machines: StateMachines) -> None:
        assert not machines.send_success("AAAAKgAAAAIAAAAA", {})
        assert not machines.send_failure("AAAAKgAAAAIAAAAA", "Refused", "")
