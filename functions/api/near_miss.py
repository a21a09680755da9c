"""Addresses that nearly name a route: the other slash at the end is served, for the rest a near one is told.

``GET /api/v1/workflows`` is the list as ``/api/v1/workflows/`` is; nobody should have to know which routes
end with a slash. A path that is misspelt is a 404 that names what was probably meant; a method that a path
does not have is a 405 with those that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import Response
from starlette.routing import Route, compile_path
from starlette.types import Receive, Scope, Send

from functions.api.problem import problem_response
from functions.api.route_group import RouteGroups
from functions.api.route_table import API_PREFIX, routes_by_group

# Longer than any address of ours.
MAX_PATH_CHARACTERS = 400
# `exec` is near enough to `execute`, `plan` is not near to `run`.
MIN_LIKENESS = 0.6
# Served by the function of triggers.
WEBHOOKS = ("/webhooks/{path}", "/webhooks-test/{path}")
_VERSION = re.compile(r"v[0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class _Address:
    template: str
    pattern: re.Pattern[str]
    methods: frozenset[str]

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(part for part in self.template.split("/") if part)


class NearMiss:
    """Stands where the router ends: what no route took comes here."""

    def __init__(self, app: FastAPI, groups: RouteGroups) -> None:
        """``app``: whose routes there are; ``groups``: its own."""
        self._app, self._groups = app, groups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the path with the other slash, or raise a 404 that tells a near one."""
        path = str(scope["path"])
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if self.methods(other):
            self._groups.make_for(other)
            scope.update(path=other, raw_path=other.encode())
            await self._app.router(scope, receive, send)
            return
        near = self.nearest(path, str(scope["method"]))
        cure = f"did you mean {near}?" if near else "/docs lists what there is."
        raise HTTPException(404, f"There is nothing at {path}; {cure}")

    def methods(self, path: str) -> list[str]:
        """Those that a path takes, in order; none where it has no route."""
        found = (address.methods for address in self._addresses if address.pattern.match(path))
        return sorted(set[str]().union(*found))

    def nearest(self, path: str, method: str) -> str | None:
        """The address most like a path, with the ids that stand in that; one of the method before others."""
        if len(path) > MAX_PATH_CHARACTERS:
            return None
        found = [
            (likeness, method in address.methods, _fill(address, parts))
            for parts in _spellings([part for part in path.split("/") if part])
            for address in self._addresses
            if (likeness := _likeness(address.segments, parts)) is not None
        ]
        near = max(found)[2] if found else path
        return near if near != path else None

    @cached_property
    def _addresses(self) -> tuple[_Address, ...]:
        """All there are; gathered when first asked for, which most processes never do."""
        methods: dict[str, set[str]] = {template: set() for template in WEBHOOKS}
        for route in self._app.routes:
            if isinstance(route, Route):
                methods.setdefault(route.path, set()).update(route.methods or ())
        for routes in routes_by_group().values():
            for method, template in routes:
                methods.setdefault(template, set()).add(method)
        return tuple(
            _Address(template, compile_path(template)[0], frozenset(taken))
            for template, taken in methods.items()
        )


def install_near_misses(app: FastAPI, groups: RouteGroups) -> None:
    """Answer for what the routes of the app do not take."""
    near_miss = NearMiss(app, groups)

    def refuse_method(request: Request, _: Exception) -> Response:
        path, allowed = request.url.path, near_miss.methods(request.url.path)
        detail = f"{path} takes {', '.join(allowed)}, not {request.method}."
        headers = {"Allow": ", ".join(allowed)}
        return problem_response(request, 405, "method-not-allowed", detail, headers=headers)

    app.router.default = near_miss
    app.add_exception_handler(405, refuse_method)


def _spellings(parts: list[str]) -> Iterator[Sequence[str]]:
    """A path as it stands, below the API's prefix where it lacks that, and without it."""
    yield parts
    rest = parts[1:] if parts and parts[0].lower() == "api" else parts
    rest = rest[1:] if rest and _VERSION.fullmatch(rest[0]) else rest
    if rest:
        yield [*API_PREFIX.strip("/").split("/"), *rest]
        yield rest


def _likeness(segments: Sequence[str], parts: Sequence[str]) -> float | None:
    """How like a path is to a template, 1 at most; None where it is not."""
    if len(segments) != len(parts):
        return None
    written = [
        (segment, part) for segment, part in zip(segments, parts, strict=True) if not segment.startswith("{")
    ]
    ratios = [SequenceMatcher(None, segment, part.lower()).ratio() for segment, part in written]
    return sum(ratios) / len(ratios) if ratios and min(ratios) >= MIN_LIKENESS else None


def _fill(address: _Address, parts: Sequence[str]) -> str:
    """The template with what stands in the path where it has parameters."""
    given = iter(part for segment, part in zip(address.segments, parts, strict=True) if segment[0] == "{")
    return re.sub(r"\{[^}]+\}", lambda _: next(given), address.template)
