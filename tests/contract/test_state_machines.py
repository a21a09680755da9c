from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

import boto3
import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.memory import ManualClock, MemoryStateMachines
from engine.adapters.step_functions import StepFunctionsMachines
from engine.errors import DocumentError, NotFoundError, Problem
from engine.execution import ExecutionStatus
from engine.machine import MachineExecution, StateMachines
from tests.contract.state_machines_contract import INPUT, OTHER, WAITING, StateMachinesContract

ROLE_ARN = "arn:aws:iam::000000000000:role/state-machines"


class TestInMemory(StateMachinesContract):
    @pytest.fixture
    def machines(self, clock: ManualClock) -> MemoryStateMachines:
        return MemoryStateMachines(clock)

    @pytest.fixture
    def open_token(self, machines: MemoryStateMachines) -> Callable[[], str]:
        numbers = itertools.count()

        def open_one() -> str:
            token = f"token-{next(numbers)}"
            machines.open_token(token)
            return token

        return open_one


class TestInStepFunctions(StateMachinesContract):
    @pytest.fixture
    def workflow_id(self, numbers: Iterator[int]) -> str:
        return f"wf_{next(numbers)}"

    @pytest.fixture
    def machines(self, aws: AwsClients) -> StepFunctionsMachines:
        return StepFunctionsMachines(
            aws.step_functions, "mini-n8n-test", ROLE_ARN, sync_client=aws.step_functions_sync
        )

    @pytest.fixture
    def open_token(
        self, aws: AwsClients, machines: StepFunctionsMachines, workflow_id: str, numbers: Iterator[int]
    ) -> Callable[[], str]:
        """A task that puts its token into a queue, and waits."""
        sqs = boto3.client("sqs", region_name="us-east-1", endpoint_url=aws.step_functions.meta.endpoint_url)
        url = sqs.create_queue(QueueName=f"tokens-{next(numbers)}")["QueueUrl"]
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSeconds": 600,
            "End": True,
        }
        version_arn = machines.publish(workflow_id, {"StartAt": "Ask", "States": {"Ask": task}})

        def open_one() -> str:
            machines.start(version_arn, f"ex_{next(numbers)}", INPUT)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", ()):
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    return str(message["Body"])
            raise AssertionError("no task waits")

        return open_one

    def test_a_task_goes_on_with_what_was_sent(
        self, aws: AwsClients, machines: StateMachines, open_token: Callable[[], str], workflow_id: str
    ) -> None:
        assert machines.send_success(open_token(), {"approved": True})
        assert machines.send_failure(open_token(), "E" * 300, "not today")
        machine_arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:mini-n8n-test-{workflow_id}"

        def ends() -> dict[str, str | None]:
            listed = aws.step_functions.list_executions(stateMachineArn=machine_arn)["executions"]
            told = [aws.step_functions.describe_execution(executionArn=one["executionArn"]) for one in listed]
            return {one["status"]: one.get("output", one.get("error")) for one in told}

        deadline = time.monotonic() + 30
        while "RUNNING" in ends() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert ends() == {"SUCCEEDED": '{"approved": true}', "FAILED": "E" * 256}

    def test_a_machine_is_made_as_it_should_be(
        self, aws: AwsClients, machines: StateMachines, workflow_id: str
    ) -> None:
        version_arn = machines.publish(workflow_id, WAITING)
        machine_arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:mini-n8n-test-{workflow_id}"
        assert version_arn == f"{machine_arn}:1"
        made = aws.step_functions.describe_state_machine(stateMachineArn=machine_arn)
        assert (made["roleArn"], made["type"]) == (ROLE_ARN, "STANDARD")
        assert made["loggingConfiguration"]["level"] == "OFF"
        assert json.loads(made["definition"]) == WAITING
        machines.publish(workflow_id, OTHER)
        updated = aws.step_functions.describe_state_machine(stateMachineArn=machine_arn)
        assert json.loads(updated["definition"]) == OTHER
        first = aws.step_functions.describe_state_machine(stateMachineArn=version_arn)
        assert json.loads(first["definition"]) == WAITING

    def test_a_definition_that_is_refused_is_a_problem_of_the_document(
        self, machines: StateMachines, workflow_id: str
    ) -> None:
        with pytest.raises(DocumentError) as error:
            machines.publish(workflow_id, {"StartAt": "Nowhere", "States": {"Pass": {"Type": "Pass"}}})
        assert [(p.code, p.node) for p in error.value.problems] == [("definition_refused", None)]
        assert error.value.problems[0].message.startswith("Step Functions refuses the state machine")

    def test_an_express_machine_is_run_to_its_end(
        self, aws: AwsClients, machines: StateMachines, workflow_id: str
    ) -> None:
        def ended(state: dict[str, Any], **more: Any) -> MachineExecution:
            version_arn = machines.publish(
                workflow_id, {"StartAt": "A", "States": {"A": state}, **more}, mode="express"
            )
            execution_arn, found = machines.run_express(version_arn, "ex_1", INPUT)
            assert ":express:" in execution_arn
            assert (found.started_at.tzinfo, found.ended_at and found.ended_at.tzinfo) == (UTC, UTC)
            return found

        good = ended({"Type": "Succeed"})
        assert (good.status, good.error) == (ExecutionStatus.SUCCEEDED, None)
        bad = ended({"Type": "Fail", "Error": "No", "Cause": "it says so"})
        assert (bad.status, bad.error, bad.cause) == (ExecutionStatus.FAILED, "No", "it says so")
        late = ended({"Type": "Wait", "Seconds": 600, "End": True}, TimeoutSeconds=1)
        assert late.status is ExecutionStatus.TIMED_OUT
        machine_arn = (
            f"arn:aws:states:us-east-1:000000000000:stateMachine:mini-n8n-test-{workflow_id}-express"
        )
        assert aws.step_functions.describe_state_machine(stateMachineArn=machine_arn)["type"] == "EXPRESS"


