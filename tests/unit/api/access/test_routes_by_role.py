"""Every route by every role, from one table: what is allowed, and that nothing else is."""

from __future__ import annotations

import pytest
from fastapi.routing import iter_route_contexts

from functions.api.route_table import API_PREFIX, ROUTE_PERMISSIONS
from tests.unit.api.access.access_bench import DOCUMENT, AccessBench

ROLES = ("viewer", "operator", "editor", "admin")
# A letter for each role that is let through: Viewer, Operator, Editor, Admin. This table is written by hand;
# the one that the API goes by is `functions.api.route_table.py`, and every route of the app is in both.
TABLE = {
    "GET /me": "VOEA",
    "POST /workflows/": "  EA",
    "GET /workflows/": "VOEA",
    "POST /workflows/validate": "VOEA",
    "GET /workflows/{workflow_id}": "VOEA",
    "PUT /workflows/{workflow_id}": "  EA",
    "DELETE /workflows/{workflow_id}": "  EA",
    "PUT /workflows/{workflow_id}/access": "  EA",
    "GET /workflows/{workflow_id}/versions": "VOEA",
    "GET /workflows/{workflow_id}/versions/{version}": "VOEA",
    "POST /workflows/{workflow_id}/versions/{version}/restore": "  EA",
    "GET /workflows/{workflow_id}/diff": "VOEA",
    "POST /workflows/{workflow_id}/publish": "  EA",
    "POST /workflows/{workflow_id}/unpublish": "  EA",
    "GET /workflows/export": "VOEA",
    "GET /workflows/{workflow_id}/export": "VOEA",
    "POST /workflows/import": "  EA",
    "GET /templates": "VOEA",
    "GET /templates/{name}": "VOEA",
    "POST /templates/{name}/instantiate": "  EA",
    "GET /workflows/{workflow_id}/plan": "VOEA",
    "GET /workflows/{workflow_id}/profile": "VOEA",
    "POST /workflows/{workflow_id}/recompile": "  EA",
    "GET /workflows/{workflow_id}/triggers": "VOEA",
    "POST /workflows/{workflow_id}/triggers": "  EA",
    "GET /workflows/{workflow_id}/triggers/{trigger_id}": "VOEA",
    "PUT /workflows/{workflow_id}/triggers/{trigger_id}": "  EA",
    "DELETE /workflows/{workflow_id}/triggers/{trigger_id}": "  EA",
    "POST /workflows/{workflow_id}/triggers/{trigger_id}/enable": " OEA",
    "POST /workflows/{workflow_id}/triggers/{trigger_id}/disable": " OEA",
    "GET /workflows/{workflow_id}/triggers/{trigger_id}/failures": "VOEA",
    "POST /workflows/{workflow_id}/triggers/{trigger_id}/failures/{failure_id}/replay": " OEA",
    "DELETE /workflows/{workflow_id}/triggers/{trigger_id}/failures/{failure_id}": " OEA",
    "POST /workflows/{workflow_id}/execute": " OEA",
    "POST /workflows/{workflow_id}/nodes/{node_id}/run": " OEA",
    "GET /workflows/{workflow_id}/executions": "VOEA",
    "GET /workflows/{workflow_id}/executions/{execution_id}": "VOEA",
    "DELETE /workflows/{workflow_id}/executions/{execution_id}": "  EA",
    "POST /workflows/{workflow_id}/executions/{execution_id}/cancel": " OEA",
    "GET /executions": "VOEA",
    "GET /executions/{execution_id}": "VOEA",
    "DELETE /executions/{execution_id}": "  EA",
    "GET /executions/{execution_id}/workflow": "VOEA",
    "GET /executions/{execution_id}/children": "VOEA",
    "GET /executions/{execution_id}/nodes/{node_id}": "VOEA",
    "GET /executions/{execution_id}/nodes/{node_id}/items": "VOEA",
    "GET /executions/{execution_id}/nodes/{node_id}/items/{item}": "VOEA",
    "POST /executions/{execution_id}/cancel": " OEA",
    "POST /executions/{execution_id}/retry": " OEA",
    "POST /workflows/{workflow_id}/executions/{execution_id}/retry": " OEA",
    "GET /node-types": "VOEA",
    "GET /node-types/{type}": "VOEA",
    "GET /metrics": "VOEA",
    "GET /cache/stats": "VOEA",
    "DELETE /cache": "   A",
    "GET /credentials": " OEA",
    "PUT /credentials/{name}": "  EA",
    "GET /credentials/{name}": " OEA",
    "DELETE /credentials/{name}": "  EA",
    "PUT /credentials/{name}/access": "  EA",
    "GET /api-keys": "   A",
    "POST /api-keys": "   A",
    "GET /api-keys/{key_id}": "   A",
    "DELETE /api-keys/{key_id}": "   A",
    "GET /audit": "   A",
}
BODIES = {
    "POST /workflows/": DOCUMENT,
    "POST /workflows/validate": DOCUMENT,
    "PUT /workflows/{workflow_id}": DOCUMENT,
    "PUT /workflows/{workflow_id}/access": {"groups": ["ops"]},
    "POST /workflows/{workflow_id}/triggers": {"type": "webhook"},
    "PUT /workflows/{workflow_id}/triggers/{trigger_id}": {"type": "webhook"},
    "PUT /credentials/{name}": {"kind": "bearer", "values": {"token": "t"}},
    "PUT /credentials/{name}/access": {"groups": ["ops"]},
    "POST /api-keys": {"name": "n", "role": "viewer"},
}
# What an execution that runs stands in the way of.
ENDED = {
    "DELETE /workflows/{workflow_id}",
    "DELETE /workflows/{workflow_id}/executions/{execution_id}",
    "DELETE /executions/{execution_id}",
}
QUERIES = {
    "GET /workflows/{workflow_id}/diff": "?from=1",
    "GET /workflows/export": "?id={workflow_id}",
    "POST /workflows/import": "?dry_run=true",
}
# Nothing is signed in to for these: health, the page of the documentation and its parts, links to files, and
# links of approvals, whose signature is the right.
LINKS = {"/files/{execution_id}/{token}/{name}", f"{API_PREFIX}/approvals/{{token}}"}
OPEN = {"/health", "/docs", "/docs-assets/{name}", "/openapi.json", *LINKS}


