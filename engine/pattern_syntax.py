"""Regular expressions without what can make them slow: their syntax, parsed to a tree.

Known: literals, ``.``, classes, ``\\d \\w \\s \\b`` and their opposites, ``^ $``, groups, ``|``, and
``* + ? {m,n}`` (a lazy ``?`` after them changes nothing, since only whether there is a match is asked).
References to groups and lookaround are refused: they are what takes a matcher out of linear time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

# Characters of a pattern, and groups inside each other; nobody can read more.
MAX_PATTERN_CHARS: Final = 1_000
MAX_GROUP_DEPTH: Final = 30
# The highest count in {m,n}; together with the bound on states in `pattern`.
MAX_REPEAT: Final = 1_000

CharTest: TypeAlias = Callable[[str], bool]


class PatternError(ValueError):
    """The pattern is not understood, or too costly; the message says where and what to write instead."""


@dataclass(frozen=True)
class Char:
    """One character that passes a test."""

    test: CharTest


@dataclass(frozen=True)
class Anchor:
    """A place between characters: ``^``, ``$``, ``b`` or ``B``."""

    kind: str


@dataclass(frozen=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Choice:
    """Any one of the parts."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Repeat:
    """A part at least ``least`` times, and at most ``most`` times (None: any number)."""

    part: Part
    least: int
    most: int | None


Part: TypeAlias = Char | Anchor | Sequence | Choice | Repeat


def is_word(character: str) -> bool:
    """What ``\\w`` matches: letters, digits and the underscore."""
    return character.isalnum() or character == "_"


def _any_but_newline(character: str) -> bool:
    return character != "\n"


_CLASSES: Final[dict[str, CharTest]] = {
    "d": str.isdecimal,
    "D": lambda character: not character.isdecimal(),
    "w": is_word,
    "W": lambda character: not is_word(character),
    "s": str.isspace,
    "S": lambda character: not character.isspace(),
}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}


def parse_pattern(pattern: str) -> Part:
    """The tree of a pattern; PatternError."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN_CHARS:,} characters")
    return _Parser(pattern).parse()


class _Parser:
    """Recursive descent, one level of recursion for each group."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._at, self._depth = pattern, 0, 0

    def parse(self) -> Part:
        tree = self._choice()
        if self._at < len(self._pattern):
            raise self._error("')' closes nothing; write '\\)' for a parenthesis")
        return tree

    def _error(self, said: str) -> PatternError:
        return PatternError(f"the pattern is not understood at character {self._at + 1}: {said}")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, why: str = "it ends too early") -> str:
        character = self._peek()
        if not character:
            raise self._error(why)
        self._at += 1
        return character

    def _choice(self) -> Part:
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        counts = self._counts()
        if counts is None:
            return part
        if isinstance(part, Anchor):
            raise self._error("an anchor cannot be repeated")
        if self._peek() == "?":
            self._at += 1
        if self._peek() in ("*", "+") or self._counts() is not None:
            raise self._error("one repetition follows another; put the first in a group")
        return Repeat(part, *counts)

    def _counts(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self._peek() in simple:
            return simple[self._take()]
        end = self._pattern.find("}", self._at)
        if self._peek() != "{" or end == -1:
            return None
        least, comma, most = self._pattern[self._at + 1 : end].partition(",")
        if not (least + most).isascii() or not (least + most).isdigit():
            return None
        counts = int(least or 0), int(most) if most else None if comma else int(least)
        if max(counts[0], counts[1] or 0) > MAX_REPEAT or (counts[1] is not None and counts[1] < counts[0]):
            raise self._error(f"a count must go from low to high, and not over {MAX_REPEAT:,}")
        self._at = end + 1
        return counts

    def _atom(self) -> Part:
        if self._counts() is not None:
            raise self._error("a repetition repeats nothing; write a backslash before it for the character")
        character = self._take()
        if character == "(":
            return self._group()
        if character in "^$":
            return Anchor(character)
        if character == "\\" and self._peek() in ("b", "B"):
            return Anchor(self._take())
        return Char(self._char_test(character))

    def _char_test(self, character: str) -> CharTest:
        if character == "[":
            return self._class()
        if character == ".":
            return _any_but_newline
        test = self._escape() if character == "\\" else character
        return test if callable(test) else test.__eq__

    def _group(self) -> Part:
        self._depth += 1
        if self._depth > MAX_GROUP_DEPTH:
            raise self._error(f"groups are nested deeper than {MAX_GROUP_DEPTH} levels")
        if self._peek() == "?":
            if self._pattern[self._at : self._at + 2] != "?:":
                raise self._error("of '(?…)' only '(?:…)' is known; for case, set ignore_case")
            self._at += 2
        part = self._choice()
        if self._peek() != ")":
            raise self._error("a group is not closed with ')'")
        self._at += 1
        self._depth -= 1
        return part

    def _escape(self) -> CharTest | str:
        """What follows a backslash: a test for a class, or one character."""
        character = self._take("a backslash stands at the end")
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in "xu":
            digits = self._pattern[self._at : self._at + (2 if character == "x" else 4)]
            if len(digits) != (2 if character == "x" else 4) or not all(
                digit in "0123456789abcdefABCDEF" for digit in digits
            ):
                raise self._error(f"'\\{character}' needs {2 if character == 'x' else 4} hexadecimal digits")
            self._at += len(digits)
            return chr(int(digits, 16))
        if character.isalnum():
            raise self._error(f"'\\{character}' is not known; references to groups are not either")
        return character

    def _class(self) -> CharTest:
        negated = self._peek() == "^"
        self._at += negated
        tests: list[CharTest] = []
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if callable(low):
                tests.append(low)
            elif self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member()
                if callable(high) or high < low:
                    raise self._error("a range must go from a lower to a higher character")
                tests.append(_make_range(low, high))
            else:
                tests.append(low.__eq__)
        self._at += 1
        return lambda character: any(test(character) for test in tests) != negated

    def _member(self) -> CharTest | str:
        character = self._take("a class is not closed with ']'")
        return self._escape() if character == "\\" else character


def _make_range(low: str, high: str) -> CharTest:
    return lambda character: low <= character <= high
