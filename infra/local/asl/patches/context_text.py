"""Defect: the text of each part of the parse tree is put together, for errors that hardly ever come.

And anew at every level: a minute for Parallels that nest 500 deep. The tokens from a part's first to its last
are its text, so that a slice of all that is not blank serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from infra.local.patch import Patch, Replacement

_NAME = "_text_of_tokens"


def _make(original: Any) -> Any:
    def get_text(context: Any) -> str:
        first, last = context.start, context.stop
        if first is None or last is None or context.parentCtx is None or context.getChildCount() == 0:
            text: str = original(context)  # the root's last token is not what ends it: the end of file is
            return text
        if first is last:
            return str(first.text)
        text, starts = _joined(context.parser.getTokenStream())
        return text[starts[first.tokenIndex] : starts[last.tokenIndex + 1]]

    return get_text


def _joined(stream: Any) -> tuple[str, list[int]]:
    """The text of all tokens of a stream that was read to its end, and where each of them begins in it."""
    known: tuple[str, list[int]] | None = getattr(stream, _NAME, None)
    if known is None:
        texts = [token.text if token.channel == 0 else "" for token in stream.tokens]
        known = "".join(texts), [0, *accumulate(map(len, texts))]
        setattr(stream, _NAME, known)
    return known


def _replacements() -> Iterator[Replacement]:
    from antlr4 import RuleContext

    yield Replacement(RuleContext, "getText", _make)


PATCH = Patch("asl.context_text", _replacements)
