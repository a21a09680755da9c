"""Texts with expressions: where `{{ … }}` begins and ends.

A backslash before `{{` makes it plain text (`\\\\{{` is a backslash and an expression). Inside an
expression, braces of multi-select hashes and everything in quotes are skipped, so that
``{{ {a: x.output, b: '}}'} }}`` is one expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.expression.failure import SyntaxProblem, quote
from engine.expression.limits import MAX_EXPRESSION_CHARS

OPEN, CLOSE = "{{", "}}"
_QUOTES = "'\"`"
# Texts longer than this are not kept: a prompt with a document in it is parsed in milliseconds anyway.
_KEPT_CHARS = 10_000


@dataclass(frozen=True)
class Template:
    """A text taken apart: plain texts and expressions in turn, ``texts`` one longer than ``expressions``."""

    texts: tuple[str, ...]
    expressions: tuple[str, ...]

    @property
    def single(self) -> bool:
        """Whether the text is one expression and nothing else, so that its value keeps its type."""
        return self.texts == ("", "")


def has_expression(text: str) -> bool:
    """Whether the text needs to be taken apart at all."""
    return OPEN in text


def parse_template(text: str) -> Template:
    """Take a text apart; SyntaxProblem when an expression does not end."""
    return _parse_kept(text) if len(text) <= _KEPT_CHARS else _parse(text)


@lru_cache(maxsize=512)
def _parse_kept(text: str) -> Template:
    return _parse(text)


def _parse(text: str) -> Template:
    texts: list[str] = []
    expressions: list[str] = []
    plain: list[str] = []
    position = 0
    while (start := text.find(OPEN, position)) != -1:
        backslashes = _count_backslashes(text, start, position)
        plain.append(text[position : start - backslashes] + "\\" * (backslashes // 2))
        if backslashes % 2:
            plain.append(OPEN)
            position = start + len(OPEN)
            continue
        end = _find_end(text, start + len(OPEN))
        texts.append("".join(plain))
        plain = []
        expressions.append(text[start + len(OPEN) : end].strip())
        position = end + len(CLOSE)
    plain.append(text[position:])
    texts.append("".join(plain))
    return Template(tuple(texts), tuple(expressions))


def _count_backslashes(text: str, end: int, start: int) -> int:
    first = end
    while first > start and text[first - 1] == "\\":
        first -= 1
    return end - first


def _find_end(text: str, start: int) -> int:
    """Where the `}}` of the expression stands that begins at ``start``."""
    depth, quoted, position = 0, "", start
    last = min(len(text), start + MAX_EXPRESSION_CHARS + 2)
    while position < last:
        character = text[position]
        if quoted:
            if character == "\\":
                position += 1
            elif character == quoted:
                quoted = ""
        elif character in _QUOTES:
            quoted = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "}" and text.startswith(CLOSE, position):
            return position
        position += 1
    raise _unclosed(text, start, quoted)


def _unclosed(text: str, start: int, quoted: str) -> SyntaxProblem:
    begins = quote(text[start - len(OPEN) : start + 40])
    if len(text) - start > MAX_EXPRESSION_CHARS:
        return SyntaxProblem(
            f"'{begins}' does not end within {MAX_EXPRESSION_CHARS:,} characters; close it with '}}}}', "
            "or write '\\{{' where plain text is meant"
        )
    if quoted:
        return SyntaxProblem(
            f"'{begins}' opens a quote {quoted} that is not closed; close it before the '}}}}'"
        )
    return SyntaxProblem(
        f"'{begins}' is not closed; close it with '}}}}', or write '\\{{{{' where plain text is meant"
    )