@pytest.fixture(scope="module")
def keys(shared: AccessBench) -> dict[str, str]:
    return {role: shared.key("ann", role, groups=["ops"]) for role in ROLES}


def test_every_route_stands_in_the_table_and_the_table_has_no_other(shared: AccessBench) -> None:
    shared.app.openapi()  # which makes all of them
    found = {
        (method, str(context.path))
        for context in iter_route_contexts(shared.app.routes)
        for method in context.methods or ("",)
    }
    guarded = {
        f"{method} {path.removeprefix(API_PREFIX)}"
        for method, path in found
        if path.startswith(API_PREFIX) and path not in OPEN
    }
    assert guarded == set(TABLE)
    assert {f"{method} {path}" for method, path in ROUTE_PERMISSIONS} == set(TABLE)
    assert {path for _, path in found if not path.startswith(API_PREFIX)} | LINKS == OPEN
    assert {path for _, path in found} >= LINKS


def _ask(bench: AccessBench, keys: dict[str, str], route: str, role: str | None) -> int:
    """The status of a request to things of the user's own, made for it."""
    method, path = route.split(" ")
    workflow_id = bench.save(keys["admin"])
    execution_id = bench.start(keys["admin"], workflow_id).json()["id"]
    if route in ENDED or route.endswith("/retry"):
        bench.ask(keys["admin"], "POST", f"/executions/{execution_id}/cancel")
    bench.ask(keys["admin"], "PUT", "/credentials/own", json=BODIES["PUT /credentials/{name}"])
    trigger = bench.trigger_service.create(workflow_id, {"type": "webhook"})
    bench.ask(keys["admin"], "POST", f"/workflows/{workflow_id}/publish")
    bench.trigger_firer.give_up(workflow_id, trigger.trigger_id, {"id": "e"}, "it failed")
    failure_id = bench.triggers.list_failures(workflow_id, trigger.trigger_id, 1).items[0].failure_id
    spare = bench.key("spare", "viewer").split("_")[1]
    if route == "POST /workflows/import":
        BODIES[route] = bench.ask(keys["admin"], "GET", f"/workflows/{workflow_id}/export").json()
    name = "blog_writer" if path.startswith("/templates") else "own"
    filled = (path + QUERIES.get(route, "")).format(
        trigger_id=trigger.trigger_id, failure_id=failure_id,
        workflow_id=workflow_id, execution_id=execution_id, version=1, node_id="a", item=0, type="call",
        name=name, key_id=spare,
    )  # fmt: skip
    answer = bench.ask(keys[role] if role else None, method, filled, json=BODIES.get(route))
    return int(answer.status_code)


@pytest.mark.parametrize("route", TABLE)
def test_a_route_lets_through_the_roles_of_the_table_and_no_others(
    shared: AccessBench, keys: dict[str, str], route: str
) -> None:
    answers = [_ask(shared, keys, route, role) for role in ROLES]
    letters = "".join(
        role[0].upper() if status != 403 else " " for role, status in zip(ROLES, answers, strict=True)
    )
    print(f"{route:70} {' '.join(str(status) for status in answers)}")
    assert letters == TABLE[route]
    # Let through means served: the one item that there is not is the only thing not found.
    missing = 404 if route.endswith("/items/{item}") else None
    assert {status for status in answers if status != 403 and status >= 300} <= {missing}


@pytest.mark.parametrize("route", TABLE)
def test_nobody_is_let_through_without_a_key(shared: AccessBench, keys: dict[str, str], route: str) -> None:
    assert _ask(shared, keys, route, None) == 401


def test_a_route_that_nobody_thought_of_is_for_administrators_alone(
    shared: AccessBench, keys: dict[str, str]
) -> None:
    from functions.api.route_table import permission_of

    assert permission_of("GET", "/something/new") == "administer"
    assert permission_of("PATCH", "/workflows/{workflow_id}") == "administer"
