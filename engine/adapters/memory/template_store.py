"""Templates in memory."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import NotFoundError
from engine.template import Template
from engine.validation.text import did_you_mean


class MemoryTemplateStore:
    """Keeps TemplateStore's promises."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self._templates = {template.name: template for template in templates}

    def list_templates(self) -> tuple[Template, ...]:
        """All, by name."""
        return tuple(self._templates[name] for name in sorted(self._templates))

    def get(self, name: str) -> Template:
        """One; NotFoundError."""
        found = self._templates.get(name)
        if found is None:
            raise NotFoundError("template", name, did_you_mean(name, self._templates))
        return found
