"""A workflow version, indexed for running: what each node needs to have read before it starts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from engine.expression import find_references
from engine.ports import WorkflowStore
from engine.workflow import Connection, Node, Workflow

# Versions kept by one process; a document of 1,000 nodes is about 1 MB in Python.
KEPT_VERSIONS = 64


class PreparedWorkflow:
    """A frozen document with its connections and references by node."""

    def __init__(self, workflow: Workflow) -> None:
        """Index the document; it must have passed validation."""
        self.workflow = workflow
        self.nodes: dict[str, Node] = {node.id: node for node in workflow.nodes}
        self.incoming: dict[str, list[Connection]] = {node_id: [] for node_id in self.nodes}
        for connection in workflow.connections:
            self.incoming[connection.target].append(connection)
        self._outgoing: dict[str, list[Connection]] = {node_id: [] for node_id in self.nodes}
        for connection in workflow.connections:
            self._outgoing[connection.source].append(connection)
        self._references: dict[str, frozenset[str]] = {}

    def sources(self, node_id: str) -> list[str]:
        """Ids of the nodes with a connection to this one."""
        return list(dict.fromkeys(connection.source for connection in self.incoming[node_id]))

    def skipped_after(self, source: str, left_through: str | None) -> tuple[str, ...]:
        """Nodes that are skipped, whatever others do, once ``source`` left so (None: was skipped itself).

        All of their connections are dead: they come from its other outputs, or from nodes like them.
        """
        undecided = {node_id: len(connections) for node_id, connections in self.incoming.items()}
        dead = [c for c in self._outgoing[source] if c.source_output != left_through]
        found: list[str] = []
        while dead:
            target = dead.pop().target
            undecided[target] -= 1
            if not undecided[target]:
                found.append(target)
                dead.extend(self._outgoing[target])
        return tuple(found)

    def references(self, node_id: str) -> frozenset[str]:
        """Ids of the nodes that expressions of this node name."""
        if node_id not in self._references:
            self._references[node_id] = self.names(node_id).intersection(self.nodes)
        return self._references[node_id]

    def names(self, node_id: str) -> frozenset[str]:
        """All that expressions of this node name: nodes, inputs, and what they stand for together."""
        node = self.nodes[node_id]
        found = find_references([node.config, node.for_each.items if node.for_each else None])
        return frozenset(reference.name for reference in found)

    def reads(self, node_id: str) -> Iterable[tuple[str, int | None]]:
        """Keys of the node runs to read before the node starts, its own among them."""
        wanted = [node_id, *self.sources(node_id), *sorted(self.references(node_id))]
        return [(name, None) for name in dict.fromkeys(wanted)]


class VersionReader:
    """Reads versions once per process: they never change."""

    def __init__(self, workflows: WorkflowStore) -> None:
        """``workflows`` is asked for what is not kept."""
        self._workflows = workflows
        self._kept: OrderedDict[tuple[str, int], PreparedWorkflow] = OrderedDict()
        self._lock = Lock()

    def read(self, workflow_id: str, version: int) -> PreparedWorkflow:
        """The version, indexed; NotFoundError."""
        key = (workflow_id, version)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        prepared = PreparedWorkflow(self._workflows.get_version(workflow_id, version).workflow)
        with self._lock:
            self._kept[key] = prepared
            while len(self._kept) > KEPT_VERSIONS:
                self._kept.popitem(last=False)
        return prepared
