"""State machines in AWS Step Functions: one per workflow and type, one published version per definition."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.errors import ConflictError, DocumentError, NotFoundError, Problem, UnavailableError
from engine.execution import ExecutionStatus
from engine.json_value import JsonObject, canonical_json, dump_json
from engine.machine import MachineExecution
from engine.workflow import MachineType

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.literals import StateMachineTypeType
    from mypy_boto3_stepfunctions.type_defs import TracingConfigurationTypeDef

# A machine keeps 1,000 versions
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html); when it is full, the oldest
# go, many at a time so that saving stays quick.
PRUNED_VERSIONS = 50
# A machine of that name that is being deleted, or two who save at once, are waited for: 3.1 s in all.
PUBLISH_ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.1
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
# (and API_StopExecution)
MAX_ERROR_CHARACTERS, MAX_CAUSE_CHARACTERS = 256, 32_768
# No task waits with the token: it has an answer, timed out, was stopped, or never was.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
UNAWAITED_CODES = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})
GONE_CODES = frozenset({"StateMachineDoesNotExist", "StateMachineDeleting", "ResourceNotFound"})
STATUSES = {
    "RUNNING": ExecutionStatus.RUNNING,
    "PENDING_REDRIVE": ExecutionStatus.RUNNING,
    "SUCCEEDED": ExecutionStatus.SUCCEEDED,
    "FAILED": ExecutionStatus.FAILED,
    "TIMED_OUT": ExecutionStatus.TIMED_OUT,
    "ABORTED": ExecutionStatus.ABORTED,
}
# The type of a machine is fixed when it is made, so a workflow has one of each that it has used.
TYPES: dict[MachineType, StateMachineTypeType] = {"standard": "STANDARD", "express": "EXPRESS"}
ENDINGS: dict[MachineType, str] = {"standard": "", "express": "-express"}


class ErrorAndCause(TypedDict):
    """As Step Functions takes them."""

    error: str
    cause: str


class StepFunctionsTokens:
    """Keeps TaskTokens' promises: who only answers tokens needs no machine, role or prefix."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def send_success(self, token: str, output: JsonObject) -> bool:
        """Let the task that waits with this token succeed; whether it waited."""
        text = dump_json(output)
        return _send(lambda: self._client.send_task_success(taskToken=token, output=text))

    def send_failure(self, token: str, error: str, cause: str) -> bool:
        """Let the task that waits with this token fail; whether it waited."""
        told = _cut(error, cause)
        return _send(lambda: self._client.send_task_failure(taskToken=token, **told))


