"""What watches an installation stands in the local AWS too: alarms, their topic, the dashboard."""

from __future__ import annotations

import json
from typing import Any

import boto3
import httpx
from prometheus_client.parser import text_string_to_metric_families

from infra.local.stack import LocalStack
from tests.integration.workflow_api import WorkflowApi


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


def test_a_call_is_followed_to_its_execution_whose_parts_are_paid(
    http: httpx.Client, api: WorkflowApi
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    workflow_id = api.save(
        {
            "name": "Paid",
            "nodes": [
                {"id": "ask", "type": "llm", "config": {"prompt": "Say something of your own."}},
                {"id": "post", "type": "output", "config": {"value": "{{ask.output}}"}},
            ],
            "connections": [{"source": "ask", "target": "post"}],
        }
    )
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    started = http.post(f"/workflows/{workflow_id}/execute", headers=headers)
    assert started.headers["traceparent"].split("-")[1] == started.json()["trace_id"] == trace
    ended = api.end(started.json()["id"])
    assert (ended["status"], ended["trace_id"]) == ("succeeded", trace)
    ask = next(run["cost"] for run in ended["nodes"] if run["node_id"] == "ask")
    # The offline server charges nothing that a list knows: tokens are shown, no price is made up.
    assert (ask["models_usd"], ended["cost"]["usd"]) == (None, None)
    assert ask["lambda_usd"] > 0
    assert ended["cost"]["input_tokens"] == ask["input_tokens"] > 0
    assert ended["cost"]["unpriced_models"] == [ask["model"]]
    assert ended["cost"]["states_usd"] > 0
    scraped = http.get("/metrics")
    assert scraped.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(scraped.text)}
    counted = {tuple(s.labels.items()): s.value for s in families["mini_n8n_node_runs"].samples}
    assert counted[("type", "llm"), ("status", "succeeded")] >= 1
    assert families["mini_n8n_unpriced_executions"].samples[0].value >= 1
