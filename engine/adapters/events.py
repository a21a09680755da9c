"""What fires triggers in AWS: rules of EventBridge, schedules of EventBridge Scheduler.

A rule is named ``{prefix}-{trigger_id}`` and stands on the default bus; a schedule is named by its trigger
id, in a group of its own. Both call one function with ``{"trigger": {workflow_id, trigger_id}, "event": …}``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.errors import RequestError
from engine.json_value import JsonObject, dump_json
from engine.trigger import EventSettings, S3Settings, ScheduleSettings, Trigger
from engine.trigger_port import SourceState

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient

# The one target of a rule.
TARGET_ID = "triggers"
_GONE = "ResourceNotFoundException"
# Delivery is tried for six hours; a run that comes later than that is better replayed by hand.
MAX_EVENT_AGE_SECONDS, MAX_RETRIES = 21_600, 30
# What the scheduler writes into its input
# (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html).
_SCHEDULED_EVENT = {"scheduled_time": "<aws.scheduler.scheduled-time>"}


@dataclass(frozen=True)
class EventTarget:
    """What is called, and with which right: ARNs of function, role of the scheduler, dead-letter queue."""

    function_arn: str
    scheduler_role_arn: str
    queue_arn: str


class AwsEventSources:
    """Keeps EventSources' promises. ``prefix`` starts the names of rules; ``group`` holds the schedules."""

    def __init__(
        self,
        events: EventBridgeClient,
        scheduler: EventBridgeSchedulerClient,
        *,
        prefix: str,
        group: str,
        target: EventTarget,
    ) -> None:
        self._events: Any = events
        self._scheduler: Any = scheduler
        self._prefix, self._group, self._target = prefix, group, target

    def put(self, trigger: Trigger) -> None:
        """Make or change the rule or the schedule; RequestError when the service refuses it."""
        settings = trigger.settings
        try:
            with translated(f"cannot set up trigger '{trigger.trigger_id}'"):
                if isinstance(settings, ScheduleSettings):
                    self._put_schedule(trigger, settings)
                elif isinstance(settings, EventSettings | S3Settings):
                    self._put_rule(trigger, event_pattern(settings))
        except ClientError as error:
            if error_code(error) not in ("InvalidEventPatternException", "ValidationException"):
                raise
            told = error.response.get("Error", {}).get("Message", "")
            field = "expression" if isinstance(settings, ScheduleSettings) else "pattern"
            raise RequestError(f"AWS refuses the {field}: {told}", field) from error

    def delete(self, trigger: Trigger) -> None:
        """Delete the rule or the schedule; no error if there is none."""
        try:
            with translated(f"cannot delete what fires trigger '{trigger.trigger_id}'"):
                if isinstance(trigger.settings, ScheduleSettings):
                    self._scheduler.delete_schedule(Name=trigger.trigger_id, GroupName=self._group)
                elif isinstance(trigger.settings, EventSettings | S3Settings):
                    rule = self._rule_name(trigger)
                    self._events.remove_targets(Rule=rule, Ids=[TARGET_ID])
                    self._events.delete_rule(Name=rule)
        except ClientError as error:
            if error_code(error) != _GONE:
                raise

    def state(self, trigger: Trigger) -> SourceState | None:
        """How the rule or the schedule stands; None if there is none."""
        try:
            with translated(f"cannot read what fires trigger '{trigger.trigger_id}'"):
                if isinstance(trigger.settings, ScheduleSettings):
                    found = self._scheduler.get_schedule(Name=trigger.trigger_id, GroupName=self._group)
                elif isinstance(trigger.settings, EventSettings | S3Settings):
                    found = self._events.describe_rule(Name=self._rule_name(trigger))
                else:
                    return None
        except ClientError as error:
            if error_code(error) != _GONE:
                raise
            return None
        return "enabled" if found["State"] == "ENABLED" else "disabled"

    def _rule_name(self, trigger: Trigger) -> str:
        return f"{self._prefix}-{trigger.trigger_id}"

    def _put_rule(self, trigger: Trigger, pattern: JsonObject) -> None:
        name = self._rule_name(trigger)
        state = "ENABLED" if trigger.settings.enabled else "DISABLED"
        description = f"Starts workflow {trigger.workflow_id}."
        self._events.put_rule(
            Name=name, EventPattern=dump_json(pattern), State=state, Description=description
        )
        # The placeholder stands outside of quotation marks: the event is put in as JSON
        # (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
        template = f'{{"trigger":{json.dumps(_address(trigger))},"event":<aws.events.event.json>}}'
        target = {
            "Id": TARGET_ID,
            "Arn": self._target.function_arn,
            "InputTransformer": {"InputTemplate": template},
            "RetryPolicy": _retry_policy(),
        }
        self._events.put_targets(Rule=name, Targets=[target])

    def _put_schedule(self, trigger: Trigger, settings: ScheduleSettings) -> None:
        window: JsonObject = {"Mode": "OFF"}
        if settings.jitter_minutes:
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": settings.jitter_minutes}
        request = {
            "Name": trigger.trigger_id,
            "GroupName": self._group,
            "ScheduleExpression": settings.expression,
            "ScheduleExpressionTimezone": settings.timezone,
            "FlexibleTimeWindow": window,
            "State": "ENABLED" if settings.enabled else "DISABLED",
            "Description": f"Starts workflow {trigger.workflow_id}.",
            "Target": {
                "Arn": self._target.function_arn,
                "RoleArn": self._target.scheduler_role_arn,
                "Input": dump_json({"trigger": _address(trigger), "event": _SCHEDULED_EVENT}),
                "RetryPolicy": _retry_policy(),
                "DeadLetterConfig": {"Arn": self._target.queue_arn},
            },
        }
        try:
            self._scheduler.update_schedule(**request)
        except ClientError as error:
            if error_code(error) != _GONE:
                raise
            self._scheduler.create_schedule(**request)


def event_pattern(settings: EventSettings | S3Settings) -> JsonObject:
    """The pattern of a rule.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html has the shape of S3's events.
    """
    if isinstance(settings, EventSettings):
        return settings.pattern
    names = {"created": "Object Created", "deleted": "Object Deleted"}
    detail: JsonObject = {"bucket": {"name": [settings.bucket]}}
    if settings.prefix and settings.suffix:
        wildcard = f"{_literal(settings.prefix)}*{_literal(settings.suffix)}"
        detail["object"] = {"key": [{"wildcard": wildcard}]}
    elif settings.prefix:
        detail["object"] = {"key": [{"prefix": settings.prefix}]}
    elif settings.suffix:
        detail["object"] = {"key": [{"suffix": settings.suffix}]}
    return {
        "source": ["aws.s3"],
        "detail-type": [names[event] for event in settings.events],
        "detail": detail,
    }


def _literal(text: str) -> str:
    """The text as a part of a wildcard that stands for itself."""
    return text.replace("\\", "\\\\").replace("*", "\\*")


def _address(trigger: Trigger) -> JsonObject:
    return {"workflow_id": trigger.workflow_id, "trigger_id": trigger.trigger_id}


def _retry_policy() -> JsonObject:
    return {"MaximumEventAgeInSeconds": MAX_EVENT_AGE_SECONDS, "MaximumRetryAttempts": MAX_RETRIES}
