"""Templates: the gallery, and workflows made from it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.access.audience import Ownership
from engine.errors import RequestError
from engine.json_value import JsonObject
from engine.ports import TemplateStore, WorkflowHead, WorkflowVersion
from engine.service.save import SaveNote, WorkflowSaver
from engine.template import Template

MAX_NAME_CHARACTERS = 200  # of a workflow; see `engine.workflow.Workflow`


@dataclass(frozen=True)
class TemplateService:
    """Use cases of templates."""

    templates: TemplateStore
    saver: WorkflowSaver

    def list_templates(self) -> tuple[Template, ...]:
        """All, by name."""
        return self.templates.list_templates()

    def get(self, name: str) -> Template:
        """One; NotFoundError."""
        return self.templates.get(name)

    def instantiate(
        self, template_name: str, values: JsonObject, name: str | None, author: str, message: str | None
    ) -> tuple[WorkflowHead, WorkflowVersion]:
        """Save a workflow of the author's, made of a template with these values.

        ``name`` None leaves the template's.

        NotFoundError; RequestError with a problem for each variable; DocumentError where a value fits its
        variable and not the node.
        """
        if name is not None and not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise RequestError(f"A name has 1 to {MAX_NAME_CHARACTERS} characters.", "name")
        document = self.templates.get(template_name).fill(values, name)
        note = SaveNote(author, message or f"From the template {template_name}", owner=author)
        return self.saver.create(self.saver.read(document, Ownership(note.owner)), note)
