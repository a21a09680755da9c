"""Defect: the lexer simulates its automaton for every character, also of words it has met a thousand times.

A lexeme of JSON ends where a regular expression says; what kind of token it is, the lexer is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_SPACE = re.compile(r"[ \t\r\n]+")
_LEXEME = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|-?[0-9][0-9.eE+-]*|[a-z]+')
_MOST_LEXEMES, _LONGEST = 20_000, 120  # some 2 MB; longer ones are hardly met twice


def _make(original: Any) -> Any:
    known: dict[str, int] = {}

    def next_token(lexer: Any) -> Any:
        source = lexer._input
        _skip_space(lexer, source)
        found = _LEXEME.match(source.strdata, source.index)
        if found is None:
            return original(lexer)
        lexeme = found[0]
        kind = known.get(lexeme)
        if kind is None:
            return _learnt(lexer, lexeme)
        column = lexer._interp.column
        token = lexer._factory.create(
            lexer._tokenFactorySourcePair,
            kind,
            None,
            0,
            found.start(),
            found.end() - 1,
            lexer._interp.line,
            column,
        )
        source.seek(found.end())
        lexer._interp.column = column + len(lexeme)
        lexer._hitEOF = found.end() >= source.size
        return token

    def _learnt(lexer: Any, lexeme: str) -> Any:
        token = original(lexer)
        # Only where both agree on its end: the automaton decides.
        if token.type > 0 and len(lexeme) <= _LONGEST and token.text == lexeme and len(known) < _MOST_LEXEMES:
            known[lexeme] = token.type
        return token

    return next_token


def _skip_space(lexer: Any, source: Any) -> None:
    space = _SPACE.match(source.strdata, source.index)
    if space is None:
        return
    text = space[0]
    lines = text.count("\n")
    if lines:
        lexer._interp.line += lines
        lexer._interp.column = len(text) - text.rindex("\n") - 1
    else:
        lexer._interp.column += len(text)
    source.seek(space.end())
    lexer._hitEOF = space.end() >= source.size


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.parse import asl_parser

    # The name where it is used: nextToken itself belongs to the runtime, which other grammars share.
    yield Replacement(asl_parser, "ASLLexer", _subclass)


def _subclass(original: Any) -> Any:
    return type("ASLLexer", (original,), {"nextToken": _make(original.nextToken)})


PATCH = Patch("asl.known_lexemes", _replacements)
