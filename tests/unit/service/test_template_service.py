"""Workflows made from templates."""

from __future__ import annotations

import pytest

from engine.adapters.memory import MemoryTemplateStore
from engine.errors import DocumentError, NotFoundError, RequestError
from engine.service.templates import TemplateService
from engine.template import Template
from tests.unit.engine_bench import EngineBench, node

PLACE = {"node": "a", "path": ["config", "name"]}
TEMPLATE = Template.model_validate(
    {
        "name": "hello",
        "category": "x",
        "workflow": {"name": "Hello", "nodes": [node("a", "input", name="who")]},
        "variables": [
            {"name": "asked", "title": "Asked", "description": "What is asked.", "places": [PLACE]}
        ],
    }
)


@pytest.fixture
def service(bench: EngineBench) -> TemplateService:
    return TemplateService(MemoryTemplateStore([TEMPLATE]), bench.workflow_service.saver)


def test_a_workflow_is_made_of_a_template(bench: EngineBench, service: TemplateService) -> None:
    head, version = service.instantiate("hello", {"asked": "whom"}, "Mine", "ada", None)
    assert bench.workflow_service.get(head.workflow_id) == (head, version)
    assert version.workflow.as_document() == {"name": "Mine", "nodes": [node("a", "input", name="whom")]}
    assert (version.author, version.message) == ("ada", "From the template hello")
    assert service.instantiate("hello", {}, None, "ada", "Why")[1].message == "Why"
    assert service.get("hello") == TEMPLATE
    assert service.list_templates() == (TEMPLATE,)


def test_what_does_not_fit_makes_nothing(bench: EngineBench, service: TemplateService) -> None:
    with pytest.raises(NotFoundError):
        service.instantiate("none", {}, None, "ada", None)
    for name in ("", "x" * 201):
        with pytest.raises(RequestError, match="1 to 200 characters"):
            service.instantiate("hello", {}, name, "ada", None)
    with pytest.raises(RequestError, match="must be a string"):
        service.instantiate("hello", {"asked": 5}, None, "ada", None)
    with pytest.raises(DocumentError):
        service.instantiate("hello", {"asked": "not a name"}, None, "ada", None)
    assert bench.workflow_service.list_heads(10, None).items == ()
