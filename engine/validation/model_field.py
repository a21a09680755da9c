"""Which fields a pydantic model knows at a place inside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from engine.validation.text import PathPart


def known_fields(model: type[BaseModel], path: Sequence[PathPart]) -> list[str]:
    """The names that may stand at ``path``, whose last part is the name that is unknown there."""
    models: Iterable[type[BaseModel]] = [model]
    for part in path[:-1]:
        if isinstance(part, str):
            inner = [found.model_fields[part].annotation for found in models if part in found.model_fields]
            models = [reached for annotation in inner for reached in _models_in(annotation)]
    return [name for found in models for name in found.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation speaks of: itself, or inside tuples, lists and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
