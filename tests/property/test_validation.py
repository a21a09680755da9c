from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compiler import compile_workflow
from engine.errors import DocumentError, Problem
from engine.registry import NodeRegistry
from engine.validation import check_document
from nodes import BUILTIN_NODES
from tests.golden.node_types import TARGETS

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
REGISTRY = NodeRegistry(BUILTIN_NODES)
WORDS = st.sampled_from(
    ["main", "true", "draft", "{{ topic.output }}", "{{ (", "{{ item }}", "error", "\ud800", ""]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield value, key
        yield from places(inner)


@st.composite
def damaged_documents(draw: st.DrawFn) -> Any:
    """An example in which one to three values were replaced, removed or given to another field."""
    document = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(list(places(document))))
        action = draw(st.sampled_from(["replace", "remove", "rename"]))
        if action == "replace" or isinstance(container, list):
            container[key] = draw(VALUES)
        elif action == "remove":
            del container[key]
        else:
            container[draw(st.text(max_size=6) | WORDS)] = container.pop(key)
    return document


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_documents() | VALUES)
def test_any_document_compiles_or_is_told_what_is_wrong_with_it(document: Any) -> None:
    problems = problems_or_compile(document)
    for problem in problems:
        json.dumps(problem.as_dict(), ensure_ascii=False).encode()
        assert problem.message


def problems_or_compile(document: Any) -> tuple[Problem, ...]:
    """What is wrong with a document; a document with which nothing is compiles."""
    try:
        workflow = check_document(document, REGISTRY)
    except DocumentError as error:
        return error.problems
    compile_workflow(workflow, REGISTRY, targets=TARGETS)
    return ()