class StepFunctionsMachines(StepFunctionsTokens):
    """Keeps StateMachines' promises.

    Machines are named ``{prefix}-{workflow_id}`` or ``{prefix}-{workflow_id}-express`` (80 characters at
    most) and run with ``role_arn``, whose account they live in. Nothing is logged to CloudWatch, of express
    executions neither: executions and node runs are in our own tables. ``tracing`` sends traces to X-Ray.
    ``sync_client`` waits for executions, and asks once: a second request would run it again.
    """

    def __init__(
        self,
        client: SFNClient,
        prefix: str,
        role_arn: str,
        *,
        sync_client: SFNClient | None = None,
        tracing: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(client)
        self._sync_client = sync_client or client
        self._prefix = prefix
        self._role_arn = role_arn
        self._tracing = tracing
        self._sleep = sleep

    def publish(
        self,
        workflow_id: str,
        definition: JsonObject,
        keep: Collection[str] = (),
        mode: MachineType = "standard",
    ) -> str:
        """Create or update the machine of a workflow; the ARN of the version that has this definition.

        Where there is no room for one more, old versions are deleted, but none whose ARN is in ``keep``.
        DocumentError if the service refuses the definition.
        """
        text = dump_json(definition)
        for attempt in range(PUBLISH_ATTEMPTS):
            try:
                with translated(f"cannot publish the state machine of '{workflow_id}'"):
                    return self._publish(workflow_id, mode, text)
            except ClientError as error:
                code = error_code(error)
                if code == "InvalidDefinition":
                    raise DocumentError([_refused(error)]) from error
                if code == "ServiceQuotaExceededException":
                    self._prune(self.machine_arn(workflow_id, mode), keep)
                elif code not in ("StateMachineDeleting", "ConflictException", "StateMachineAlreadyExists"):
                    raise
            self._sleep(FIRST_WAIT_SECONDS * 2**attempt)
        raise UnavailableError(f"cannot publish the state machine of '{workflow_id}': it is busy; try again")

    def discard(self, version_arn: str) -> None:
        """Delete a version that nothing will run; no error if it is gone."""
        try:
            with translated(f"cannot delete '{version_arn}'"):
                self._client.delete_state_machine_version(stateMachineVersionArn=version_arn)
        except ClientError as error:
            if error_code(error) not in GONE_CODES:
                raise

    def start(self, version_arn: str, execution_id: str, task_input: JsonObject) -> str:
        """Start an execution of that name; its ARN. Starting the same again gives the same ARN.

        NotFoundError when the version is gone; ConflictError when the name was started with another input.
        """
        text = canonical_json(task_input)
        try:
            with translated(f"cannot start execution '{execution_id}'"):
                answer = self._client.start_execution(
                    stateMachineArn=version_arn, name=execution_id, input=text
                )
        except ClientError as error:
            if error_code(error) in GONE_CODES:
                raise NotFoundError("state machine version", version_arn) from error
            # Step Functions forgives a repeated start while the execution runs, but not after its end.
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return self._started_before(version_arn, execution_id, text)
        return answer["executionArn"]

    def run_express(
        self, version_arn: str, execution_id: str, task_input: JsonObject
    ) -> tuple[str, MachineExecution]:
        """Run an express version to its end: the execution's ARN, and how it ended.

        NotFoundError when the version is gone.
        """
        try:
            with translated(f"cannot run execution '{execution_id}'"):
                answer = self._sync_client.start_sync_execution(
                    stateMachineArn=version_arn, name=execution_id, input=canonical_json(task_input)
                )
        except ClientError as error:
            if error_code(error) in GONE_CODES:
                raise NotFoundError("state machine version", version_arn) from error
            raise
        return answer["executionArn"], _machine_execution(answer)

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        """Abort; no error if the execution has ended. NotFoundError if there never was one."""
        try:
            with translated(f"cannot stop '{execution_arn}'"):
                self._client.stop_execution(executionArn=execution_arn, **_cut(error, cause))
        except ClientError as failed:
            if error_code(failed) != "ExecutionDoesNotExist":
                raise
            # The service may mean that the execution is over: then describe() knows it.
            self.describe(execution_arn)

    def describe(self, execution_arn: str) -> MachineExecution:
        """How it stands; NotFoundError if the service does not know it."""
        return _machine_execution(self._describe(execution_arn))

    def execution_arn(self, version_arn: str, execution_id: str) -> str:
        """The ARN that an execution of that name has: it names the machine, not the version."""
        machine, _, _ = version_arn.rpartition(":")
        return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{execution_id}"

    def delete(self, workflow_id: str) -> None:
        """Delete the machines of a workflow with their versions; no error if there is none.

        Step Functions ends executions that still run at their next state.
        """
        for mode in TYPES:
            try:
                with translated(f"cannot delete the state machine of '{workflow_id}'"):
                    self._client.delete_state_machine(stateMachineArn=self.machine_arn(workflow_id, mode))
            except ClientError as error:
                if error_code(error) not in GONE_CODES:
                    raise

    def machine_arn(self, workflow_id: str, mode: MachineType = "standard") -> str:
        """The ARN of the machine of this type that a workflow has, without asking the service."""
        # arn:{partition}:iam::{account}:role/...
        _, partition, _, _, account, _ = self._role_arn.split(":", 5)
        place = f"arn:{partition}:states:{self._client.meta.region_name}:{account}"
        return f"{place}:stateMachine:{self._prefix}-{workflow_id}{ENDINGS[mode]}"

    def _publish(self, workflow_id: str, mode: MachineType, definition: str) -> str:
        machine_arn = self.machine_arn(workflow_id, mode)
        tracing: TracingConfigurationTypeDef = {"enabled": self._tracing}
        answer: Any
        try:
            answer = self._client.update_state_machine(
                stateMachineArn=machine_arn,
                definition=definition,
                roleArn=self._role_arn,
                tracingConfiguration=tracing,
                publish=True,
            )
        except ClientError as error:
            if error_code(error) != "StateMachineDoesNotExist":
                raise
            answer = self._client.create_state_machine(
                name=machine_arn.rpartition(":")[2],
                definition=definition,
                roleArn=self._role_arn,
                type=TYPES[mode],
                loggingConfiguration={"level": "OFF", "includeExecutionData": False},
                tracingConfiguration=tracing,
                publish=True,
            )
        if "stateMachineVersionArn" not in answer:
            # Nothing changed, so there is a version already; asking for it again names it.
            answer = self._client.publish_state_machine_version(stateMachineArn=machine_arn)
        version_arn: str = answer["stateMachineVersionArn"]
        return version_arn

    def _prune(self, machine_arn: str, keep: Collection[str]) -> None:
        """Delete the oldest versions but those to keep; executions that run them go on."""
        arns: list[str] = []
        request: dict[str, Any] = {"stateMachineArn": machine_arn, "maxResults": 1000}
        while True:
            with translated(f"cannot list the versions of '{machine_arn}'"):
                answer = self._client.list_state_machine_versions(**request)
            arns += [version["stateMachineVersionArn"] for version in answer["stateMachineVersions"]]
            if "nextToken" not in answer:
                break
            request["nextToken"] = answer["nextToken"]
        oldest = sorted(set(arns).difference(keep), key=lambda arn: int(arn.rpartition(":")[2]))[
            :PRUNED_VERSIONS
        ]
        for arn in oldest:
            self.discard(arn)

    def _started_before(self, version_arn: str, execution_id: str, task_input: str) -> str:
        execution_arn = self.execution_arn(version_arn, execution_id)
        standing = self._describe(execution_arn)
        if canonical_json(json.loads(standing.get("input", "null"))) != task_input:
            raise ConflictError(f"Execution '{execution_id}' was started with another input.")
        return execution_arn

    def _describe(self, execution_arn: str) -> Any:
        try:
            with translated(f"cannot ask after '{execution_arn}'"):
                return self._client.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                raise NotFoundError("execution", execution_arn) from error
            raise


def _machine_execution(answer: Any) -> MachineExecution:
    stopped: datetime | None = answer.get("stopDate")
    return MachineExecution(
        status=STATUSES[answer["status"]],
        started_at=answer["startDate"].astimezone(UTC),
        ended_at=stopped.astimezone(UTC) if stopped else None,
        error=answer.get("error"),
        cause=answer.get("cause"),
    )


def _cut(error: str, cause: str) -> ErrorAndCause:
    return {"error": error[:MAX_ERROR_CHARACTERS], "cause": cause[:MAX_CAUSE_CHARACTERS]}


def _send(answer: Callable[[], object]) -> bool:
    try:
        with translated("cannot answer a task token"):
            answer()
    except ClientError as error:
        if error_code(error) not in UNAWAITED_CODES:
            raise
        return False
    return True


def _refused(error: ClientError) -> Problem:
    told = error.response.get("Error", {}).get("Message", "")
    return Problem(
        code="definition_refused",
        message=f"Step Functions refuses the state machine that this workflow compiles to: {told}",
    )
