"""How an execution is tied to the one that asked for it."""

from __future__ import annotations

from engine.execution import ChildLink, Execution, ParentLink
from engine.link_port import LinkStore


def note_child(links: LinkStore, execution: Execution) -> None:
    """Note it with the execution that asked for it, before it runs: who ends that one stops it."""
    parent = execution.parent
    if parent is not None:
        link = ChildLink(
            execution_id=execution.execution_id,
            workflow_id=execution.workflow_id,
            node_id=parent.node_id,
            item=parent.item,
        )
        links.add_child(parent.execution_id, link)


def retried_parent(earlier: Execution | None) -> ParentLink | None:
    """What the retry of an execution is tied to: no node waits for it; what handles a failure still does."""
    parent = earlier.parent if earlier is not None else None
    if parent is None or not parent.after_failure:
        return None
    return parent.model_copy(update={"node_id": None, "item": None})
