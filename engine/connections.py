"""Live and dead connections: the one rule that decides whether a node runs.

A connection is live when its source ran and left through that output; dead when the source was skipped
or left through another. A node runs when its connections are decided and at least one is live
(``join: all``: every one). A node without connections runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.workflow import Connection, Node


def is_live(connection: Connection, left_through: str | None) -> bool:
    """Whether a decided connection is live, given how its source left; None: it was skipped."""
    return left_through is not None and left_through == connection.source_output


def should_run(node: Node, live: Sequence[bool]) -> bool:
    """Whether the node runs, given which of its connections are live."""
    if not live:
        return True
    return all(live) if node.join == "all" else any(live)
