"""Defect: the text of a part of the parse tree is put together anew at each of its levels.

The tokens from its first to its last are that text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    def get_text(context: Any) -> str:
        first, last = context.start, context.stop
        if first is None or last is None or context.parentCtx is None or context.getChildCount() == 0:
            text: str = original(context)  # the root's last token is not what ends it: the end of file is
            return text
        if first is last:
            return str(first.text)
        tokens = context.parser.getTokenStream().tokens[first.tokenIndex : last.tokenIndex + 1]
        return "".join([token.text for token in tokens if token.channel == 0])

    return get_text


def _replacements() -> Iterator[Replacement]:
    from antlr4 import RuleContext

    yield Replacement(RuleContext, "getText", _make)


PATCH = Patch("asl.context_text", _replacements)
