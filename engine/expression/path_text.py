"""The text of a path, for error messages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.expression.tree import Tree

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def write_path(steps: Sequence[Tree], then: str | None = None) -> str:
    """The steps, and ``then`` after them, as written; what is more than a path is shortened to ``(…)``."""
    text = ""
    for step in steps:
        kind = step["type"]
        if kind == "field":
            name = step["value"] if _PLAIN.match(step["value"]) else f'"{step["value"]}"'
            text += f".{name}" if text else name
        elif kind == "index":
            text += f"[{step['value']}]"
        elif kind in ("subexpression", "index_expression"):
            inner = write_path(step["children"])
            text += f".{inner}" if text and not inner.startswith("[") else inner
        elif kind == "current":
            text += "@"
        elif kind != "identity":
            text += "(…)"
    if not then:
        return text
    return f"{text}.{then}" if text and not then.startswith("[") else f"{text}{then}"
