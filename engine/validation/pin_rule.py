"""The rule on pinned results."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.pin import pin_problems
from engine.validation.subject import Subject


def pins_fit(subject: Subject) -> Iterator[Problem]:
    """A pinned result is one that the node could have given."""
    for node, node_class in subject.typed_nodes():
        if node.pinned is not None:
            yield from pin_problems(node, node_class, node.pinned, subject.outputs(node), "pinned")


PIN_RULES = (pins_fit,)
