"""Groups of routes, each imported and made when a request first needs it.

To make a route takes FastAPI a millisecond and more, and a process of Lambda's sees few of them: a cold start
makes none. What there is stands in `route_table`, so that a path is known before its route is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from threading import Lock

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.api.route_table import routes_by_group


class RouteGroups:
    """The groups of one app, in the order of the table, whichever was asked first."""

    def __init__(self, app: FastAPI) -> None:
        """``app``: to whose own routes those of the groups are added."""
        self._app = app
        self._own = tuple(app.router.routes)
        self._table = routes_by_group()
        self._templates = {
            group: {tuple(template.split("/")) for _, template in routes}
            for group, routes in self._table.items()
        }
        self._made: dict[str, list[BaseRoute]] = {}
        self._lock = Lock()  # tests serve one app from several threads

    def make_for(self, path: str) -> None:
        """Make what a path may belong to, by any method."""
        parts = path.rstrip("\n").split("/")  # as the router's patterns, which end with `$`, take it
        self._make(
            group for group, known in self._templates.items() if any(_fits(one, parts) for one in known)
        )

    def make_all(self) -> None:
        """Make them all, for who describes them."""
        self._make(self._table)

    def _make(self, groups: Iterable[str]) -> None:
        missing = [group for group in groups if group not in self._made]
        if not missing:
            return
        with self._lock:
            self._made.update((group, self._import(group)) for group in missing)
            made = [route for group in self._table for route in self._made.get(group, ())]
            # A new list: a request that is being matched goes on through its own.
            self._app.router.routes = [*self._own, *made]

    def _import(self, group: str) -> list[BaseRoute]:
        routes: list[BaseRoute] = import_module(f"functions.api.routes.{group}").router.routes
        found = {
            (method, route.path)
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }
        if found != self._table[group]:
            odd = ", ".join(" ".join(route) for route in sorted(found ^ self._table[group]))
            raise LookupError(f"functions/api/route_table.py and the group '{group}' differ in: {odd}")
        return routes


class RoutesMadeWhenAsked:
    """Stands in front of the router: what a request may need is there before it is looked for."""

    def __init__(self, app: ASGIApp, groups: RouteGroups) -> None:
        """``app``: what goes on; ``groups``: of that app."""
        self._app, self._groups = app, groups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            self._groups.make_for(scope["path"])
        await self._app(scope, receive, send)


def _fits(template: tuple[str, ...], parts: list[str]) -> bool:
    """Whether a path, taken apart, may be one of the template: its router is the judge of parameters."""
    return len(template) == len(parts) and all(
        part == segment or segment.startswith("{") for segment, part in zip(template, parts, strict=True)
    )
