from __future__ import annotations

import pytest

from engine.asl import check_definition
from engine.compiler import compile_workflow
from engine.compiler.deep import Deep, run_deep
from engine.settings import EXECUTORS
from engine.validation import check_document
from infra.cli.bench.graph import SHAPES
from infra.cli.compilation import LOCAL_TARGET, installed_nodes

TARGETS: dict[str, str] = {name: LOCAL_TARGET.format(executor=name) for name in EXECUTORS}


def depth_of(number: int) -> Deep[int]:
    if number == 0:
        return 0
    return 1 + (yield depth_of(number - 1))


def test_calls_may_be_deeper_than_pythons_stack() -> None:
    assert run_deep(depth_of(20_000)) == 20_000


def test_an_error_comes_out_as_it_is() -> None:
    def fails(number: int) -> Deep[int]:
        if number == 0:
            raise KeyError("at the bottom")
        return (yield fails(number - 1))

    with pytest.raises(KeyError, match="at the bottom"):
        run_deep(fails(5))


@pytest.mark.parametrize("shape", SHAPES)
def test_hard_graphs_compile(shape: str) -> None:
    registry = installed_nodes()
    workflow = check_document(SHAPES[shape](800), registry)
    compiled = compile_workflow(workflow, registry, targets=TARGETS)
    assert check_definition(compiled.definition) == []
    assert len(workflow.nodes) == 800


@pytest.mark.parametrize("shape", ["nested forks", "else if"])
def test_forks_in_forks_are_no_branches_and_wait_for_nothing(shape: str) -> None:
    registry = installed_nodes()
    workflow = check_document(SHAPES[shape](200), registry)
    report = compile_workflow(workflow, registry, targets=TARGETS).report
    assert (report["parallel_depth"], report["waits_count"]) == (0, 0)
