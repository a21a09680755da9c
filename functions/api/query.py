"""Query parameters that a route does not have are refused: `versoin=2` does not mean the newest version."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from engine.errors import Problem, RequestError
from engine.json_value import JsonObject, JsonValue
from engine.validation.text import did_you_mean

MAX_SHOWN_CHARACTERS = 60


async def refuse_unknown_query(request: Request) -> None:
    """RequestError that names each unknown parameter and those that there are."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101 - FastAPI runs dependencies for no other kind
    known = frozenset(_names(route.dependant)) if request.query_params else frozenset()
    unknown = sorted(set(request.query_params) - known)
    if not unknown:
        return
    there_are = f"there is {', '.join(sorted(known))}" if known else "there is none here"
    problems = [
        Problem(
            "unknown_parameter",
            f"there is no parameter '{name[:100]}'{did_you_mean(name, known) or ';'} {there_are}",
            None,
            f"query.{name[:100]}",
        )
        for name in unknown
    ]
    told = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
    raise RequestError(f"The request does not fit: {told}", problems=problems)


def query_cure(request: Request, fields: JsonObject) -> str | None:
    """What to do with fields of a body that are query parameters of the route; None where none of them is."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101 - FastAPI runs dependencies for no other kind
    known = {name: _shown(fields[name]) for name in _names(route.dependant) if name in fields}
    if not known:
        return None
    return f"send {' and '.join(f'`{name}`' for name in known)} in the query: ?{urlencode(known)}"


def _names(dependant: Dependant) -> Iterator[str]:
    """The parameters of a route and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _names(other)


def _shown(value: JsonValue) -> str:
    """A value as a query spells it; what is no plain value, or long, is not shown."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, int | float | str) else ""
    return text if 0 < len(text) <= MAX_SHOWN_CHARACTERS else "..."
