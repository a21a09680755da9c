"""Events and schedules: each delivery fires its trigger; what fails is kept, to be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from engine.errors import MiniN8nError, NotFoundError, RequestError, UnavailableError
from engine.execution import Execution
from engine.json_value import JsonObject, JsonValue, digest
from engine.ports import Clock, Metrics, Page
from engine.service.tally import Tally
from engine.service.trigger_start import TriggerStarter
from engine.trigger import FailedFire, Fire, FireOutcome, Trigger
from engine.trigger_port import TriggerStore

# As long as a message may stay in a queue, and again as long to look at it.
KEEP_FAILED_DAYS = 28
# What a failure's message is cut to: it stands in lists.
MAX_MESSAGE_CHARACTERS = 1_000


@dataclass(frozen=True)
class TriggerFirer:
    """Use cases of what comes from EventBridge and its scheduler."""

    triggers: TriggerStore
    starter: TriggerStarter
    clock: Clock
    metrics: Metrics
    tally: Tally | None = None

    def fire(self, workflow_id: str, trigger_id: str, event: JsonObject) -> Execution | None:
        """The execution that the event started, now or before; None where none is meant to start.

        An event that cannot start one (no live version, inputs that do not fit) is kept as a failure.
        UnavailableError: deliver it again.
        """
        try:
            trigger = self.triggers.get(workflow_id, trigger_id)
        except NotFoundError:
            return None  # deleted while the event was on its way
        if not trigger.settings.enabled:
            return None
        try:
            execution, created = self.starter.start(trigger, event, event_key=event_key(event))
        except UnavailableError:
            raise
        except MiniN8nError as error:
            self._keep(trigger, event, _told(error))
            return None
        if created:
            self.record(trigger, "started", execution_id=execution.execution_id)
        else:
            self.metrics.count("DuplicateEvents", trigger=trigger.settings.type)
        return execution

    def give_up(self, workflow_id: str, trigger_id: str, event: JsonValue, message: str) -> None:
        """Keep an event whose deliveries all failed; one whose trigger is gone is let go."""
        try:
            trigger = self.triggers.get(workflow_id, trigger_id)
        except NotFoundError:
            return
        self._keep(trigger, event, message)

    def record(
        self,
        trigger: Trigger,
        outcome: FireOutcome,
        *,
        execution_id: str | None = None,
        message: str | None = None,
        test: bool = False,
    ) -> None:
        """Note what became of a start."""
        fire = Fire(
            at=self.clock.now(),
            outcome=outcome,
            execution_id=execution_id,
            message=message[:MAX_MESSAGE_CHARACTERS] if message else None,
            test=test,
        )
        self.triggers.record_fire(trigger.workflow_id, trigger.trigger_id, fire)
        self.metrics.count("TriggersFired", trigger=trigger.settings.type, outcome=outcome)
        if self.tally is not None:
            self.tally.count_fire(trigger.settings.type, outcome)
        if outcome == "failed":
            self.metrics.count("TriggerFailures")

    def list_failures(
        self, workflow_id: str, trigger_id: str, limit: int, cursor: str | None
    ) -> Page[FailedFire]:
        """Events that failed, newest first; NotFoundError."""
        self.triggers.get(workflow_id, trigger_id)
        return self.triggers.list_failures(workflow_id, trigger_id, limit, cursor)

    def delete_failure(self, workflow_id: str, trigger_id: str, failure_id: str) -> None:
        """Forget an event that failed; NotFoundError."""
        self.triggers.delete_failure(self.triggers.get_failure(workflow_id, trigger_id, failure_id))

    def replay(self, workflow_id: str, trigger_id: str, failure_id: str) -> Execution:
        """Start an execution with an event that failed, and forget the failure.

        NotFoundError; what starting an execution raises, and then the failure stays. Two replays of one
        failure start one execution.
        """
        trigger = self.triggers.get(workflow_id, trigger_id)
        failure = self.triggers.get_failure(workflow_id, trigger_id, failure_id)
        execution, created = self.starter.start(trigger, failure.event, event_key=f"replay:{failure_id}")
        if created:
            self.record(trigger, "started", execution_id=execution.execution_id)
        self.triggers.delete_failure(failure)
        return execution

    def _keep(self, trigger: Trigger, event: JsonValue, message: str) -> None:
        now = self.clock.now()
        failure = FailedFire(
            failure_id=self.clock.new_id("ff"),
            trigger_id=trigger.trigger_id,
            workflow_id=trigger.workflow_id,
            failed_at=now,
            message=message[:MAX_MESSAGE_CHARACTERS],
            event=event,
        )
        self.triggers.add_failure(failure, now + timedelta(days=KEEP_FAILED_DAYS))
        self.record(trigger, "failed", message=message)


def _told(error: MiniN8nError) -> str:
    """What is wrong, with each problem and its field: who reads the list has no answer to look it up in."""
    if not isinstance(error, RequestError) or not error.problems:
        return str(error)
    return f"{error} " + "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)


def event_key(event: JsonObject) -> str:
    """What is the same whenever one event is delivered: its id, or the time that was scheduled."""
    named = event.get("id") or event.get("scheduled_time")
    return str(named)[:100] if named else digest(event)
