"""Live and dead connections: the one rule that decides whether a node runs.

A connection is live when its source ran and left through that output; dead when the source was skipped
or left through another. A node runs when its connections are decided and at least one is live
(``join: all``: every one). A node without connections runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.workflow import Connection, Node

# How a source left, by node id: the name of its output, or None when it was skipped.
Departures = Mapping[str, str | None]


def is_live(connection: Connection, departures: Departures) -> bool:
    """Whether a decided connection is live; KeyError when its source is undecided."""
    left_through = departures[connection.source]
    return left_through is not None and left_through == connection.source_output


def live_sources(incoming: Iterable[Connection], departures: Departures) -> tuple[str, ...]:
    """Ids of the sources with a live connection, in the document's order, each once."""
    return tuple(dict.fromkeys(c.source for c in incoming if is_live(c, departures)))


def should_run(node: Node, incoming: Iterable[Connection], departures: Departures) -> bool:
    """Whether the node runs, given how all of its sources left."""
    decided = [is_live(connection, departures) for connection in incoming]
    if not decided:
        return True
    return all(decided) if node.join == "all" else any(decided)
