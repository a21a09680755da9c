"""Tallies as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.ports import CacheCounts
from engine.service.tally import DURATION_BOUNDS, NANO

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Family of `engine.service.tally`: name, labels, what one of it is worth, help.
COUNTERS: Mapping[str, tuple[str, tuple[str, ...], float, str]] = {
    "executions": ("executions", ("status", "trigger"), 1, "Executions that ended."),
    "nodes": ("node_runs", ("type", "status"), 1, "Node runs that ended."),
    "node_milliseconds": ("node_run_seconds", ("type",), 1e-3, "Time of node runs, with waits."),
    "fires": ("trigger_fires", ("type", "outcome"), 1, "Fires of triggers."),
    "cost": ("cost_usd", ("part",), 1 / NANO, "Cost of executions; models without a price are left out."),
    "tokens": ("model_tokens", ("direction",), 1, "Tokens of models."),
    "unpriced": ("unpriced_executions", (), 1, "Executions that asked a model whose price is not known."),
}


def write_exposition(sums: Mapping[str, int], cache: Mapping[str, CacheCounts]) -> str:
    """The text of one scrape."""
    lines: list[str] = []
    for family, (name, labels, worth, told) in COUNTERS.items():
        found = {series: value for series, value in sums.items() if series.split("|")[0] == family}
        samples = [
            (_labels(zip(labels, series.split("|")[1:], strict=False)), value * worth)
            for series, value in found.items()
        ]
        lines += _counter(name, told, samples)
    lookups = [
        (_labels([("node_type", node_type), ("result", result)]), float(count))
        for node_type, counts in sorted(cache.items())
        for result, count in (("hit", counts.hits), ("miss", counts.misses))
    ]
    lines += _counter("cache_lookups", "Lookups in the cache, since it was last cleared.", lookups)
    lines += _durations(sums)
    return "\n".join(lines) + "\n"


def _counter(name: str, told: str, samples: list[tuple[str, float]]) -> Iterator[str]:
    full = f"mini_n8n_{name}_total"
    yield f"# HELP {full} {told}"
    yield f"# TYPE {full} counter"
    for labels, value in samples:
        yield f"{full}{labels} {_spell(value)}"


def _durations(sums: Mapping[str, int]) -> Iterator[str]:
    name = "mini_n8n_execution_duration_seconds"
    yield f"# HELP {name} How long executions took."
    yield f"# TYPE {name} histogram"
    total = 0
    for bound in (*map(str, DURATION_BOUNDS), "+Inf"):
        total += sums.get(f"duration|{bound}", 0)
        yield f"{name}_bucket{_labels([('le', bound)])} {total}"
    yield f"{name}_sum {_spell(sums.get('duration_milliseconds', 0) / 1_000)}"
    yield f"{name}_count {total}"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    spelled = [f'{name}="{_escape(value)}"' for name, value in pairs]
    return f"{{{','.join(spelled)}}}" if spelled else ""


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _spell(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 9))
