"""What the local AWS cannot be made to answer: limits, races and deletions of Step Functions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from engine.adapters.aws_clients import AwsClients
from engine.adapters.step_functions import PRUNED_VERSIONS, PUBLISH_ATTEMPTS, StepFunctionsMachines
from engine.errors import NotFoundError, UnavailableError
from engine.execution import ExecutionStatus
from tests.unit.adapters.scripted_service import ScriptedService

ROLE_ARN = "arn:aws-cn:iam::123456789012:role/path/state-machines"
MACHINE_ARN = "arn:aws-cn:states:us-east-1:123456789012:stateMachine:mini-n8n-wf_1"
DEFINITION = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
PUBLISHED = (200, {"stateMachineVersionArn": f"{MACHINE_ARN}:7", "updateDate": 1})


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def machines(service: ScriptedService, slept: list[float]) -> StepFunctionsMachines:
    client = service.client("stepfunctions")
    return StepFunctionsMachines(client, "mini-n8n", ROLE_ARN, tracing=True, sleep=slept.append)


def test_a_machine_is_updated_and_published_in_one_request(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [PUBLISHED]
    assert machines.publish("wf_1", DEFINITION) == f"{MACHINE_ARN}:7"
    request = {
        "stateMachineArn": MACHINE_ARN,
        "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}',
        "roleArn": ROLE_ARN,
        "tracingConfiguration": {"enabled": True},
        "publish": True,
    }
    assert service.requests == [("UpdateStateMachine", request)]


def test_where_nothing_changed_the_version_that_there_is_is_asked_for(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [(200, {"updateDate": 1}), PUBLISHED]
    assert machines.publish("wf_1", DEFINITION) == f"{MACHINE_ARN}:7"
    assert service.requests[1] == ("PublishStateMachineVersion", {"stateMachineArn": MACHINE_ARN})


@pytest.mark.parametrize("code", ["StateMachineDeleting", "ConflictException"])
def test_a_machine_that_is_busy_is_waited_for(
    service: ScriptedService, machines: StepFunctionsMachines, slept: list[float], code: str
) -> None:
    service.answers = [service.refuse(code), service.refuse(code), PUBLISHED]
    assert machines.publish("wf_1", DEFINITION) == f"{MACHINE_ARN}:7"
    assert slept == [0.1, 0.2]


def test_a_machine_that_stays_busy_is_unavailable(
    service: ScriptedService, machines: StepFunctionsMachines, slept: list[float]
) -> None:
    service.answers = [service.refuse("StateMachineDeleting")]
    with pytest.raises(UnavailableError, match="wf_1"):
        machines.publish("wf_1", DEFINITION)
    assert service.operations() == ["UpdateStateMachine"] * PUBLISH_ATTEMPTS
    assert sum(slept) == pytest.approx(3.1)


def test_the_oldest_versions_make_room_for_a_new_one_but_those_to_keep(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    def listed(numbers: range) -> dict[str, object]:
        versions = [
            {"stateMachineVersionArn": f"{MACHINE_ARN}:{n}", "creationDate": n} for n in reversed(numbers)
        ]
        return {"stateMachineVersions": versions}

    service.answers = [
        service.refuse("ServiceQuotaExceededException"),
        (200, listed(range(101, 1001)) | {"nextToken": "more"}),
        (200, listed(range(1, 101))),
        *[(200, {})] * PRUNED_VERSIONS,
        PUBLISHED,
    ]
    assert machines.publish("wf_1", DEFINITION, {f"{MACHINE_ARN}:2"}) == f"{MACHINE_ARN}:7"
    gone = [body["stateMachineVersionArn"] for name, body in service.requests if name.startswith("Delete")]
    assert gone == [f"{MACHINE_ARN}:{n}" for n in range(1, PRUNED_VERSIONS + 2) if n != 2]


def test_what_is_forbidden_comes_out_as_it_is(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [service.refuse("AccessDeniedException")]
    acts = [
        lambda: machines.publish("wf_1", DEFINITION),
        lambda: machines.start(f"{MACHINE_ARN}:7", "ex_1", {}),
        lambda: machines.stop("arn", "Cancelled", ""),
        lambda: machines.describe("arn"),
        lambda: machines.discard(f"{MACHINE_ARN}:7"),
        lambda: machines.delete("wf_1"),
        lambda: machines.send_success("token", {}),
        lambda: machines.send_failure("token", "Refused", ""),
    ]
    for act in acts:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            act()


def test_a_machine_that_is_being_deleted_starts_nothing(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [service.refuse("StateMachineDeleting")]
    with pytest.raises(NotFoundError):
        machines.start(f"{MACHINE_ARN}:7", "ex_1", {})


def test_what_does_not_fit_into_a_stop_is_cut(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [(200, {"stopDate": 1})]
    machines.stop("arn", "E" * 300, "c" * 40_000)
    assert service.requests[0][1] == {"executionArn": "arn", "error": "E" * 256, "cause": "c" * 32_768}


def test_the_express_machine_has_a_name_and_a_type_of_its_own(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    express_arn = f"{MACHINE_ARN}-express"
    made = (
        200,
        {"stateMachineArn": express_arn, "stateMachineVersionArn": f"{express_arn}:1", "creationDate": 1},
    )
    service.answers = [service.refuse("StateMachineDoesNotExist"), made]
    assert machines.publish("wf_1", DEFINITION, mode="express") == f"{express_arn}:1"
    (_, update), (_, create) = service.requests
    assert update["stateMachineArn"] == express_arn
    assert (create["name"], create["type"]) == ("mini-n8n-wf_1-express", "EXPRESS")


def test_both_machines_are_deleted_also_where_there_is_only_one(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    service.answers = [service.refuse("StateMachineDoesNotExist"), (200, {})]
    machines.delete("wf_1")
    assert [body["stateMachineArn"] for _, body in service.requests] == [
        MACHINE_ARN,
        f"{MACHINE_ARN}-express",
    ]


def test_room_is_made_on_the_machine_that_is_full(
    service: ScriptedService, machines: StepFunctionsMachines
) -> None:
    express_arn = f"{MACHINE_ARN}-express"
    versions = [{"stateMachineVersionArn": f"{express_arn}:{n}", "creationDate": n} for n in (1, 2)]
    service.answers = [
        service.refuse("ServiceQuotaExceededException"),
        (200, {"stateMachineVersions": versions}),
        (200, {}),
        (200, {"stateMachineVersionArn": f"{express_arn}:3", "updateDate": 1}),
    ]
    keep = {f"{express_arn}:2", f"{MACHINE_ARN}:1"}
    assert machines.publish("wf_1", DEFINITION, keep, "express") == f"{express_arn}:3"
    assert service.requests[1][1]["stateMachineArn"] == express_arn
    assert service.requests[2][1] == {"stateMachineVersionArn": f"{express_arn}:1"}


def test_a_run_is_waited_for_at_the_endpoint_that_is_named_and_asked_for_once(
    service: ScriptedService, aws_keys: None
) -> None:
    """AWS has another address for it; a second request would be a second run."""
    clients = AwsClients("us-east-1", service.url)
    machines = StepFunctionsMachines(
        clients.step_functions, "mini-n8n", ROLE_ARN, sync_client=clients.step_functions_sync
    )
    version_arn = f"{MACHINE_ARN}-express:1"
    ended = {"executionArn": "arn", "status": "SUCCEEDED", "startDate": 1, "stopDate": 2}
    service.answers = [(200, ended)]
    arn, found = machines.run_express(version_arn, "ex_1", {"version": 1})
    assert (arn, found.status, found.ended_at) == (
        "arn",
        ExecutionStatus.SUCCEEDED,
        datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
    )
    request = {"stateMachineArn": version_arn, "name": "ex_1", "input": '{"version":1}'}
    assert service.requests == [("StartSyncExecution", request)]
    service.answers = [service.refuse("InternalFailure", 500)]
    with pytest.raises(UnavailableError):
        machines.run_express(version_arn, "ex_1", {})
    assert len(service.requests) == 2
    service.answers = [service.refuse("StateMachineDeleting"), service.refuse("AccessDeniedException")]
    with pytest.raises(NotFoundError):
        machines.run_express(version_arn, "ex_1", {})
    with pytest.raises(ClientError, match="AccessDeniedException"):
        machines.run_express(version_arn, "ex_1", {})


def test_on_aws_a_run_is_waited_for_at_an_address_of_its_own(aws_keys: None) -> None:
    config = AwsClients("us-east-1").step_functions_sync.meta.config
    assert config.inject_host_prefix


@pytest.fixture
def aws_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_nobody_waits_with_changes_nothing(
    service: ScriptedService, machines: StepFunctionsMachines, code: str
) -> None:
    service.answers = [service.refuse(code)]
    assert not machines.send_success("token", {"a": 1})
    assert not machines.send_failure("token", "Refused", "")
    service.answers = [(200, {})]
    assert machines.send_success("token", {"a": 1})
    assert service.requests[-1] == ("SendTaskSuccess", {"taskToken": "token", "output": '{"a":1}'})
    assert machines.send_failure("token", "E" * 300, "c" * 40_000)
    told = {"taskToken": "token", "error": "E" * 256, "cause": "c" * 32_768}
    assert service.requests[-1] == ("SendTaskFailure", told)
