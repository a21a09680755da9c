"""All rules over a workflow, and over a document that may not even be one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject
from engine.registry import NodeRegistry
from engine.validation.config_rule import CONFIG_RULES
from engine.validation.connection_rule import CONNECTION_RULES
from engine.validation.expression_rule import EXPRESSION_RULES
from engine.validation.node_rule import NODE_RULES
from engine.validation.pin_rule import PIN_RULES
from engine.validation.raw_document import read_json
from engine.validation.salvage import salvage
from engine.validation.shape import parse_workflow
from engine.validation.subject import Rule, Subject
from engine.validation.text import tidy
from engine.workflow import Workflow

RULES: tuple[Rule, ...] = (*NODE_RULES, *CONNECTION_RULES, *CONFIG_RULES, *EXPRESSION_RULES, *PIN_RULES)


def find_problems(workflow: Workflow, registry: NodeRegistry) -> tuple[Problem, ...]:
    """Every problem of a workflow that has its shape, in the order of the rules; empty: it compiles."""
    return tuple(map(tidy, _apply_rules(Subject(workflow, registry))))


def check_document(document: JsonObject, registry: NodeRegistry) -> Workflow:
    """The document as a workflow without problems; DocumentError with all of them together."""
    problems, readable = read_json(document)
    if readable is not None:
        try:
            workflow = parse_workflow(readable)
        except DocumentError as error:
            _add(problems, error.problems)
            salvaged = salvage(readable)
            if salvaged is not None:
                found = _apply_rules(Subject(salvaged.workflow, registry, salvaged))
                _add(problems, [named for problem in found if (named := salvaged.told(problem)) is not None])
        else:
            _add(problems, list(_apply_rules(Subject(workflow, registry))))
            if not problems:
                return workflow
    raise DocumentError([tidy(problem) for problem in problems])


def sound_part(document: JsonObject, registry: NodeRegistry) -> Workflow | None:
    """Of a document with problems, the nodes in which there is none, and no connections; None: no such."""
    _, readable = read_json(document)
    salvaged = salvage(readable) if readable is not None else None
    if salvaged is None:
        return None
    subject = Subject(salvaged.workflow, registry, salvaged)
    nodes = [
        node
        for node, _ in subject.typed_nodes()
        if not subject.config_problems[node.id] and node.id not in salvaged.stand_ins
    ]
    return salvaged.workflow.model_copy(update={"nodes": tuple(nodes), "connections": ()})


def _apply_rules(subject: Subject) -> Iterator[Problem]:
    return (problem for rule in RULES for problem in rule(subject))


def _add(told: list[Problem], more: Sequence[Problem]) -> None:
    """Add what is not in a place that is at fault already: that follows from the first fault."""
    places = [place for problem in told if (place := _place(problem)) is not None]
    told += [problem for problem in more if not any(_is_within(_place(problem), place) for place in places)]


def _place(problem: Problem) -> tuple[str | None, str] | None:
    """Node and field; connections are the document's, also where a problem names their source."""
    if problem.field is None:
        return None
    return (None if problem.field.startswith("connections[") else problem.node), problem.field


def _is_within(inner: tuple[str | None, str] | None, outer: tuple[str | None, str]) -> bool:
    if inner is None or inner[0] != outer[0]:
        return False
    return inner[1] == outer[1] or inner[1].startswith((f"{outer[1]}.", f"{outer[1]}["))
