"""Query parameters that a route does not have are refused: `versoin=2` does not mean the newest version."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from engine.errors import Problem, RequestError
from engine.validation.text import did_you_mean


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
            f"there is no parameter '{name[:100]}'{did_you_mean(name, known)}; {there_are}",
            None,
            f"query.{name[:100]}",
        )
        for name in unknown
    ]
    told = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
    raise RequestError(f"The request does not fit: {told}", problems=problems)


def _names(dependant: Dependant) -> Iterator[str]:
    """Those of the route and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _names(other)
