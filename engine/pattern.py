"""Regular expressions in linear time: Thompson's construction, run over sets of states.

Python's own ``re`` backtracks, and a pattern such as ``(a+)+$`` holds it for hours; a timeout cannot be
set on it, and patterns come from whoever writes a workflow. RE2's wheel for x86_64 needs a newer C library
(2.27) than Lambda's Python 3.11 has (2.26). Here each character is looked at once, whatever the pattern;
sets of states that were met before are looked up (https://swtch.com/~rsc/regexp/regexp1.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from engine.pattern_syntax import (
    Anchor,
    Char,
    CharTest,
    Choice,
    Part,
    PatternError,
    Repeat,
    Sequence,
    is_word,
    parse_pattern,
)

__all__ = ["PatternError", "check_pattern", "search_pattern"]

# States that a pattern may need: `{m,n}` copies its part.
MAX_STATES: Final = 2_000
# Characters of the text; at most 0.1 s when the sets of states are known.
MAX_TEXT_CHARS: Final = 200_000
# States looked at while new sets are made; about a second.
MAX_STEPS: Final = 2_000_000
# Sets of states kept while one text is searched.
MAX_KEPT_SETS: Final = 10_000


@dataclass
class _State:
    """A test to pass or an anchor to hold, or neither; then on to each of ``following``."""

    following: list[int] = field(default_factory=list)
    test: CharTest | None = None
    anchor: str | None = None


class _Machine:
    """The states of a pattern; state 0 is the end."""

    def __init__(self, tree: Part, ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self.states = [_State()]
        # Empty groups need no state, and could be repeated for ever.
        self._parts_left = 10 * MAX_STATES
        self.start = self._add_part(tree, 0)

    def _add(self, state: _State) -> int:
        if len(self.states) >= MAX_STATES:
            raise PatternError(f"the pattern needs more than {MAX_STATES:,} states; repeat less")
        self.states.append(state)
        return len(self.states) - 1

    def _add_part(self, part: Part, then: int) -> int:
        """The state at which the part begins, when what follows it begins at ``then``."""
        self._parts_left -= 1
        if self._parts_left < 0:
            raise PatternError("the pattern repeats too much; repeat less")
        if isinstance(part, Char):
            test = _without_case(part.test) if self._ignore_case else part.test
            return self._add(_State([then], test=test))
        if isinstance(part, Anchor):
            return self._add(_State([then], anchor=part.kind))
        if isinstance(part, Sequence):
            for each in reversed(part.parts):
                then = self._add_part(each, then)
            return then
        if isinstance(part, Choice):
            return self._add(_State([self._add_part(each, then) for each in part.parts]))
        return self._add_repeat(part, then)

    def _add_repeat(self, repeat: Repeat, then: int) -> int:
        if repeat.most is None:
            loop = self._add(_State([then]))
            self.states[loop].following.append(self._add_part(repeat.part, loop))
            then = loop
        else:
            end = then
            for _ in range(repeat.most - repeat.least):
                then = self._add(_State([end, self._add_part(repeat.part, then)]))
        for _ in range(repeat.least):
            then = self._add_part(repeat.part, then)
        return then


def _without_case(test: CharTest) -> CharTest:
    return lambda character: test(character) or test(character.lower()) or test(character.upper())


class _Search:
    """One search: the sets of states that it met, and the steps that it has left."""

    def __init__(self, machine: _Machine) -> None:
        self._machine = machine
        self._steps_left = MAX_STEPS
        self._kept: dict[tuple[frozenset[int], str, int], frozenset[int]] = {}

    def run(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text."""
        current = self._close([self._machine.start], None, text[:1] or None)
        for position, character in enumerate(text):
            if 0 in current:
                return True
            after = text[position + 1] if position + 1 < len(text) else None
            key = (current, character, 2 if after is None else int(is_word(after)))
            found = self._kept.get(key)
            if found is None:
                if len(self._kept) >= MAX_KEPT_SETS:
                    self._kept.clear()
                found = self._kept[key] = self._advance(current, character, after)
            current = found
        return 0 in current

    def _advance(self, current: frozenset[int], character: str, after: str | None) -> frozenset[int]:
        states = self._machine.states
        reached = [self._machine.start]  # a match may begin at every character
        for number in current:
            state = states[number]
            if state.test is not None and state.test(character):
                reached.extend(state.following)
        return self._close(reached, character, after)

    def _close(self, numbers: Iterable[int], before: str | None, after: str | None) -> frozenset[int]:
        """The states that are reached without a further character."""
        states = self._machine.states
        waiting, seen = list(numbers), set[int]()
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            state = states[number]
            if state.test is None and (state.anchor is None or _holds(state.anchor, before, after)):
                waiting.extend(state.following)
        self._steps_left -= len(seen)
        if self._steps_left < 0:
            raise PatternError(
                "the pattern takes too long on this text; make it simpler, or shorten the text"
            )
        return frozenset(number for number in seen if number == 0 or states[number].test is not None)


def _holds(anchor: str, before: str | None, after: str | None) -> bool:
    if anchor == "^":
        return before is None
    if anchor == "$":
        return after is None
    boundary = (before is not None and is_word(before)) != (after is not None and is_word(after))
    return boundary == (anchor == "b")


@lru_cache(maxsize=256)
def _compile(pattern: str, ignore_case: bool) -> _Machine:
    return _Machine(parse_pattern(pattern), ignore_case)


def check_pattern(pattern: str) -> str | None:
    """What is wrong with a pattern, or None."""
    try:
        _compile(pattern, ignore_case=False)
    except PatternError as error:
        return str(error)
    return None


def search_pattern(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the pattern matches anywhere in the text (``^…$`` for all of it); PatternError.

    ``^`` and ``$`` are the beginning and the end of the text; ``.`` is every character but a new line.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise PatternError(f"the text is longer than the {MAX_TEXT_CHARS:,} characters that are searched")
    return _Search(_compile(pattern, ignore_case)).run(text)
