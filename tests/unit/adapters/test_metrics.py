from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics as Powertools

from engine.adapters.memory import MemoryMetrics
from engine.adapters.powertools_metrics import PowertoolsMetrics


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the embedded metric format, without their time."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in lines:
        del line["_aws"]["Timestamp"]
    return lines


def line(name: str, unit: str, value: float, **dimensions: str) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": unit}]
    directive = {"Namespace": "Test", "Dimensions": [["service", *dimensions]], "Metrics": metrics}
    return {"_aws": {"CloudWatchMetrics": [directive]}, "service": "tests", **dimensions, name: [value]}


def test_what_has_dimensions_goes_out_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = PowertoolsMetrics(Powertools(namespace="Test", service="tests"))
    metrics.count("CacheHits", node_type="llm")
    metrics.milliseconds("NodeDuration", 12.5, status="failed")
    assert written(capsys) == [
        line("CacheHits", "Count", 1.0, node_type="llm"),
        line("NodeDuration", "Milliseconds", 12.5, status="failed"),
    ]


def test_what_has_none_goes_out_with_the_functions_own(capsys: pytest.CaptureFixture[str]) -> None:
    powertools = Powertools(namespace="Test", service="tests")
    PowertoolsMetrics(powertools).milliseconds("NodeDuration", 12.5)
    assert written(capsys) == []
    powertools.flush_metrics()
    assert written(capsys) == [line("NodeDuration", "Milliseconds", 12.5)]


def test_in_memory_series_are_added_up_by_their_dimensions() -> None:
    metrics = MemoryMetrics()
    metrics.count("NodeRuns", status="failed", node_type="llm")
    metrics.count("NodeRuns", 2, status="succeeded", node_type="llm")
    metrics.milliseconds("NodeDuration", 1.5, node_type="llm")
    metrics.milliseconds("NodeDuration", 2.5, node_type="http")
    assert metrics.total("NodeRuns") == 3
    assert metrics.total("NodeRuns", node_type="llm", status="failed") == 1
    assert metrics.total("Other") == 0
    assert sorted(metrics.durations("NodeDuration")) == [1.5, 2.5]
    assert metrics.durations("NodeDuration", node_type="http") == [2.5]
