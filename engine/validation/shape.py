"""The shape of a document: its fields, their types and bounds."""

from __future__ import annotations

from pydantic import ValidationError

from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject
from engine.validation.raw_document import locate
from engine.validation.shape_problem import describe, first_causes, merge, place_of
from engine.validation.text import tidy
from engine.workflow import Workflow


def parse_workflow(document: JsonObject) -> Workflow:
    """The document, in which the JSON is sound, as a workflow; DocumentError with what its shape lacks."""
    try:
        return Workflow.model_validate(document)
    except ValidationError as error:
        raise DocumentError([tidy(problem) for problem in _shape_problems(document, error)]) from None


def _shape_problems(document: JsonObject, error: ValidationError) -> list[Problem]:
    found: list[Problem] = []
    for detail in first_causes(error.errors(include_url=False)):
        place, _ = place_of(document, detail)
        code, message = describe(Workflow, place, detail)
        found.append(Problem(code, message, *locate(document, place)))
    return merge(found)
