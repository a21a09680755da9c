"""All rules over a workflow, and over a document that may not even be one."""

from __future__ import annotations

from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject
from engine.registry import NodeRegistry
from engine.validation.config_rule import CONFIG_RULES
from engine.validation.connection_rule import CONNECTION_RULES
from engine.validation.expression_rule import EXPRESSION_RULES
from engine.validation.node_rule import NODE_RULES
from engine.validation.pin_rule import PIN_RULES
from engine.validation.raw_document import find_raw_problems
from engine.validation.salvage import salvage
from engine.validation.shape import parse_workflow
from engine.validation.subject import Rule, Subject
from engine.validation.text import tidy
from engine.workflow import Workflow

RULES: tuple[Rule, ...] = (*NODE_RULES, *CONNECTION_RULES, *CONFIG_RULES, *EXPRESSION_RULES, *PIN_RULES)


def find_problems(workflow: Workflow, registry: NodeRegistry) -> tuple[Problem, ...]:
    """Every problem of a workflow that has its shape, in the order of the rules; empty: it compiles."""
    subject = Subject(workflow, registry)
    return tuple(tidy(problem) for rule in RULES for problem in rule(subject))


def check_document(document: JsonObject, registry: NodeRegistry) -> Workflow:
    """The document as a workflow without problems; DocumentError with all of them together."""
    try:
        workflow = parse_workflow(document)
    except DocumentError as error:
        raise DocumentError([*error.problems, *_further_problems(document, registry)]) from None
    problems = find_problems(workflow, registry)
    if problems:
        raise DocumentError(problems)
    return workflow


def _further_problems(document: JsonObject, registry: NodeRegistry) -> tuple[Problem, ...]:
    """What the rules find in the parts of a document that have a shape."""
    if find_raw_problems(document):
        return ()
    workflow = salvage(document)
    return find_problems(workflow, registry) if workflow is not None else ()
