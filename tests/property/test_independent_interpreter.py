"""The same random workflows on an interpreter that others wrote, for another runtime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.workflow import Workflow
from infra.checks.asl_interpreter import NodeInterpreter, is_supported
from tests.property.machine_run import run_machine
from tests.property.random_workflow import workflows
from tests.property.test_connection_rule import REGISTRY, SLOW, check_against_reference, compile_shape


@pytest.fixture(scope="module")
def node_interpreter() -> Iterator[NodeInterpreter]:
    with NodeInterpreter() as interpreter:
        yield interpreter


@pytest.mark.timeout(600)
@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(behaviours=workflows(behaviours=10), data=st.data())
def test_an_independent_interpreter_comes_to_the_same(
    node_interpreter: NodeInterpreter, behaviours: list[Workflow], data: st.DataObject
) -> None:
    compiled = compile_shape(behaviours[0], data)
    if not is_supported(compiled.definition):
        return

    def interpret(definition: Any, start: Any, executor: Any) -> tuple[bool, int]:
        return node_interpreter.run(definition, start, executor.invoke), 0

    for workflow in behaviours:
        check_against_reference(workflow, run_machine(workflow, compiled, REGISTRY, interpret))
