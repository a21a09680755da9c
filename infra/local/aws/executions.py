"""Step Functions' executions: MiniStack keeps the records, moto's interpreter runs them."""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.asl.interpreter import AslExecution, AslOutcome, ExecutionRequest
from infra.local.asl.run_settings import RunSettings
from infra.local.aws import express
from infra.local.aws.function_calls import function_calls
from infra.local.aws.task_queue import TaskQueue

MAX_INPUT_BYTES = 256 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], Response]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Started:
    """What was asked for: the definition as it is now, and the version it came from, if it was named."""

    definition: str
    version_arn: str | None


_started: contextvars.ContextVar[_Started | None] = contextvars.ContextVar("started_execution", default=None)


class Executions:
    """The handlers that take the place of MiniStack's; ``original`` is the one that was replaced."""

    def __init__(self, time_scale: float, tasks: TaskQueue) -> None:
        self._time_scale, self._tasks = time_scale, tasks
        self._running: dict[str, AslExecution] = {}
        self._express = express.ExpressExecutions(time_scale, self._tasks)

    def start(self, original: Handler, data: dict[str, Any]) -> Response:
        """StartExecution: the same name and input again answers with the running execution."""
        refusal = _bad_input(data)
        if refusal is not None:
            return refusal
        if express.is_express(data):
            return self._express.start(data)
        return _running_twin(data) or self._begin(original, data)

    def start_sync(self, original: Handler, data: dict[str, Any]) -> Response:
        """StartSyncExecution, by machine, version or alias; MiniStack says what it does not know."""
        refusal = _bad_input(data)
        if refusal is not None:
            return refusal
        if express.is_express(data):
            return self._express.run(data)
        return express.refuse_standard(data) or original(data)

    def _begin(self, original: Handler, data: dict[str, Any]) -> Response:
        token = _started.set(_snapshot(data.get("stateMachineArn", "")))
        try:
            return original(data)
        finally:
            _started.reset(token)

    def run(self, execution_arn: str) -> None:
        """Run an execution that was recorded, to its end."""
        from ministack.services import stepfunctions

        self._tasks.begin()
        record = stepfunctions._executions.get(execution_arn)
        started = _started.get()
        if not record or record["status"] != "RUNNING":
            return
        machine = stepfunctions._state_machines.get(record["stateMachineArn"])
        if machine is None or started is None:
            stepfunctions._fail_execution(record, "States.Runtime", "The state machine was deleted")
            return
        record.update(definition=started.definition, stateMachineVersionArn=started.version_arn)
        settings = RunSettings(self._time_scale, function_calls(execution_arn, self._tasks))
        execution = AslExecution(_request(record, machine, started), settings)
        self._running[execution_arn] = execution
        try:
            outcome = execution.run()
        except Exception as error:  # the record must end, whatever broke
            _logger.exception("the interpreter broke down on %s", execution_arn)
            outcome = AslOutcome("FAILED", None, "States.Runtime", str(error), execution.events())
        finally:
            self._running.pop(execution_arn, None)
        _finish(record, outcome)

    def stop(self, original: Handler, data: dict[str, Any]) -> Response:
        """StopExecution: the record ends at once, the interpreter as soon as it can."""
        if express.is_express_execution(data):
            return express.refuse_execution(data)
        execution = self._running.get(data.get("executionArn", ""))
        response = original(data)
        if response[0] == 200 and execution is not None:
            execution.stop(data.get("error"), data.get("cause"))
        return response

    def history(self, original: Handler, data: dict[str, Any]) -> Response:
        """GetExecutionHistory, also of an execution that is running."""
        from ministack.services import stepfunctions

        if express.is_express_execution(data):
            return express.refuse_execution(data)

        arn = data.get("executionArn", "")
        record, execution = stepfunctions._executions.get(arn), self._running.get(arn)
        if record is not None and execution is not None and record["status"] == "RUNNING":
            record["events"] = execution.events() or record["events"]
        return original(data)

    def describe(self, original: Handler, data: dict[str, Any]) -> Response:
        """DescribeExecution; express ones are not known."""
        if express.is_express_execution(data):
            return express.refuse_execution(data)
        return original(data)

    def send_task_success(self, data: dict[str, Any]) -> Response:
        """SendTaskSuccess."""
        token, output = data.get("taskToken", ""), data.get("output", "")
        return _bad_output(output) or self._notify(
            lambda execution: execution.send_task_success(token, output)
        )

    def send_task_failure(self, data: dict[str, Any]) -> Response:
        """SendTaskFailure."""
        token, error, cause = data.get("taskToken", ""), data.get("error"), data.get("cause")
        return self._notify(lambda execution: execution.send_task_failure(token, error, cause))

    def send_task_heartbeat(self, data: dict[str, Any]) -> Response:
        """SendTaskHeartbeat."""
        token = data.get("taskToken", "")
        return self._notify(lambda execution: execution.send_task_heartbeat(token))

    def _notify(self, answer: Callable[[AslExecution], bool]) -> Response:
        from ministack.core.responses import error_response_json, json_response

        if any(answer(execution) for execution in list(self._running.values())):
            response: Response = json_response({})
            return response
        message = "Task Timed Out: 'Provided task does not exist anymore'"
        refusal: Response = error_response_json("TaskTimedOut", message, 400)
        return refusal


