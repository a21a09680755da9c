"""Workflows of the integration tests, in few words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.unit.engine_bench import connect, node

__all__ = ["chain", "connect", "http_node", "node", "workflow"]


def workflow(*nodes: dict[str, Any], name: str = "Test", **more: Any) -> dict[str, Any]:
    """A document; ``connections`` as ``connect`` gives them."""
    return {"name": name, "nodes": list(nodes), **more}


def chain(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document whose nodes are connected one after the other."""
    pairs = [f"{one['id']}>{other['id']}" for one, other in pairwise(nodes)]
    return workflow(*nodes, connections=connect(*pairs), **more)


def http_node(node_id: str, url: str, **more: Any) -> dict[str, Any]:
    """A node that gets ``url``."""
    return node(node_id, "http", url=url, **more)
