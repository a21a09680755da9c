"""The tree of errors is complete, and the names that go over the wire stay what they are."""

from __future__ import annotations

import json
from pathlib import Path

import engine.errors
from engine.errors import WIRE_ERRORS, MiniN8nError, NodeError, Problem
from engine.runner.failure import wire_error

GOLDEN = Path(__file__).parents[1] / "golden"
# Names that Step Functions and Lambda give errors; every other name in a definition is one of ours.
FOREIGN = ("States.", "Lambda.", "Runtime.", "Sandbox.")


def classes() -> dict[str, type[MiniN8nError]]:
    found = vars(engine.errors).values()
    return {
        item.__name__: item for item in found if isinstance(item, type) and issubclass(item, MiniN8nError)
    }


def named_errors(part: object) -> set[str]:
    """Every name that a Retry or a Catch inside a definition matches."""
    if isinstance(part, dict):
        own = set(part.get("ErrorEquals", ()))
        return own.union(*(named_errors(value) for value in part.values()), set())
    if isinstance(part, list):
        return set().union(*(named_errors(value) for value in part))
    return set()


def test_the_drawn_tree_holds_every_class_under_its_parent() -> None:
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (engine.errors.__doc__ or "").split("::")[1].split("Step Functions")[0].splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        if not words.strip():
            continue
        depth, name = len(words) - len(words.lstrip()), words.split()[0]
        above = [(known, parent) for known, parent in above if known < depth]
        drawn[name] = above[-1][1] if above else "Exception"
        above.append((depth, name))
    assert drawn == {name: found.__mro__[1].__name__ for name, found in classes().items()}


def test_every_error_that_a_definition_names_is_in_the_tree() -> None:
    names = {
        name
        for path in GOLDEN.glob("*/definition.json")
        for name in named_errors(json.loads(path.read_text("utf-8")))
        if not name.startswith(FOREIGN)
    }
    assert names == {found.__name__ for found in WIRE_ERRORS}


def test_names_on_the_wire_are_stable() -> None:
    """Machines that were published name these: renaming one would end their retries."""
    assert [found.__name__ for found in WIRE_ERRORS] == [
        "RetryableNodeError",
        "NodeTimeoutError",
        "UnavailableError",
    ]


def test_what_a_node_raises_reaches_the_machine_under_the_name_that_it_matches() -> None:
    for name, found in classes().items():
        if not issubclass(found, NodeError):
            continue
        error = found("told", expression="x") if name == "ExpressionError" else found("told")
        wire = wire_error(error, "a")
        expected = name if found in WIRE_ERRORS else "NodeError"
        assert (type(wire).__name__, str(wire)) == (expected, "node 'a' failed; its node run says why")


def test_a_problem_is_a_json_object() -> None:
    problem = Problem("cycle", "break it", None, "connections")
    assert problem.as_dict() == {"code": "cycle", "message": "break it", "node": None, "field": "connections"}
