from __future__ import annotations

import json

import pytest

from engine.asl import check_definition
from infra.local.asl.validation import definition_problems
from tests.golden.case import Case, all_cases

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.folder.name for case in CASES])
def test_a_workflow_compiles_to_what_is_written_down(case: Case) -> None:
    compiled = case.compile()
    assert compiled.definition == case.read("definition")
    assert compiled.report == case.read("report")
    assert compiled == case.compile()


@pytest.mark.parametrize("case", CASES, ids=[case.folder.name for case in CASES])
def test_what_is_written_down_is_a_valid_definition(case: Case) -> None:
    definition = case.read("definition")
    assert check_definition(definition) == []
    assert definition_problems(json.dumps(definition)) == []


def test_there_is_a_case_for_each_kind_of_shape() -> None:
    assert len(CASES) >= 15
