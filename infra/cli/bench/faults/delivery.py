"""Status-change events that come late, twice and in another order, or not at all.

EventBridge promises at least once, and no order
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html). The rule is led to a queue, and
what is in the queue is carried to the function by hand.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.cli.bench.faults.stage import FaultStage

QUEUE = "mini-n8n-late-events"
# Each event is held for up to so long, then delivered so often.
MAX_DELAY_SECONDS = 3.0
DELIVERIES = 3
POLL_SECONDS = 0.2


@contextmanager
def undelivered(stage: FaultStage) -> Iterator[None]:
    """No event arrives: the end of an execution is found out by whoever reads it."""
    events = stage.client("events")
    with _without_targets(events, _rule(events)):
        yield


@contextmanager
def delayed_and_doubled(stage: FaultStage) -> Iterator[None]:
    """Each event arrives three times, each time after a while of its own."""
    events, queues = stage.client("events"), stage.client("sqs")
    rule = _rule(events)
    url = queues.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    with _without_targets(events, rule):
        events.put_targets(Rule=rule, Targets=[{"Id": "late", "Arn": arn}])
        carrier = _Carrier(stage, url)
        carrier.start()
        try:
            yield
        finally:
            carrier.stop()
            events.remove_targets(Rule=rule, Ids=["late"])
            queues.delete_queue(QueueUrl=url)


class _Carrier:
    """Carries events from the queue to the function, each several times and late."""

    def __init__(self, stage: FaultStage, url: str) -> None:
        self._stage, self._url = stage, url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="carrier")
        self._chance = random.Random(7)  # noqa: S311 - delays

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What was received is delivered first."""
        self._ended.set()
        self._thread.join()

    def _carry(self) -> None:
        queues, functions = self._stage.client("sqs"), self._stage.client("lambda")
        waiting: list[tuple[float, str]] = []
        is_last_round = False
        while waiting or not is_last_round:
            is_last_round = self._ended.is_set()
            received = queues.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
            for message in received:
                queues.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                at = time.monotonic()
                waiting += [
                    (at + self._chance.random() * MAX_DELAY_SECONDS, message["Body"])
                    for _ in range(DELIVERIES)
                ]
            is_last_round = is_last_round and not received
            for due in [one for one in waiting if one[0] <= time.monotonic()]:
                waiting.remove(due)
                self._stage.done += 1
                functions.invoke(
                    FunctionName=self._stage.function_name("execution-events"),
                    InvocationType="Event",
                    Payload=json.dumps(json.loads(due[1])).encode(),
                )
            time.sleep(POLL_SECONDS)


def _rule(events: Any) -> str:
    """The rule that status changes of executions go by."""
    for page in events.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if "aws.states" in rule.get("EventPattern", ""):
                return str(rule["Name"])
    raise RuntimeError("no rule tells of the ends of executions; is the stack deployed?")


@contextmanager
def _without_targets(events: Any, rule: str) -> Iterator[None]:
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=rule, Targets=targets)
