from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.access.ports import TokenVerifier
from engine.adapters.oidc import OidcVerifier
from engine.service.sign_in import TokenRule
from tests.unit.adapters.local_issuer import AUDIENCE, LocalIssuer
from tests.unit.api.access.access_bench import BOOTSTRAP_KEY, AccessBench, access_bench


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    running = LocalIssuer()
    yield running
    running.stop()


@pytest.fixture
def token_bench(issuer: LocalIssuer) -> Iterator[AccessBench]:
    verifier: TokenVerifier = OidcVerifier(issuer.url, AUDIENCE)
    with access_bench(TokenRule(verifier)) as bench:
        yield bench


def test_a_key_is_shown_once_and_signs_in_by_either_header(bench: AccessBench) -> None:
    made = bench.ask(BOOTSTRAP_KEY, "POST", "/api-keys", json={"name": "CI", "role": "operator"}).json()
    assert bench.ask(made["key"], "GET", "/me").json() == {
        "subject": f"key:{made['id']}",
        "kind": "key",
        "name": "CI",
        "user": "admin",
        "role": "operator",
        "groups": [],
        "scopes": None,
        "permissions": [
            "cache:read",
            "catalogue:read",
            "credentials:read",
            "executions:read",
            "executions:run",
            "metrics:read",
            "workflows:read",
        ],
        "limits": {"requests_per_minute": 600, "executions_per_day": None, "concurrent_executions": None},
        "expires_at": None,
    }
    assert bench.ask(None, "GET", "/me", headers={"X-API-Key": made["key"]}).status_code == 200
    shown = bench.ask(BOOTSTRAP_KEY, "GET", f"/api-keys/{made['id']}").json()
    assert "key" not in shown
    assert shown["last_used_at"] is not None


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "x",
        "mn8_",
        "mn8_01ARZ3NDEKTSV4RRFFQ69G5FAV_" + "A" * 44,
        "mn8_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        BOOTSTRAP_KEY[:-1],
        BOOTSTRAP_KEY + " x",
        "a.b.c",
        "é",
        "\x7f" * 9_000,
    ],
)
def test_what_is_no_key_is_a_401_that_tells_how(shared: AccessBench, given: str | None) -> None:
    shared.app.state.services = shared.services
    headers: Any = {"Authorization": f"Bearer {given}".encode()} if given is not None else {}
    answer = shared.client.get("/api/v1/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:mini-n8n:problem:unauthorized"


def test_a_revoked_key_ends_at_once_here_and_within_ten_seconds_elsewhere(bench: AccessBench) -> None:
    with access_bench() as elsewhere:
        elsewhere.key_store = bench.key_store
        object.__setattr__(elsewhere.services.sign_in, "keys", bench.key_store)
        key = bench.key("ann")
        key_id = key.split("_")[1]
        assert [b.ask(key, "GET", "/me").status_code for b in (bench, elsewhere)] == [200, 200]
        assert bench.ask(BOOTSTRAP_KEY, "DELETE", f"/api-keys/{key_id}").status_code == 204
        assert [b.ask(key, "GET", "/me").status_code for b in (bench, elsewhere)] == [401, 200]
        elsewhere.clock.advance(10)
        assert elsewhere.ask(key, "GET", "/me").status_code == 401
    assert bench.ask(BOOTSTRAP_KEY, "GET", f"/api-keys/{key_id}").json()["revoked_at"] is not None
    assert bench.ask(BOOTSTRAP_KEY, "DELETE", f"/api-keys/{key_id}").status_code == 204


def test_an_expired_key_signs_in_no_more(bench: AccessBench) -> None:
    expires_at = (bench.clock.now() + timedelta(seconds=5)).isoformat()
    key = bench.key("ann", expires_at=expires_at)
    assert bench.ask(key, "GET", "/me").status_code == 200
    bench.clock.advance(5)
    assert bench.ask(key, "GET", "/me").status_code == 401


def test_scopes_narrow_what_the_role_gives(bench: AccessBench) -> None:
    key = bench.key("ann", "editor", scopes=["workflows:read"])
    assert bench.ask(key, "GET", "/me").json()["permissions"] == ["workflows:read"]
    assert bench.ask(key, "GET", "/workflows/").status_code == 200
    for method, path in (("POST", "/workflows/"), ("GET", "/audit"), ("GET", "/executions")):
        assert bench.ask(key, method, path, json={}).status_code == 403


@pytest.mark.parametrize(
    ("role", "scopes", "told"),
    [
        ("viewer", ["workflows:read", "workflows:write"], "The role viewer has no workflows:write"),
        ("editor", ["audit:read", "keys:manage"], "The role editor has no audit:read, keys:manage"),
        ("admin", [], "may do nothing"),
    ],
)
def test_scopes_that_leave_less_than_they_say_are_refused(
    bench: AccessBench, role: str, scopes: list[str], told: str
) -> None:
    body = {"name": "narrow", "role": role, "scopes": scopes}
    answer = bench.ask(BOOTSTRAP_KEY, "POST", "/api-keys", json=body)
    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"], told in problem["message"]) == (422, "scopes", True)


def test_a_token_where_no_issuer_is_set_up_is_told_so(bench: AccessBench) -> None:
    answer = bench.ask("aaaa.bbbb.cccc", "GET", "/me")
    assert (answer.status_code, "No issuer of tokens is set up" in answer.json()["detail"]) == (401, True)


def test_a_key_makes_none_that_may_do_more_or_lives_longer(bench: AccessBench) -> None:
    soon = (bench.clock.now() + timedelta(hours=1)).isoformat()
    scoped = bench.key("ann", "admin", scopes=["keys:manage", "audit:read"])
    short = bench.key("ann", "admin", expires_at=soon)
    new = {"name": "more", "role": "admin"}
    later = (bench.clock.now() + timedelta(hours=2)).isoformat()
    refused = [
        (scoped, new),
        (scoped, new | {"scopes": ["administer"]}),
        (short, new),
        (short, new | {"expires_at": later}),
    ]
    assert [bench.ask(key, "POST", "/api-keys", json=body).status_code for key, body in refused] == [403] * 4
    allowed = [(scoped, new | {"scopes": ["audit:read"]}), (short, new | {"expires_at": soon})]
    assert [bench.ask(key, "POST", "/api-keys", json=body).status_code for key, body in allowed] == [201] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "\n"},
        {"name": None},
        {"role": "root"},
        {"user": "-x"},
        {"user": "a b"},
        {"groups": ["a b"]},
        {"groups": ["g"] * 51},
        {"scopes": ["everything"]},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2100-01-01T00:00:00"},
        {"limits": {"requests_per_minute": 0}},
        {"limits": {"requests_per_minute": 30_001}},
        {"limits": {"concurrent_executions": 201}},
        {"limits": {"executions_per_day": "5"}},
        {"more": 1},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(shared: AccessBench, changes: Any) -> None:
    body = {"name": "n", "role": "viewer"} | changes
    answer = shared.ask(BOOTSTRAP_KEY, "POST", "/api-keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:mini-n8n:problem:invalid-request"


def test_the_deployments_key_is_an_administrator_until_it_is_retired(bench: AccessBench) -> None:
    assert bench.ask(BOOTSTRAP_KEY, "GET", "/me").json()["role"] == "admin"
    bench.bootstrap_key = None
    bench.clock.advance(60)
    assert bench.ask(BOOTSTRAP_KEY, "GET", "/me").status_code == 401
    assert bench.ask("", "GET", "/me").status_code == 401


def test_use_is_noted_once_a_minute(bench: AccessBench) -> None:
    key = bench.key("ann")
    key_id = key.split("_")[1]
    noted = []
    for _ in range(5):
        bench.ask(key, "GET", "/me")
        noted.append(bench.ask(BOOTSTRAP_KEY, "GET", f"/api-keys/{key_id}").json()["last_used_at"])
        bench.clock.advance(25)
    assert len(set(noted)) == 2


def test_a_token_of_the_issuer_signs_in_with_its_groups_and_role(
    token_bench: AccessBench, issuer: LocalIssuer
) -> None:
    me = token_bench.ask(issuer.token(), "GET", "/me").json()
    shown = {name: me[name] for name in ("subject", "kind", "user", "role", "groups")}
    assert shown == {
        "subject": "user:oidc:ann",
        "kind": "token",
        "user": "oidc:ann",
        "role": "editor",
        "groups": ["ops"],
    }
    several = issuer.token(groups=["mini-n8n-viewer", "mini-n8n-admin", "mini-n8n-king"])
    assert token_bench.ask(several, "GET", "/me").json()["role"] == "admin"
    workflow_id = token_bench.save(issuer.token())
    assert token_bench.ask(issuer.token(sub="bob"), "GET", f"/workflows/{workflow_id}").status_code == 404


@pytest.mark.parametrize("groups", [[], None, ["ops"], "mini-n8n-", [1, {}], 7])
def test_a_user_without_a_role_here_is_told_how_to_get_one(
    token_bench: AccessBench, issuer: LocalIssuer, groups: Any
) -> None:
    answer = token_bench.ask(issuer.token(groups=groups), "GET", "/me")
    assert answer.status_code == 403
    assert "mini-n8n-viewer" in answer.json()["detail"]


def test_a_token_that_is_not_good_is_refused_and_a_user_of_a_key_cannot_be_taken_for(
    token_bench: AccessBench, issuer: LocalIssuer
) -> None:
    for token in (issuer.token(exp=1), issuer.token(aud="other"), issuer.token(sub="a b"), "a.b.c"):
        assert token_bench.ask(token, "GET", "/me").status_code == 401
    workflow_id = token_bench.save(token_bench.key("ann"))
    assert token_bench.ask(issuer.token(sub="ann"), "GET", f"/workflows/{workflow_id}").status_code == 404


def test_the_issuer_being_away_is_a_503(token_bench: AccessBench, issuer: LocalIssuer) -> None:
    issuer.broken = True
    answer = token_bench.ask(issuer.token(), "GET", "/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
