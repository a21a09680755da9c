"""Groups of routes: none is made before it is needed, and nobody can tell from an answer."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from functions.api import route_group
from functions.api.app import create_app
from functions.api.route_group import RouteGroups
from functions.api.route_table import routes_by_group
from tests.unit.api.api_bench import API_KEY, ApiBench

ROUTES = sorted((group, *route) for group, routes in routes_by_group().items() for route in routes)
# In a process of its own, so that no other test has imported anything; a child of it for each group, so that
# each is the first. What fails to be imported alone is told with its trace.
FIRST_IN_ITS_PROCESS = """
import os, sys, traceback
from types import SimpleNamespace
import functions.api.composition
from functions.api.app import create_app
from functions.api.route_table import routes_by_group
app = create_app(SimpleNamespace(cors_origins=()))
groups = app.router.default._groups
early = ("functions.api.routes.", "engine.service.", "engine.compiler", "engine.runner", "engine.validation")
assert not [name for name in sys.modules if name.startswith(early)], "imported too early"
for group, routes in routes_by_group().items():
    child = os.fork()
    if child == 0:
        try:
            groups.make_for(next(iter(routes))[1])
            made = {(method, route.path) for route in app.routes for method in route.methods}
            assert routes <= made, f"{group} is not made"
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0, group
"""


def ask(app: FastAPI, method: str, path: str, **request: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


def fill(template: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in template.split("/"))


def made_routes(app: FastAPI) -> list[str]:
    return [route.path for route in app.routes if isinstance(route, APIRoute)]


@pytest.fixture(scope="module")
def whole() -> FastAPI:
    """An app with all of its routes made, which takes most of a second; requests change nothing of that."""
    app = create_app(ApiBench().services)
    app.openapi()
    return app


def test_each_group_can_be_the_first_that_its_process_imports() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_IN_ITS_PROCESS], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("group", routes_by_group())
def test_each_group_answers_the_first_request_of_its_app(bench: ApiBench, group: str) -> None:
    app = create_app(bench.services)
    expected = {"health": 200, "files": 404, "approvals": 404}.get(group, 401)
    for method, path in sorted(routes_by_group()[group]):
        answer = ask(app, method, fill(path))
        assert (path, answer.status_code) == (path, expected)
        assert "There is nothing at" not in answer.text


def test_a_new_app_has_none_of_them(bench: ApiBench) -> None:
    app = create_app(bench.services)
    assert not [path for path in made_routes(app) if not path.startswith("/docs")]
    assert ask(app, "GET", "/api/v1/nothing/of/the/kind").status_code == 404
    assert not [path for path in made_routes(app) if not path.startswith("/docs")]


def test_they_stand_in_the_order_of_the_table_whichever_was_asked_first(bench: ApiBench) -> None:
    at_once, by_and_by = create_app(bench.services), create_app(bench.services)
    at_once.openapi()
    for _, method, path in reversed(ROUTES):
        ask(by_and_by, method, fill(path))
    assert made_routes(by_and_by) == made_routes(at_once)
    assert len(made_routes(at_once)) > len(ROUTES)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/v1/workflows/"),
        ("DELETE", "/api/v1/workflows/export"),
        ("OPTIONS", "/api/v1/executions/e"),
        ("PUT", "/health"),
        ("POST", "/docs"),
        ("HEAD", "/health"),
        ("HEAD", "/api/v1/workflows/"),
        ("GET", "/api/v1/workflows"),
        ("GET", "/api/v1/node-types/input/"),
        ("GET", "/api/v1/node-types/a/b"),
        ("GET", "/api/v1/workflows//plan"),
        ("GET", "/api/v1/workflows/w/plam"),
        ("GET", "/health%0A"),
        ("GET", "/api/v1/executions/%2F"),
        ("GET", "/webhooks/x"),
        ("GET", "/api/v1/workflows/export"),
        ("PUT", "/api/v1/credentials/mine/access"),
    ],
)
def test_answers_are_those_of_an_app_with_all_of_them(
    bench: ApiBench, whole: FastAPI, method: str, path: str
) -> None:
    new = create_app(bench.services)
    answers = [
        ask(app, method, path, headers={"X-API-Key": API_KEY, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
        for app in (new, whole)
    ]
    assert len({answer.status_code for answer in answers}) == 1
    assert len({re.sub(r'"milliseconds":[0-9.]+', "", answer.text) for answer in answers}) == 1
    assert len({answer.headers.get("allow") for answer in answers}) == 1


def test_a_route_that_is_missing_in_the_table_is_named(
    bench: ApiBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = routes_by_group() | {"me": frozenset({("GET", "/api/v1/myself")})}
    monkeypatch.setattr(route_group, "routes_by_group", lambda: table)
    groups = RouteGroups(create_app(bench.services))
    with pytest.raises(LookupError, match=r"'me' differ in: GET /api/v1/me, GET /api/v1/myself"):
        groups.make_all()


def test_what_is_prepared_has_all_routes_at_once() -> None:
    app = create_app(ApiBench().services, with_routes=True)
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    made = {(method, route.path) for route in routes for method in route.methods}
    assert made >= {route for routes in routes_by_group().values() for route in routes}
