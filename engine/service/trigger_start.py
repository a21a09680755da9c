"""From an event to an execution: the event is mapped to inputs, and each event starts one execution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from engine.errors import NodeError, RequestError, UnavailableError
from engine.execution import Execution, ExecutionStatus
from engine.expression import Scope, resolve
from engine.json_value import JsonObject, JsonValue
from engine.node import INPUT_TYPE
from engine.ports import WorkflowVersion
from engine.service.executions import NOT_STARTED, ExecutionService
from engine.service.start_request import StartRequest
from engine.service.version_choice import VersionChoice, choose_version
from engine.trigger import Trigger
from engine.workflow import Workflow

# Starts of one event that Step Functions refused: a trigger's own retries are fewer.
MAX_STARTS = 10
# Until what was stored for an execution that never began is deleted; nobody is about to use it.
ABANDONED_HOURS = 1


@dataclass(frozen=True)
class TriggerStarter:
    """Starts executions for triggers."""

    executions: ExecutionService

    def version(self, workflow_id: str, choice: VersionChoice) -> WorkflowVersion:
        """The version that would run; NotFoundError; ConflictError where nothing is live."""
        head = self.executions.workflows.get_head(workflow_id)
        return self.executions.workflows.get_version(workflow_id, choose_version(head, choice))

    def start(
        self,
        trigger: Trigger,
        event: JsonObject,
        *,
        choice: VersionChoice = "live",
        event_key: str | None = None,
        execution_id: str | None = None,
    ) -> tuple[Execution, bool]:
        """The execution, and whether it is new: an ``event_key`` starts one, however often it comes.

        ``execution_id``, without a key: the id that it is to have.

        NotFoundError; ConflictError where nothing is live; RequestError when the event does not fit the
        inputs; UnavailableError when the execution could not be started, and then it may be tried again.
        """
        version = self.version(trigger.workflow_id, choice)
        inputs = map_inputs(trigger.settings.inputs, event, version.workflow)
        if event_key is None:
            request = replace(self._request(trigger, inputs, choice, None), execution_id=execution_id)
            return self.executions.start(request)
        for number in range(MAX_STARTS):
            key = f"{trigger.trigger_id}:{event_key}" + (f":{number}" if number else "")
            execution, created = self.executions.start(self._request(trigger, inputs, choice, key))
            if created or not _was_never_started(execution):
                return execution, created
        raise UnavailableError(f"trigger '{trigger.trigger_id}' could not start {MAX_STARTS} executions")

    def abandon(self, execution_id: str) -> None:
        """There will be no execution of this id: what was stored for it goes within days."""
        service = self.executions
        service.executions.mark_removed(execution_id, service.clock.now() + timedelta(hours=ABANDONED_HOURS))

    def _request(
        self, trigger: Trigger, inputs: JsonObject, choice: VersionChoice, key: str | None
    ) -> StartRequest:
        return StartRequest(trigger.workflow_id, inputs, key, trigger=trigger.origin, version=choice)


def map_inputs(mapping: JsonObject | None, event: JsonObject, workflow: Workflow) -> JsonObject:
    """The inputs of an execution.

    By the mapping, or without one: the event for an input named ``event``, and its body, where it has one,
    for an input named ``body``. RequestError when an expression finds nothing.
    """
    if mapping is None:
        declared = {
            str(node.config.get("name") or node.id) for node in workflow.nodes if node.type == INPUT_TYPE
        }
        offered: dict[str, JsonValue] = {"event": event}
        if "body" in event:
            offered["body"] = event["body"]
        return {name: value for name, value in offered.items() if name in declared}
    try:
        inputs: JsonObject = resolve(mapping, Scope(inputs={"event": event}), "inputs")
    except NodeError as error:
        raise RequestError(f"The event does not fit the trigger: {error}", error.field) from None
    return inputs


def _was_never_started(execution: Execution) -> bool:
    """Whether the start came to nothing; one that is only not noted may have run, and must not run twice."""
    error = execution.error
    return (
        execution.status is ExecutionStatus.FAILED
        and error is not None
        and error.message.startswith(NOT_STARTED)
    )
