from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.events import AwsEventSources, EventTarget, event_pattern
from engine.adapters.memory import MemoryEventSources
from engine.errors import RequestError
from engine.trigger import EventSettings, S3Settings, ScheduleSettings, Trigger
from engine.trigger_port import EventSources
from tests.contract.trigger_store_contract import SCHEDULE, WEBHOOK, changed, trigger_of

EVENT = EventSettings(type="event", pattern={"source": ["shop"]})
BUCKET = S3Settings(type="s3", bucket="inbox", prefix="in/")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:triggers"


class EventSourcesContract:
    """A fixture ``sources``."""

    @pytest.mark.parametrize("settings", [SCHEDULE, EVENT, BUCKET])
    def test_a_source_is_made_paused_and_deleted(
        self, sources: EventSources, settings: ScheduleSettings | EventSettings | S3Settings
    ) -> None:
        trigger = trigger_of("tr_1", settings)
        assert sources.state(trigger) is None
        sources.put(trigger)
        sources.put(trigger)
        assert sources.state(trigger) == "enabled"
        sources.put(changed(trigger, enabled=False))
        assert sources.state(trigger) == "disabled"
        sources.delete(trigger)
        sources.delete(trigger)
        assert sources.state(trigger) is None

    def test_a_webhook_needs_no_source(self, sources: EventSources) -> None:
        sources.put(trigger_of("tr_1", WEBHOOK))
        assert sources.state(trigger_of("tr_1", WEBHOOK)) is None
        sources.delete(trigger_of("tr_1", WEBHOOK))


class TestInMemory(EventSourcesContract):
    @pytest.fixture
    def sources(self) -> EventSources:
        return MemoryEventSources()


class TestInAws(EventSourcesContract):
    @pytest.fixture
    def group(self, aws: AwsClients, numbers: Iterator[int]) -> Iterator[str]:
        name = f"group-{next(numbers)}"
        aws.scheduler.create_schedule_group(Name=name)
        yield name
        aws.scheduler.delete_schedule_group(Name=name)

    @pytest.fixture
    def sources(self, aws: AwsClients, group: str) -> EventSources:
        target = EventTarget(
            FUNCTION, "arn:aws:iam::000000000000:role/scheduler", "arn:aws:sqs:us-east-1:0:q"
        )
        return AwsEventSources(aws.events, aws.scheduler, prefix=group, group=group, target=target)

    def test_a_schedule_carries_time_zone_jitter_and_what_it_starts(
        self, sources: EventSources, aws: AwsClients, group: str
    ) -> None:
        sources.put(changed(trigger_of("tr_1", SCHEDULE), jitter_minutes=15))
        made = aws.scheduler.get_schedule(Name="tr_1", GroupName=group)
        assert (
            made["ScheduleExpression"],
            made["ScheduleExpressionTimezone"],
            made["FlexibleTimeWindow"],
        ) == (
            "rate(1 hour)",
            "Europe/Berlin",
            {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        )
        assert (made["Target"]["Arn"], json.loads(made["Target"]["Input"])) == (
            FUNCTION,
            {
                "trigger": {"workflow_id": "wf_1", "trigger_id": "tr_1"},
                "event": {"scheduled_time": "<aws.scheduler.scheduled-time>"},
            },
        )

    def test_a_pattern_that_is_none_is_refused_by_its_field(self, sources: EventSources) -> None:
        broken = trigger_of("tr_1", EventSettings(type="event", pattern={"source": "shop"}))
        with pytest.raises(RequestError) as error:
            sources.put(broken)
        assert error.value.field == "pattern"


def s3_keys(trigger: Trigger) -> object:
    assert isinstance(trigger.settings, S3Settings)
    detail: dict[str, object] = event_pattern(trigger.settings)["detail"]
    return detail.get("object")


@pytest.mark.parametrize(
    ("prefix", "suffix", "keys"),
    [
        ("", "", None),
        ("in/", "", {"key": [{"prefix": "in/"}]}),
        ("", ".csv", {"key": [{"suffix": ".csv"}]}),
        ("in/", ".csv", {"key": [{"wildcard": "in/*.csv"}]}),
        ("a*b\\", "c", {"key": [{"wildcard": "a\\*b\\\\*c"}]}),
    ],
)
def test_objects_are_chosen_by_prefix_and_suffix(prefix: str, suffix: str, keys: object) -> None:
    assert s3_keys(changed(trigger_of("tr_1", BUCKET), prefix=prefix, suffix=suffix)) == keys
