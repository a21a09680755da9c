"""Express executions: they have no name of their own, no record, no event, and end after five minutes.

https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import uuid
from typing import Any

from infra.local.asl.interpreter import AslExecution, AslOutcome, ExecutionRequest
from infra.local.asl.run_settings import RunSettings
from infra.local.aws.function_calls import function_calls
from infra.local.aws.task_queue import TaskQueue

MAX_SECONDS = 300

Response = tuple[int, dict[str, str], bytes]
_logger = logging.getLogger(__name__)


def is_express(data: dict[str, Any]) -> bool:
    """Whether a request to start names an express machine, by itself, a version or an alias."""
    return _find_machine(data).get("type") == "EXPRESS"


def is_express_execution(data: dict[str, Any]) -> bool:
    """Whether a request is about an express execution."""
    return ":express:" in data.get("executionArn", "")


def refuse_execution(data: dict[str, Any]) -> Response:
    """Nobody may ask after an express execution, or stop it."""
    arn = data.get("executionArn", "")
    return _refusal("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: express' ({arn})")


def refuse_standard(data: dict[str, Any]) -> Response | None:
    """Only express machines are waited for; None where there is no machine at all."""
    if not _find_machine(data):
        return None
    message = "This operation is not supported by this type of state machine"
    return _refusal("StateMachineTypeNotSupported", message)


class ExpressExecutions:
    """Runs them, the same name as often as it is asked to."""

    def __init__(self, time_scale: float, tasks: TaskQueue) -> None:
        self._time_scale, self._tasks = time_scale, tasks

    def start(self, data: dict[str, Any]) -> Response:
        """StartExecution."""
        from ministack.core.responses import json_response

        request = _request(data)
        # The account and region of the request go with it.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._begin, request), daemon=True).start()
        response: Response = json_response(
            {"executionArn": request.execution_arn, "startDate": request.start_date}
        )
        return response

    def run(self, data: dict[str, Any]) -> Response:
        """StartSyncExecution."""
        from ministack.core.responses import json_response, now_iso

        request = _request(data)
        outcome = self._run(request)
        answer = {
            "executionArn": request.execution_arn,
            "stateMachineArn": request.machine_arn,
            "name": request.name,
            "startDate": request.start_date,
            "stopDate": now_iso(),
            "status": outcome.status,
            "input": json.dumps(request.input),
            "inputDetails": {"included": True},
            "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100},
        }
        if outcome.status == "SUCCEEDED":
            answer.update(output=json.dumps(outcome.output), outputDetails={"included": True})
        elif outcome.status == "TIMED_OUT":
            answer.update(error="States.Timeout", cause="")
        else:
            answer.update(error=outcome.error or "", cause=outcome.cause or "")
        response: Response = json_response(answer)
        return response

    def _begin(self, request: ExecutionRequest) -> None:
        self._tasks.begin()
        self._run(request)

    def _run(self, request: ExecutionRequest) -> AslOutcome:
        arn = request.execution_arn
        execution = AslExecution(request, RunSettings(self._time_scale, function_calls(arn, self._tasks)))
        try:
            return execution.run()
        except Exception as error:  # who waits for it must be told, whatever broke
            _logger.exception("the interpreter broke down on %s", arn)
            return AslOutcome("FAILED", None, "States.Runtime", str(error), execution.events())


def _request(data: dict[str, Any]) -> ExecutionRequest:
    from ministack.core.responses import now_iso
    from ministack.services import stepfunctions

    machine = _find_machine(data)
    version = stepfunctions._execution_version_arn(data["stateMachineArn"])
    source = stepfunctions._state_machine_versions[version] if version else machine
    name = data.get("name") or str(uuid.uuid4())
    place = machine["stateMachineArn"].replace(":stateMachine:", ":express:")
    return ExecutionRequest(
        execution_arn=f"{place}:{name}:{uuid.uuid4()}",
        name=name,
        input=json.loads(data.get("input", "{}")),
        start_date=now_iso(),
        machine_arn=machine["stateMachineArn"],
        machine_name=machine["name"],
        machine_type="EXPRESS",
        role_arn=machine["roleArn"],
        definition=_bounded(source["definition"]),
    )


def _bounded(definition: str) -> str:
    """The definition, which ends after five minutes whatever it says."""
    machine = json.loads(definition)
    machine["TimeoutSeconds"] = min(machine.get("TimeoutSeconds", MAX_SECONDS), MAX_SECONDS)
    return json.dumps(machine)


def _find_machine(data: dict[str, Any]) -> dict[str, Any]:
    """The machine that a request names; empty where there is none."""
    from ministack.services import stepfunctions

    base = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    found: dict[str, Any] = stepfunctions._state_machines[base] if base else {}
    return found


def _refusal(code: str, message: str) -> Response:
    from ministack.core.responses import error_response_json

    refusal: Response = error_response_json(code, message, 400)
    return refusal
