"""Templates in a folder: ``<name>.json`` is a document, ``templates/<name>.json`` what the gallery says."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

from engine.errors import NotFoundError
from engine.template import Gallery, Template
from engine.validation.text import did_you_mean
from engine.workflow import Workflow


class TemplateFolder:
    """Keeps TemplateStore's promises; the folder is read when first asked, and then kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list_templates(self) -> tuple[Template, ...]:
        """All, by name."""
        return tuple(self._templates.values())

    def get(self, name: str) -> Template:
        """One; NotFoundError."""
        found = self._templates.get(name)
        if found is None:
            raise NotFoundError("template", name, did_you_mean(name, self._templates))
        return found

    @cached_property
    def _templates(self) -> dict[str, Template]:
        entries = sorted((self._folder / "templates").glob("*.json"))
        return {path.stem: self._load(path) for path in entries}

    def _load(self, path: Path) -> Template:
        gallery = Gallery.model_validate(json.loads(path.read_text("utf-8")))
        document = json.loads((self._folder / path.name).read_text("utf-8"))
        return Template(
            name=path.stem,
            category=gallery.category,
            workflow=Workflow.model_validate(document),
            variables=gallery.variables,
        )