def _snapshot(arn: str) -> _Started | None:
    from ministack.services import stepfunctions

    version = stepfunctions._execution_version_arn(arn)
    if version:
        return _Started(stepfunctions._state_machine_versions[version]["definition"], version)
    base = stepfunctions._resolve_state_machine_arn(arn)
    return _Started(stepfunctions._state_machines[base]["definition"], None) if base else None


def _bad_input(data: dict[str, Any]) -> Response | None:
    from ministack.core.responses import error_response_json

    text = data.get("input", "{}")
    code, message = "", ""
    if len(text.encode()) > MAX_INPUT_BYTES:
        code = "ValidationException"
        message = (
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_INPUT_BYTES}"
        )
    else:
        try:
            json.loads(text)
        except ValueError as error:
            code, message = "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
    return error_response_json(code, message, 400) if code else None


def _bad_output(text: str) -> Response | None:
    """AWS refuses it at once; the interpreter would fail the execution when it reads it."""
    from ministack.core.responses import error_response_json

    try:
        json.loads(text)
    except ValueError as error:
        refusal: Response = error_response_json("InvalidOutput", f"Invalid Output: '{error}'", 400)
        return refusal
    return None


def _running_twin(data: dict[str, Any]) -> Response | None:
    """Answer for a running execution of the same name and input, which AWS takes for the same request."""
    from ministack.core.responses import json_response
    from ministack.services import stepfunctions

    base = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    if not base or not data.get("name"):
        return None
    arn = f"{base.replace(':stateMachine:', ':execution:')}:{data['name']}"
    record = stepfunctions._executions.get(arn)
    if not record or record["status"] != "RUNNING":
        return None
    if json.loads(record["input"]) != json.loads(data.get("input", "{}")):
        return None
    twin: Response = json_response({"executionArn": arn, "startDate": record["startDate"]})
    return twin


def _request(record: dict[str, Any], machine: dict[str, Any], started: _Started) -> ExecutionRequest:
    return ExecutionRequest(
        execution_arn=record["executionArn"],
        name=record["name"],
        input=json.loads(record["input"]),
        start_date=record["startDate"],
        machine_arn=record["stateMachineArn"],
        machine_name=machine["name"],
        machine_type=machine.get("type", "STANDARD"),
        role_arn=machine["roleArn"],
        definition=started.definition,
    )


def _finish(record: dict[str, Any], outcome: AslOutcome) -> None:
    """Write the end into the record; an abort that came first stays."""
    from ministack.services import stepfunctions

    aborted = record["events"][-1] if record["status"] == "ABORTED" else None
    record["events"] = outcome.events
    if aborted is not None:
        if not outcome.events or outcome.events[-1]["type"] != "ExecutionAborted":
            record["events"] = [*outcome.events, {**aborted, "id": len(outcome.events) + 1}]
        return
    output = json.dumps(outcome.output) if outcome.status == "SUCCEEDED" else None
    record.update(
        stopDate=stepfunctions.now_iso(),
        output=output,
        error=outcome.error,
        cause=outcome.cause,
        status=outcome.status,
    )
    stepfunctions._emit_execution_status_event(record)
