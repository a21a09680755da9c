"""The mends that make moto's parser quicker: each drops what was done in vain; trees stay the same."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.asl.patches import (
    apply_interpreter_patches,
    component_text,
    context_text,
    known_lexemes,
    quick_prediction,
    uncollected_parse,
)
from infra.local.patch import patched

# Of every kind of state.
GOLDEN = ("conditional", "express", "for_each_distributed", "map_group_ways", "poll_each", "prime_core")
TASK = {
    "Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
    "Parameters": {"a": {"b": 1}},
}
RETRY = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}
RETRIED = json.dumps({"StartAt": "Only", "States": {"Only": {**TASK, "Retry": [RETRY]}}})
DEFINITION = json.dumps({"StartAt": "Only", "States": {"Only": {**TASK, "End": True}}})
QUICK = (
    component_text.PATCH,
    context_text.PATCH,
    known_lexemes.PATCH,
    quick_prediction.PATCH,
    uncollected_parse.PATCH,
)
BROKEN = [
    "",
    "{",
    "nonsense",
    '{"StartAt": "A"}',
    '{"StartAt": "A", "States": {"A": {"Type": "Unknown"}}}',
    '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}} }',
    '{"StartAt": "A",\n "States": {"A": {"Type": "Succeed", "Retry": 3}}}',
    '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": \'x\', "End": true}}}',
    '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 01e, "End": true}}}',
]


@pytest.fixture(scope="module", autouse=True)
def interpreter() -> None:
    apply_interpreter_patches()


@contextmanager
def counted(owner: type, name: str, note: Callable[[], Any] = lambda: None) -> Iterator[list[Any]]:
    """The calls of a method while the block runs, with what ``note`` says at each."""
    calls: list[Any] = []
    original = getattr(owner, name)

    def count(*arguments: Any) -> Any:
        calls.append(note())
        return original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, count)
        yield calls


def parse(definition: str) -> Any:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    return AmazonStateLanguageParser.parse(definition)


def as_text(definition: str) -> str:
    """The tree of a definition, or what is said of its faults."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException

    try:
        tree = parse(definition)[1]
    except (ASLParserException, ValueError) as error:
        return f"refused: {error}"
    return f"{tree.toStringTree(recog=tree.parser)} {tree.getText()}"


def test_quick_prediction() -> None:
    from antlr4.atn.ParserATNSimulator import ParserATNSimulator

    for patches, goes_deep in (((), True), ((quick_prediction.PATCH,), False)):
        with patched(*patches), counted(ParserATNSimulator, "execATNWithFullContext") as calls:
            parse(RETRIED)
        assert bool(calls) is goes_deep


def test_known_lexemes() -> None:
    from antlr4.atn.LexerATNSimulator import LexerATNSimulator

    for patches, simulated_again in (((), True), ((known_lexemes.PATCH,), False)):
        with patched(*patches):
            parse(DEFINITION)
            with counted(LexerATNSimulator, "match") as calls:
                parse(DEFINITION)
        assert bool(calls) is simulated_again


def test_context_text() -> None:
    from antlr4 import RuleContext

    asked = []
    for patches in ((), (context_text.PATCH,)):
        with patched(*patches):
            tree = parse(DEFINITION)[1]
            with counted(RuleContext, "getText") as calls:
                text = tree.getText()
        asked.append(len(calls))
        assert text == DEFINITION.replace(" ", "") + "<EOF>"
    usual, mended = asked
    assert usual > 20
    assert mended <= 2, "the root, and what is under it"


def test_component_text() -> None:
    branch = {"StartAt": "Deep", "States": {"Deep": {"Type": "Pass", "End": True}}}
    parallel = {"Type": "Parallel", "Branches": [branch], "End": True}
    definition = json.dumps({"StartAt": "Outer", "States": {"Outer": parallel}})
    for patches, tells_all in (((), True), ((component_text.PATCH,), False)):
        with patched(*patches):
            assert ("Deep" in str(parse(definition)[0])) is tells_all


def test_uncollected_parse() -> None:
    from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

    for patches, collects in (((), True), ((uncollected_parse.PATCH,), False)):
        with patched(*patches), counted(Preprocessor, "visit", note=gc.isenabled) as noted:
            parse(DEFINITION)
        assert set(noted) == {collects}
        assert gc.isenabled()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_definition_has_the_same_tree_with_them(name: str) -> None:
    file = Path(__file__).parents[1] / "golden" / name / "definition.json"
    for text in (file.read_text(), json.dumps(json.loads(file.read_text()), separators=(",", ":"))):
        with patched():
            usual = as_text(text)
        with patched(*QUICK):
            assert as_text(text) == usual
            assert as_text(text) == usual, "the second time, when all lexemes are known"


@pytest.mark.parametrize("text", BROKEN)
def test_a_fault_is_worded_the_same_with_them(text: str) -> None:
    with patched():
        # The parser's error recovery adds to sets that it keeps: its first words differ from its later ones.
        _, usual = as_text(text), as_text(text)
    assert usual.startswith("refused: ")
    with patched(*QUICK):
        assert as_text(text) == usual
        assert as_text(text) == usual
