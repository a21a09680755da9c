"""Alarms and the dashboard of the template: that they look at metrics which something writes."""

from __future__ import annotations

import ast
import functools
import json
from typing import Any

import pytest

from engine.settings import EXECUTORS
from infra.build.environment import ROOT
from infra.checks.cloudformation import Resolver

HEARD = {"AlarmEmail": "ops@example.com"}


def alarms(translated: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resolver = Resolver(translated, HEARD)
    kind = "AWS::CloudWatch::Alarm"
    return {n: resolver.resource(n) for n, r in translated["Resources"].items() if r["Type"] == kind}


@functools.cache
def measured() -> frozenset[str]:
    """Names that the code passes to the Metrics port."""
    found = set()
    for folder in ("engine", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in ("count", "milliseconds")
                    and call.args
                ):
                    found |= {
                        part.value
                        for part in ast.walk(call.args[0])
                        if isinstance(part, ast.Constant) and str(part.value)[:1].isupper()
                    }
    return frozenset(found)


def services(translated: dict[str, Any]) -> set[str]:
    resolver = Resolver(translated)
    return {
        resolver.resource(name)["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for name, resource in translated["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def test_each_alarm_looks_at_what_is_measured_or_at_what_aws_measures(translated: dict[str, Any]) -> None:
    of_aws = {
        ("AWS/ApiGateway", "5xx", ("ApiId",)),
        ("AWS/Lambda", "Throttles", ()),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
    }
    for name, alarm in alarms(translated).items():
        dimensions = {d["Name"]: d["Value"] for d in alarm.get("Dimensions", [])}
        if alarm["Namespace"] == "MiniN8N/dev":
            assert alarm["MetricName"] in measured(), name
            assert dimensions.keys() == {"service"}
            assert dimensions["service"] in services(translated) | {"all"}, name
        else:
            assert (alarm["Namespace"], alarm["MetricName"], tuple(dimensions)) in of_aws, name


def test_alarms_watch_errors_throttles_queues_and_the_slowest_of_a_hundred(
    translated: dict[str, Any],
) -> None:
    found = alarms(translated)
    assert set(found) == {
        "ApiErrorsAlarm",
        "ApiLatencyAlarm",
        "CoreNodeLatencyAlarm",
        "HttpNodeLatencyAlarm",
        "AiNodeLatencyAlarm",
        "CustomNodeLatencyAlarm",
        "FlowNodeLatencyAlarm",
        "StuckExecutionsAlarm",
        "ExecutionErrorsAlarm",
        "FunctionThrottlesAlarm",
        "ServiceThrottlesAlarm",
        "ExecutionEventsQueueAlarm",
        "TriggersQueueAlarm",
        "TriggerFailuresAlarm",
    }
    p99 = {name for name, alarm in found.items() if alarm.get("ExtendedStatistic") == "p99"}
    assert p99 == {name for name in found if name.endswith("LatencyAlarm")}
    assert {alarm["TreatMissingData"] for alarm in found.values()} == {"notBreaching"}
    executors = {
        alarm["Dimensions"][0]["Value"] for alarm in found.values() if alarm["MetricName"] == "NodeDuration"
    }
    assert executors == set(EXECUTORS)
    changed = Resolver(translated, HEARD | {"AlarmApiMilliseconds": "700", "AlarmNodeMilliseconds": "900"})
    assert changed.resource("ApiLatencyAlarm")["Threshold"] == "700"
    assert changed.resource("AiNodeLatencyAlarm")["Threshold"] == "900"


@pytest.mark.parametrize(
    ("parameters", "heard_by"),
    [
        ({}, None),
        (HEARD, "<AlarmTopic>"),
        ({"AlarmTopicArn": "arn:aws:sns:us-east-1:1:ours"}, "arn:aws:sns:us-east-1:1:ours"),
        (HEARD | {"AlarmTopicArn": "arn:aws:sns:us-east-1:1:ours"}, "arn:aws:sns:us-east-1:1:ours"),
    ],
)
def test_alarms_are_made_where_somebody_hears_them(
    translated: dict[str, Any], parameters: dict[str, str], heard_by: str | None
) -> None:
    resolver = Resolver(translated, parameters)
    for name in alarms(translated):
        assert resolver.exists(name) is (heard_by is not None)
        if heard_by is not None:
            assert resolver.resource(name)["AlarmActions"] == [heard_by]
    assert resolver.exists("AlarmTopic") is (heard_by == "<AlarmTopic>")
    if resolver.exists("AlarmTopic"):
        subscription = resolver.resource("AlarmTopic")["Subscription"]
        assert subscription == [{"Protocol": "email", "Endpoint": "ops@example.com"}]


def test_the_dashboard_shows_what_is_measured_within_its_frame(translated: dict[str, Any]) -> None:
    body = json.loads(Resolver(translated).resource("Dashboard")["DashboardBody"])
    own: set[str] = set()
    places = set()
    for widget in body["widgets"]:
        places.add((widget["x"], widget["y"]))
        assert widget["x"] + widget["width"] <= 24
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                own.add(metric[0]["expression"].split('"')[1])
                assert metric[0]["expression"].startswith("SEARCH('{MiniN8N/dev,service")
            elif metric[0] == "MiniN8N/dev":
                own.add(metric[1])
    assert len(places) == len(body["widgets"])
    # ExecutionErrors and TriggerFailures are for alarms: their parts are shown by status and outcome.
    assert own == measured() - {"ExecutionErrors", "TriggerFailures"}
    assert not Resolver(translated, {"MakeDashboard": "no"}).exists("Dashboard")
