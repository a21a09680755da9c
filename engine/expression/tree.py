"""Walks over the tree of an expression: what it names, and what is wrong with it before it runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

from engine.expression.failure import SyntaxProblem, quote, suggest
from engine.expression.function import EXPREF_ARGUMENTS, FUNCTIONS
from engine.expression.limits import MAX_NESTING, MAX_TREE_DEPTH
from engine.json_value import JsonValue

# A node of jmespath's tree, {"type", "children", "value"} (see jmespath.ast); its shape varies by type.
Tree: TypeAlias = Any

# Kinds of which only the first child is evaluated where they stand; the others start from its value.
_CHAINS = frozenset(
    {"subexpression", "index_expression", "pipe", "projection", "value_projection", "filter_projection"}
)
_LEAVES = frozenset({"slice", "index", "literal", "field", "current", "identity"})


def walk(tree: Tree) -> Iterator[tuple[Tree, int, bool]]:
    """Every part with its depth, and whether it starts from the scope; in the order of the text."""
    waiting: list[tuple[Tree, int, bool]] = [(tree, 1, True)]
    while waiting:
        part, depth, at_root = waiting.pop()
        yield part, depth, at_root
        kind = part["type"]
        if kind in _LEAVES:
            continue
        inside = at_root and kind != "expref"
        children = [
            (child, depth + 1, inside and (position == 0 or kind not in _CHAINS))
            for position, child in enumerate(part["children"])
        ]
        waiting.extend(reversed(children))


def find_names(tree: Tree) -> tuple[str, ...]:
    """What the expression looks up in its scope: nodes, inputs and reserved names, each once."""
    names = (part["value"] for part, _, at_root in walk(tree) if at_root and part["type"] == "field")
    return tuple(dict.fromkeys(names))


def is_path(tree: Tree) -> bool:
    """Whether the expression does no more than point at a part of what is there."""
    return all(
        part["type"] in ("field", "index", "subexpression", "index_expression") for part, _, _ in walk(tree)
    )


def check_tree(tree: Tree, *, relative: bool) -> None:
    """Refuse, with SyntaxProblem, what cannot give data."""
    if tree["type"] == "expref":
        raise SyntaxProblem("'&' makes an argument for map, sort_by, min_by or max_by; remove it here")
    for part, depth, at_root in walk(tree):
        if depth > MAX_TREE_DEPTH:
            raise SyntaxProblem(
                f"the expression is a chain of more than {MAX_TREE_DEPTH} steps; "
                "do part of the work in a transform node"
            )
        kind = part["type"]
        if kind in ("current", "identity") and at_root and not relative:
            raise SyntaxProblem(
                "'@', '*' and '[…]' stand for nothing at the start of an expression; "
                "name a node or an input first, as in 'draft.output[*]'"
            )
        if kind == "literal":
            _check_literal(part["value"])
        elif kind == "slice" and part["children"][2] == 0:
            raise SyntaxProblem("the step of a slice must not be 0")
        elif kind == "function_expression":
            _check_call(part)
        elif kind not in _LEAVES:
            _refuse_expref(part["children"])


def _check_call(call: Tree) -> None:
    name, arguments = call["value"], call["children"]
    if name not in FUNCTIONS:
        raise SyntaxProblem(f"there is no function '{quote(name)}'{suggest(name, sorted(FUNCTIONS))}")
    least, most = FUNCTIONS[name].least, FUNCTIONS[name].most
    if len(arguments) < least or (most is not None and len(arguments) > most):
        takes = f"at least {least}" if most is None else f"{least}" if least == most else f"{least} to {most}"
        raise SyntaxProblem(f"{name}() takes {takes} arguments, not {len(arguments)}")
    wanted = EXPREF_ARGUMENTS.get(name)
    if wanted is not None and arguments[wanted]["type"] != "expref":
        raise SyntaxProblem(f"argument {wanted + 1} of {name}() must begin with '&', as in '&price'")
    _refuse_expref(argument for position, argument in enumerate(arguments) if position != wanted)


def _refuse_expref(parts: Any) -> None:
    if any(part["type"] == "expref" for part in parts):
        raise SyntaxProblem("'&' makes an argument for map, sort_by, min_by or max_by; remove it here")


def _check_literal(value: JsonValue) -> None:
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise SyntaxProblem(f"a literal is nested deeper than {MAX_NESTING} levels")
        if isinstance(part, float) and not math.isfinite(part):
            raise SyntaxProblem("a literal number is too large")
        if isinstance(part, dict):
            waiting.extend((element, depth + 1) for element in part.values())
        elif isinstance(part, list):
            waiting.extend((element, depth + 1) for element in part)
