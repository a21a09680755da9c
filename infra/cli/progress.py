"""What an execution does, shown while it does it: a table on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from engine.json_value import JsonObject
from infra.cli.console import print_error

_STYLES = {
    "pending": "dim", "running": "cyan", "waiting": "yellow", "succeeded": "green",
    "failed": "red", "timed_out": "red", "aborted": "red", "skipped": "dim",
}  # fmt: skip


class Progress(Protocol):
    """Shows an execution, as the API gives it, each time it is asked after."""

    def showing(self) -> AbstractContextManager[object]:
        """Around the time that the execution takes."""

    def show(self, execution: JsonObject) -> None:
        """How it stands."""


def choose_progress() -> Progress:
    """The table where stderr is a terminal, else lines."""
    return LiveProgress(Console(stderr=True)) if sys.stderr.isatty() else PlainProgress()


class PlainProgress:
    """A line on stderr each time that the status of a node changes."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int]] = {}

    def showing(self) -> AbstractContextManager[object]:
        """Nothing to set up."""
        return nullcontext()

    def show(self, execution: JsonObject) -> None:
        """One line for each node that is not as it was."""
        for run in execution["nodes"]:
            state = (run["status"], run["attempts"])
            if self._seen.get(run["node_id"], ("pending", 0)) != state:
                self._seen[run["node_id"]] = state
                print_error(f"{run['node_id']}: {' '.join((run['status'], *_details(run)))}")


class LiveProgress:
    """A table of all nodes that is drawn anew."""

    def __init__(self, console: Console) -> None:
        """``console``: where it is drawn."""
        self._live = Live(console=console, refresh_per_second=10)
        self._spinner = Spinner("dots", style="cyan")

    def showing(self) -> AbstractContextManager[object]:
        """Draws while inside."""
        return self._live

    def show(self, execution: JsonObject) -> None:
        """All nodes."""
        table = Table(show_edge=False, pad_edge=False)
        for heading in ("", "node", "type", "status", ""):
            table.add_column(heading)
        for run in execution["nodes"]:
            mark = self._spinner if run["status"] == "running" else ""
            status = Text(run["status"], style=_STYLES.get(run["status"], ""))
            table.add_row(
                mark, run["node_id"], run["type"], status, Text(" ".join(_details(run)), style="dim")
            )
        self._live.update(table)


def _details(run: JsonObject) -> list[str]:
    """What is worth saying besides the status."""
    told: list[str] = []
    if run["status"] != "skipped" and run["duration_seconds"] is not None:
        told.append(f"{run['duration_seconds']:.2f} s")
    if run["item_count"] is not None:
        told.append(f"{run['item_count']} items")
    if run["attempts"] > 1:
        told.append(f"attempt {run['attempts']}")
    if run["cache"] == "hit":
        told.append("from the cache")
    if run["output_name"] not in (None, "main"):
        told.append(f"→ {run['output_name']}")
    if run["error"] is not None:
        told.append(f"{run['error']['type']}: {run['error']['message']}")
    return told
