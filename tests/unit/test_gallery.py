"""The gallery: every example is a template, and every variable of it can be filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.adapters.template_folder import TemplateFolder
from engine.compiler import compile_workflow
from engine.node import MISSING
from engine.registry import NodeRegistry
from engine.template import Template, Variable
from engine.validation import check_document
from infra.cli.document_file import example_files
from nodes import BUILTIN_NODES
from tests.golden.node_types import TARGETS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TEMPLATES = TemplateFolder(EXAMPLES).list_templates()
CASES = [(template, variable) for template in TEMPLATES for variable in template.variables]


def other_value(variable: Variable, default: Any) -> Any:
    """A value that fits, and is not the default."""
    if variable.choices is not None:
        return next(choice for choice in variable.choices if choice != default)
    if variable.type in ("integer", "number"):
        least = 0 if variable.minimum is None else int(variable.minimum)
        return least + 1 if default == least else least
    values: dict[str, Any] = {"string": "Another text", "array": ["one"], "credential": "mine"}
    return values[variable.type]


def required(template: Template) -> dict[str, Any]:
    return {each.name: other_value(each, None) for each in template.variables if each.required}


def test_every_example_is_a_template_and_there_are_a_dozen() -> None:
    assert [template.name for template in TEMPLATES] == [path.stem for path in example_files()]
    assert len(TEMPLATES) >= 12


def test_the_list_of_examples_names_each_of_them() -> None:
    told = (EXAMPLES / "README.md").read_text("utf-8")
    assert [name for name in (t.name for t in TEMPLATES) if f"[{name}]({name}.md)" not in told] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_template_compiles_with_nothing_but_what_is_required(template: Template) -> None:
    assert template.variables
    registry = NodeRegistry(BUILTIN_NODES)
    document = template.fill(required(template))
    compile_workflow(check_document(document, registry), registry, targets=TARGETS)
    if not required(template):
        assert document == template.workflow.as_document()


@pytest.mark.parametrize(("template", "variable"), CASES, ids=lambda case: case.name)
def test_a_variable_changes_the_document_and_nothing_breaks(template: Template, variable: Variable) -> None:
    default = template.default(variable)
    value = other_value(variable, None if default is MISSING else default)
    before, after = (template.fill(required(template) | more) for more in ({}, {variable.name: value}))
    check_document(after, NodeRegistry(BUILTIN_NODES))
    assert (before != after) == (not variable.required)
