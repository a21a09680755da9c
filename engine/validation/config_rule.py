"""Rules on configs: what the node type's schema says, as far as values are written out."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.validation.subject import Subject


def configs_fit_their_types(subject: Subject) -> Iterator[Problem]:
    """A config has the fields that its type asks for, and no others, with values that fit."""
    for problems in subject.config_problems.values():
        yield from problems


def types_accept_their_configs(subject: Subject) -> Iterator[Problem]:
    """What a node type checks on its own, where the config fits its schema."""
    for node, node_class in subject.typed_nodes():
        if subject.config_problems[node.id]:
            continue
        for field, message in node_class.check_config(node.config):
            full = field if field == "config" or field.startswith("config.") else f"config.{field}"
            yield Problem("bad_value", message, node.id, full)


CONFIG_RULES = (configs_fit_their_types, types_accept_their_configs)
