"""Graphs that are hard to compile, each for another reason, as documents of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from engine.json_value import JsonObject

WIDTH = 5  # nodes of a layer, as many as a branchy workflow has side by side


def layers(size: int) -> JsonObject:
    """Layers of ``WIDTH`` nodes, each node after two of the layer before: one prime core."""
    links = [
        (f"n{layer - WIDTH + (number + step) % WIDTH}", "main", f"n{layer + number}")
        for layer in range(WIDTH, size, WIDTH)
        for number in range(min(WIDTH, size - layer))
        for step in (0, 1)
    ]
    return _document("layers", {f"n{number}": "http" for number in range(size)}, links)


def nested_forks(size: int) -> JsonObject:
    """Conditionals of which each is reached through a node behind the one before: forks in forks."""
    links = [(f"if{number}", "true", f"then{number}") for number in range(size // 2)]
    links += [(f"then{number}", "main", f"if{number + 1}") for number in range(size // 2 - 1)]
    return _document("nested forks", _pairs(size, {"if": "conditional", "then": "http"}), links)


def else_if(size: int) -> JsonObject:
    """Conditionals of which each is reached through ``false`` of the one before, and a node for each."""
    links = [(f"if{number}", "true", f"then{number}") for number in range(size // 2)]
    links += [(f"if{number}", "false", f"if{number + 1}") for number in range(size // 2 - 1)]
    return _document("else if", _pairs(size, {"if": "conditional", "then": "http"}), links)


def comb(size: int) -> JsonObject:
    """A chain with a node beside each link: branches in branches."""
    links = [(f"back{number}", "main", f"tooth{number}") for number in range(size // 2)]
    links += [(f"back{number}", "main", f"back{number + 1}") for number in range(size // 2 - 1)]
    return _document("comb", _pairs(size, {"back": "http", "tooth": "http"}), links)


SHAPES: Mapping[str, Callable[[int], JsonObject]] = {
    "layers": layers,
    "nested forks": nested_forks,
    "else if": else_if,
    "comb": comb,
}
_CONFIGS = {
    "http": {"url": "https://example.org"},
    "conditional": {"left": 1, "operator": "equals", "right": 1},
}


def _pairs(size: int, types: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}{number}": of_type for number in range(size // 2) for name, of_type in types.items()}


def _document(name: str, types: Mapping[str, str], links: Iterable[tuple[str, str, str]]) -> JsonObject:
    return {
        "name": f"{name} of {len(types)}",
        "nodes": [
            {"id": node_id, "type": of_type, "config": _CONFIGS[of_type]}
            for node_id, of_type in types.items()
        ],
        "connections": [
            {"source": source, "source_output": output, "target": target} for source, output, target in links
        ],
    }
