"""A Gantt chart in text: a bar for each node, from when it starts to when it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

# Bars of a chart: two screens.
MAX_BARS = 50
MAX_NAME = 28
MIN_BAR = 10
Spans = Mapping[str, tuple[float, float]]


def draw_timeline(
    spans: Spans, critical: Collection[str], width: int, *, timed: bool, max_bars: int = MAX_BARS
) -> Table:
    """The bars of the nodes that take longest, in the order in which they start; `width` is the console's.

    Nodes that decide how long it takes (``critical``) are drawn full. Without times (``timed``) nothing is
    said in seconds.
    """
    shown = sorted(spans, key=lambda node_id: spans[node_id][0] - spans[node_id][1])[:max_bars]
    shown.sort(key=lambda node_id: spans[node_id])
    names = {node_id: _shorten(node_id) for node_id in shown}
    longest_name = max((len(name) for name in names.values()), default=0)
    bar = max(MIN_BAR, width - longest_name - (24 if timed else 6))
    end = max((ended for _, ended in spans.values()), default=0.0)
    what = (
        "When each node runs"
        if len(shown) == len(spans)
        else f"The {len(shown)} longest of {len(spans):,} nodes"
    )
    table = Table(title=what, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("node", no_wrap=True)
    if timed:
        table.add_column("from s", justify="right", no_wrap=True)
        table.add_column("takes s", justify="right", no_wrap=True)
    table.add_column(f"0 to {_told(end)} s" if timed else "one step after another", no_wrap=True)
    for node_id in shown:
        began, ended = spans[node_id]
        figures = [_told(began), _told(ended - began)] if timed else []
        table.add_row(names[node_id], *figures, _draw_bar(began, ended, end, bar, node_id in critical))
    return table


def _draw_bar(began: float, ended: float, end: float, width: int, full: bool) -> Text:
    scale = width / end if end else 0.0
    first = min(round(began * scale), width - 1)
    cells = max(1, min(round(ended * scale), width) - first)
    mark = "|" if ended == began else "█" if full else "░"
    if ended == began:
        cells = 1
    return Text(" " * first + mark * cells, style="bold" if full else "")


def _told(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 1_000 else f"{seconds:.4g}"


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
