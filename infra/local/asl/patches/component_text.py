"""Defect: states are written out whole, with all that is nested in them, for errors that hardly ever come.

Where a state is asked for what it must have, the error that says it is missing is made beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    del original

    def as_text(component: Any) -> str:
        plain = {
            name: value if isinstance(value, str | int | float | None) else type(value).__name__
            for name, value in vars(component).items()
        }
        return f"({type(component).__name__}| {plain})"

    return as_text


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.component import Component

    yield Replacement(Component, "__str__", _make)


PATCH = Patch("asl.component_text", _replacements)
