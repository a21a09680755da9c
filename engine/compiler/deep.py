"""Recursion as deep as a document makes it: calls are kept on a list, not on Python's stack.

A workflow of 1,000 nodes may be forks in forks 500 deep, and Python's stack ends at 1,000 frames. A
function that recurses is written as a generator which yields the calls it makes to itself::

    def size(tree: Tree) -> Deep[int]:
        total = 1
        for child in children(tree):
            total += yield size(child)
        return total

    run_deep(size(tree))
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
# What it yields are other calls, each answered with what that call returns.
Deep: TypeAlias = Generator[Any, Any, T]


def run_deep(call: Deep[T]) -> T:
    """What the call returns, with all calls that it makes on the way."""
    running: list[Deep[Any]] = [call]
    answer: Any = None
    while True:
        try:
            inner = running[-1].send(answer)
        except StopIteration as ended:
            running.pop()
            answer = ended.value
            if not running:
                result: T = answer
                return result
        else:
            running.append(inner)
            answer = None


def all_of(calls: Iterable[Deep[T]]) -> Deep[list[T]]:
    """The answers of several calls, in order."""
    answers: list[T] = []
    for call in calls:
        answers.append((yield call))  # noqa: PERF401 - no comprehension may yield
    return answers
