"""What expressions may name: results of nodes, inputs, the execution, and the item under for_each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.expression.failure import Missing, quote, suggest
from engine.json_value import JsonObject, JsonValue

# Names that are no node: node ids and inputs must not take them.
RESERVED_NAMES: Final = frozenset({"inputs", "execution", "item", "index", "round"})
# The item of a scope outside of for_each; null is an item.
NO_ITEM: Final[JsonValue] = ...


@dataclass(frozen=True)
class Scope:
    """``results`` by node id of the nodes that ran, ``node_ids`` of all nodes of the workflow."""

    results: Mapping[str, JsonObject] = field(default_factory=dict)
    inputs: JsonObject = field(default_factory=dict)
    execution: JsonObject = field(default_factory=dict)
    item: JsonValue = NO_ITEM
    index: int | None = None
    # Of a node that goes round by round; None elsewhere.
    round: JsonObject | None = None
    node_ids: frozenset[str] = frozenset()

    def look_up(self, name: str) -> JsonValue:
        """The value of a name: reserved, then a node's result, then an input; Missing says what exists."""
        if name in RESERVED_NAMES:
            return self._reserved(name)
        if name in self.results:
            return self.results[name]
        if name in self.node_ids:
            raise Missing(
                f"node '{name}' has no result (it was skipped, or runs later)",
                f"; write '{name}.output || …' to say what to use instead",
            )
        if name in self.inputs:
            return self.inputs[name]
        known = sorted({*self.node_ids, *self.results, *self.inputs, *RESERVED_NAMES})
        raise Missing(f"there is no node and no input '{quote(name)}'", suggest(name, known))

    def _reserved(self, name: str) -> JsonValue:
        if name == "inputs":
            return self.inputs
        if name == "execution":
            return self.execution
        if name == "round":
            if self.round is None:
                raise Missing("'round' exists only in the inputs and the condition of a loop")
            return self.round
        value = self.item if name == "item" else NO_ITEM if self.index is None else self.index
        if value is NO_ITEM:
            raise Missing(f"'{name}' exists only in a node with for_each")
        return value
