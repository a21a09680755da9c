"""What the rules look at: a workflow, its graph, and the node types that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from engine.dag import Dag
from engine.errors import Problem
from engine.node import ERROR, INPUT_TYPE, BaseNode
from engine.registry import NodeRegistry
from engine.validation.config_error import config_problems
from engine.validation.salvage import Salvaged
from engine.workflow import Connection, Node, Workflow


@dataclass(frozen=True)
class Subject:
    """A workflow under examination; of nodes with the same id the first counts.

    ``salvaged`` where it is what is left of a document with problems.
    """

    workflow: Workflow
    registry: NodeRegistry
    salvaged: Salvaged | None = None

    @property
    def names_are_known(self) -> bool:
        """Whether no node is there beside those of the workflow."""
        return self.salvaged is None or self.salvaged.names_are_known

    @property
    def links_are_known(self) -> bool:
        """Whether no connection is there beside those of the workflow."""
        return self.salvaged is None or self.salvaged.links_are_known

    def connections(self) -> Iterator[tuple[str, Connection]]:
        """Connections, each with its place in the document."""
        every = self.workflow.connections
        positions = range(len(every)) if self.salvaged is None else self.salvaged.positions
        return ((f"connections[{index}]", one) for index, one in zip(positions, every, strict=True))

    @cached_property
    def dag(self) -> Dag:
        """The graph."""
        return Dag.of(self.workflow)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Nodes by id."""
        return {node.id: node for node in reversed(self.workflow.nodes)}

    @cached_property
    def types(self) -> Mapping[str, type[BaseNode]]:
        """Node types by name, those that exist."""
        names = {node.type for node in self.workflow.nodes}
        return {name: self.registry.get(name) for name in sorted(names) if name in self.registry}

    def typed_nodes(self) -> Iterator[tuple[Node, type[BaseNode]]]:
        """Nodes whose type exists."""
        for node in self.workflow.nodes:
            if node.type in self.types:
                yield node, self.types[node.type]

    @cached_property
    def config_problems(self) -> Mapping[str, list[Problem]]:
        """What does not fit in the config of each node whose type exists."""
        found: dict[str, list[Problem]] = {}
        for node, node_class in self.typed_nodes():
            found.setdefault(node.id, []).extend(config_problems(node, node_class))
        return found

    def outputs(self, node: Node) -> tuple[str, ...] | None:
        """The outputs that connections may leave a node from; None where that cannot be told."""
        node_class = self.types.get(node.type)
        if node_class is None:
            return None
        if not self.config_problems[node.id]:
            own = node_class.outputs_for(node.config)
        elif node_class.has_fixed_outputs():
            own = node_class.outputs
        else:
            return None
        return (*own, ERROR) if node.on_error == "output" and ERROR not in own else own

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """What the workflow's input nodes are named, as far as that is written out."""
        return tuple(name for node in self.workflow.nodes if (name := input_name(node)) is not None)


def input_name(node: Node) -> str | None:
    """The name under which an input node's value is given; None for other nodes."""
    name = (node.config.get("name") or node.id) if node.type == INPUT_TYPE else None
    return name if isinstance(name, str) else None


Rule: TypeAlias = Callable[[Subject], Iterator[Problem]]
