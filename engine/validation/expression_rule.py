"""Rules on expressions: they can be read, and what they name is there when they are resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.errors import Problem
from engine.expression import RESERVED_NAMES, check_expressions, describe_mistake, find_references
from engine.json_value import JsonValue
from engine.validation.config_error import resolved_config
from engine.validation.subject import Subject
from engine.validation.text import did_you_mean
from engine.workflow import Node

_OF_ITEMS = ("item", "index")
_OF_ROUNDS = ("round",)
_ELSEWHERE = {
    **dict.fromkeys(_OF_ITEMS, "the config of a node with for_each"),
    **dict.fromkeys(_OF_ROUNDS, "the inputs and the condition of a loop"),
}


def _values(subject: Subject, node: Node) -> Iterator[tuple[str, JsonValue, tuple[str, ...]]]:
    """Where a node has expressions: the field, the value, and which names are known there besides others."""
    node_class = subject.types.get(node.type)
    late = node_class.late_fields if node_class is not None else ()
    config = resolved_config(node, node_class)
    items = _OF_ITEMS if node.for_each is not None else ()
    yield "config", {name: value for name, value in config.items() if name not in late}, items
    for name in late:
        if name in config:
            yield f"config.{name}", config[name], (*items, *_OF_ROUNDS)
    if node.for_each is not None:
        yield "for_each.items", node.for_each.items, ()


def expressions_can_be_read(subject: Subject) -> Iterator[Problem]:
    """Every expression is valid JMESPath within its limits."""
    for node in subject.workflow.nodes:
        for root, value, _ in _values(subject, node):
            for field, expression, message in check_expressions(value, root):
                yield Problem("bad_expression", describe_mistake(expression, message), node.id, field)


def references_are_upstream(subject: Subject) -> Iterator[Problem]:
    """An expression names nodes that come before its own, or inputs of the workflow."""
    for node in subject.workflow.nodes:
        upstream = subject.dag.upstream(node.id)
        seen: set[tuple[str, str]] = set()
        for root, value, known in _values(subject, node):
            for reference in find_references(value, root):
                message = _fault(subject, node, reference.name, upstream, known)
                if message is not None and (reference.field, reference.name) not in seen:
                    seen.add((reference.field, reference.name))
                    yield Problem("bad_reference", message, node.id, reference.field)


def _fault(
    subject: Subject, node: Node, name: str, upstream: frozenset[str], known: tuple[str, ...]
) -> str | None:
    if name in known:
        return None
    if name in _ELSEWHERE:
        return f"'{name}' is known only in {_ELSEWHERE[name]}"
    if (
        name in RESERVED_NAMES
        or name in upstream
        or (name in subject.input_names and name not in subject.nodes)
    ):
        return None
    return _misplaced(subject, node, name, upstream)


def _misplaced(subject: Subject, node: Node, name: str, upstream: frozenset[str]) -> str | None:
    """Why a name is none that can be read here, as far as nothing else of the document says so."""
    if name == node.id:
        return f"node '{name}' cannot use its own result; name a node before it"
    if name in subject.nodes:
        told = f"node '{name}' does not come before '{node.id}'; connect it, directly or through others"
        return told if subject.links_are_known else None
    names: Mapping[str, None] = dict.fromkeys((*upstream, *subject.input_names, *RESERVED_NAMES))
    told = f"'{name}' is neither a node before '{node.id}' nor an input{did_you_mean(name, sorted(names))}"
    return told if subject.names_are_known else None


EXPRESSION_RULES = (expressions_can_be_read, references_are_upstream)
