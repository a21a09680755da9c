"""What every TemplateStore promises. Subclass it and give a fixture ``store`` that holds ``TEMPLATES``."""

from __future__ import annotations

import pytest

from engine.errors import NotFoundError
from engine.ports import TemplateStore
from engine.template import Template

DOCUMENT = {
    "name": "Greeting",
    "nodes": [{"id": "who", "type": "input", "config": {"name": "who", "default": "world"}}],
}
VARIABLE = {
    "name": "who",
    "title": "Who",
    "description": "Who is greeted.",
    "places": [{"node": "who", "path": ["config", "default"]}],
}
TEMPLATES = (
    Template.model_validate({"name": "bare", "category": "x", "workflow": DOCUMENT}),
    Template.model_validate(
        {"name": "greeting", "category": "y", "workflow": DOCUMENT, "variables": [VARIABLE]}
    ),
)


class TemplateStoreContract:
    def test_templates_are_listed_by_name(self, store: TemplateStore) -> None:
        assert store.list_templates() == TEMPLATES

    def test_a_template_is_found_by_its_name(self, store: TemplateStore) -> None:
        assert [store.get(template.name) for template in TEMPLATES] == list(TEMPLATES)

    @pytest.mark.parametrize("name", ["none", "", "../greeting", "greeting.json", "templates/greeting"])
    def test_what_does_not_exist_is_not_found(self, store: TemplateStore, name: str) -> None:
        with pytest.raises(NotFoundError) as error:
            store.get(name)
        assert (error.value.kind, error.value.name) == ("template", name)
