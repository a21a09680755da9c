"""What is checked before a document has a shape: depth, size, and what JSON text cannot hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from engine.errors import Problem
from engine.json_value import JsonObject, JsonValue, dump_json
from engine.validation.text import PathPart, dotted
from engine.workflow import NODE_ID_PATTERN

# A request to Lambda holds 6 MB, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html,
# and every cold executor reads the document: 1,000 nodes take about 300 KB.
MAX_DOCUMENT_BYTES = 1_000_000
# Deeper than any schema that people write, and far from Python's limit of recursion.
MAX_NESTING = 64
# What a double still holds, in bits.
MAX_NUMBER_BITS = 1_024

_NODE_ID = re.compile(NODE_ID_PATTERN)
_Place = tuple[PathPart, ...]


def read_json(document: JsonValue) -> tuple[list[Problem], JsonObject | None]:
    """Problems of the JSON itself, and the document without what is at fault; None: say no more of it."""
    if not isinstance(document, Mapping):
        return [Problem("not_an_object", "a workflow is a JSON object with a name and nodes")], None
    problems = list(_find(document))
    readable: JsonObject = _readable(document) if problems else dict(document)
    size = len(dump_json(readable).encode())
    if size <= MAX_DOCUMENT_BYTES:
        return problems, readable
    told = (
        f"the document has {size:,} bytes, the limit is {MAX_DOCUMENT_BYTES:,}: "
        "keep large data in files or inputs, or split the workflow"
    )
    return [*problems, Problem("document_too_large", told)], None


def locate(document: JsonValue, path: _Place) -> tuple[str | None, str | None]:
    """The node that a path leads into, if it has a usable id, and the field inside it or the document."""
    if len(path) > 1 and path[0] == "nodes" and isinstance(path[1], int):
        nodes = document.get("nodes")
        node = nodes[path[1]] if isinstance(nodes, list | tuple) and path[1] < len(nodes) else None
        node_id = node.get("id") if isinstance(node, Mapping) else None
        if isinstance(node_id, str) and _NODE_ID.match(node_id):
            return node_id, dotted(path[2:]) or None
    return None, dotted(path) or None


def _find(document: JsonValue) -> Iterator[Problem]:
    waiting: list[tuple[_Place, JsonValue]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        message = _fault(value, len(path))
        if message is not None:
            node, field = locate(document, path)
            yield Problem(message[0], message[1], node, field)
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if not isinstance(key, str) or _fault(key, 0) is not None:
                    node, field = locate(document, (*path, str(key)))
                    yield Problem(
                        "bad_key", "a key must be text; spell it without lone surrogates", node, field
                    )
                else:
                    waiting.append(((*path, key), inner))
        elif isinstance(value, list | tuple):
            waiting.extend(((*path, index), inner) for index, inner in enumerate(value))


def _readable(value: JsonValue, depth: int = 0) -> JsonValue:
    """A value with something harmless in each place at fault; a key that is no text is left out."""
    fault = _fault(value, depth)
    if fault is not None:
        return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else None
    if isinstance(value, Mapping):
        return {
            key: _readable(inner, depth + 1)
            for key, inner in value.items()
            if isinstance(key, str) and _fault(key, 0) is None
        }
    if isinstance(value, list | tuple):
        return [_readable(inner, depth + 1) for inner in value]
    return value


def _fault(value: JsonValue, depth: int) -> tuple[str, str] | None:
    """Code and message of what is wrong with a value in itself."""
    if depth > MAX_NESTING:
        return "nested_too_deep", f"values are nested more than {MAX_NESTING} deep; flatten them"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "lone_surrogate", "the text holds half of a surrogate pair (\\ud800 to \\udfff); remove it"
    if isinstance(value, float) and not math.isfinite(value):
        return "not_a_number", "NaN and infinities are no JSON; write a number, a text or null"
    if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
        return "number_too_large", "the number is too large to compute with; write it as a text"
    return None
