"""What watches an installation stands in the local AWS too: alarms, their topic, the dashboard."""

from __future__ import annotations

import json
from typing import Any

import boto3

from infra.local.stack import LocalStack


def client(stack: LocalStack, service: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=stack.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def test_the_stack_stands_with_its_alarms_and_its_dashboard(stack: LocalStack) -> None:
    cloudwatch = client(stack, "cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="mini-n8n-local-")["MetricAlarms"]
    (topic,) = client(stack, "sns").list_topics()["Topics"]
    assert len(alarms) >= 12
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(topic["TopicArn"],)}
    slow = next(alarm for alarm in alarms if alarm["AlarmName"] == "mini-n8n-local-api-latency")
    assert (slow["Namespace"], slow["ExtendedStatistic"]) == ("MiniN8N/local", "p99")
    body = cloudwatch.get_dashboard(DashboardName="mini-n8n-local")["DashboardBody"]
    assert len(json.loads(body)["widgets"]) >= 12