class TestTheHooksOfMemory:
    def test_a_start_is_handed_to_who_runs_it(self, clock: ManualClock) -> None:
        machines = MemoryStateMachines(clock)
        seen = []
        machines.on_start = lambda started: seen.append(machines.definition(started.version_arn))
        version_arn = machines.publish("wf_1", WAITING)
        for _ in range(2):
            machines.start(version_arn, "ex_1", {"version": 1})
        assert seen == [WAITING]
        assert [started.task_input for started in machines.started] == [{"version": 1}]

    def test_a_service_that_refuses_can_be_played(self) -> None:
        problem = Problem("definition_refused", "too large")

        def refuse(definition: object) -> None:
            raise DocumentError([problem])

        with pytest.raises(DocumentError) as error:
            MemoryStateMachines(on_publish=refuse).publish("wf_1", WAITING)
        assert error.value.problems == (problem,)

    def test_who_is_waited_for_is_run_by_the_hook_or_over_its_time(self, clock: ManualClock) -> None:
        machines = MemoryStateMachines(clock)
        version_arn = machines.publish("wf_1", WAITING, mode="express")
        assert machines.run_express(version_arn, "ex_1", INPUT)[1].status is ExecutionStatus.TIMED_OUT
        machines.on_start = lambda begun: machines.end(begun.execution_arn, ExecutionStatus.SUCCEEDED)
        arn, ended = machines.run_express(version_arn, "ex_1", INPUT)
        assert ended.status is ExecutionStatus.SUCCEEDED
        with pytest.raises(NotFoundError):
            machines.describe(arn)
        with pytest.raises(NotFoundError):
            machines.stop(arn, "Cancelled", "")

    def test_an_interpreter_has_the_answers_to_its_own_tokens(self) -> None:
        machines = MemoryStateMachines(on_answer=lambda answer: answer.token == "known")
        assert machines.send_success("known", {"a": 1})
        assert not machines.send_failure("unknown", "Refused", "")
        assert (machines.answered, machines.failed) == ({"known": {"a": 1}}, {})
