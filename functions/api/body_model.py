"""Bodies as models: all that does not fit at once, in words, and no value repeated."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from engine.errors import Problem, RequestError
from engine.json_value import JsonObject
from engine.validation.shape_problem import describe, first_causes, merge, place_of
from engine.validation.text import dotted
from functions.api.query import query_cure

T = TypeVar("T", bound=BaseModel)


def read_model(model: type[T], document: JsonObject, request: Request | None = None) -> T:
    """The body as a model; RequestError names each field, and which the ``request`` takes in its query."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        details = first_causes(error.errors(include_url=False))
    problems = []
    for detail in details:
        place, _ = place_of(document, detail)
        code, message = describe(model, place, detail)
        if request is not None and code == "unknown_field" and len(place) == 1:
            cure = query_cure(request, {str(place[0]): document[str(place[0])]})
            message = f"it is no field of the body; {cure}" if cure else message
        problems.append(Problem(code, message, None, dotted(place) or "body"))
    problems = merge(problems)
    told = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
    raise RequestError(f"The body does not fit: {told}.", problems[0].field, problems)
