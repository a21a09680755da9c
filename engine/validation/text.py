"""How places and strange texts are written in a problem."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.errors import Problem

# A message is read by people: what is longer was pasted into it from the document.
MAX_MESSAGE_CHARACTERS = 1_000
MAX_FIELD_CHARACTERS = 300

PathPart = str | int


def dotted(path: Sequence[PathPart]) -> str:
    """``("config", "rules", 0, "value")`` as ``config.rules[0].value``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` where a known word is close, else nothing."""
    close = difflib.get_close_matches(word[:100], list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def tidy(problem: Problem) -> Problem:
    """The problem with nothing in it that JSON cannot carry or a reader would drown in."""
    return replace(
        problem,
        message=_tidy(problem.message, MAX_MESSAGE_CHARACTERS),
        field=None if problem.field is None else _tidy(problem.field, MAX_FIELD_CHARACTERS),
        node=None if problem.node is None else _tidy(problem.node, MAX_FIELD_CHARACTERS),
    )


def _tidy(text: str, limit: int) -> str:
    whole = text.encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"
