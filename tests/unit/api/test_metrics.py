"""``GET /metrics``, read by Prometheus' own parser."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.errors import UnavailableError
from engine.ports import CacheCounts
from functions.api.exposition import write_exposition
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import node

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.type in ("counter", "histogram")
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"mini_n8n_{name}", tuple(sorted(labels.items()))))


def scrape(bench: ApiBench) -> Samples:
    answer = bench.send("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


def test_executions_node_runs_cost_and_cache_are_counted_once(bench: ApiBench) -> None:
    document = {
        "name": "A",
        "nodes": [node("a", value=1, cache_ttl_seconds=60), node("b", "output", value=2)],
    }
    workflow = bench.send("POST", "/workflows/", json=document).json()["id"]
    ids = [bench.send("POST", f"/workflows/{workflow}/execute").json()["id"] for _ in range(3)]
    for execution_id in ids:  # a repeated end counts nothing
        arn = bench.execution(execution_id).execution_arn or ""
        assert not bench.finisher.finish(execution_id, bench.machines.describe(arn))
    found = scrape(bench)
    assert value(found, "executions_total", status="succeeded", trigger="manual") == 3
    assert value(found, "execution_duration_seconds_count") == 3
    assert value(found, "execution_duration_seconds_bucket", le="0.5") == 3
    assert value(found, "execution_duration_seconds_bucket", le="+Inf") == 3
    assert value(found, "node_runs_total", type="call", status="succeeded") == 3
    assert value(found, "cache_lookups_total", node_type="call", result="hit") == 2
    assert value(found, "cache_lookups_total", node_type="call", result="miss") == 1
    states = sum(bench.execution(i).cost.states_usd for i in ids)  # type: ignore[union-attr]
    assert value(found, "cost_usd_total", part="states") == pytest.approx(states)


def test_an_installation_that_is_new_can_be_scraped(bench: ApiBench) -> None:
    found = scrape(bench)
    assert value(found, "execution_duration_seconds_count") == 0
    assert value(found, "execution_duration_seconds_sum") == 0


def test_buckets_grow_and_names_are_escaped() -> None:
    sums = {"duration|0.5": 1, "duration|60": 2, "duration|+Inf": 4, "duration_milliseconds": 100_500}
    odd = 'a"b\\c\nd'
    found = read(write_exposition(sums | {f"nodes|{odd}|failed": 5}, {odd: CacheCounts(1, 2)}))
    buckets = [found[key] for key in found if key[0].endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert value(found, "execution_duration_seconds_bucket", le="30") == 1
    assert value(found, "execution_duration_seconds_bucket", le="60") == 3
    assert value(found, "execution_duration_seconds_count") == 7
    assert value(found, "execution_duration_seconds_sum") == 100.5
    assert value(found, "node_runs_total", type=odd, status="failed") == 5
    assert value(found, "cache_lookups_total", node_type=odd, result="miss") == 2


def test_no_end_waits_for_a_tally(bench: ApiBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(amounts: Any) -> None:
        raise UnavailableError("no answer")

    monkeypatch.setattr(bench.tallies, "add", away)
    workflow = bench.send("POST", "/workflows/", json={"name": "A", "nodes": [node("a", value=1)]}).json()
    started = bench.send("POST", f"/workflows/{workflow['id']}/execute")
    assert bench.send("GET", f"/executions/{started.json()['id']}").json()["status"] == "succeeded"
