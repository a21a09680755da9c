"""Tokens of an OIDC issuer on loopback, at a deployment that trusts it: who signs in, and what they see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.local.stack import LocalStack, StackOptions
from tests.unit.adapters.local_issuer import AUDIENCE, LocalIssuer

HELLO = {"name": "Hello", "nodes": [{"id": "a", "type": "output", "config": {"value": "hello"}}]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    running = LocalIssuer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def url(issuer: LocalIssuer) -> Iterator[str]:
    parameters = {"OidcIssuer": issuer.url, "OidcAudience": AUDIENCE}
    with LocalStack(StackOptions(parameters=parameters)) as stack:
        yield f"{stack.api_url}/api/v1"


def ask(url: str, token: str, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.request(method, url + path, headers=headers, timeout=30, **more)


def test_members_see_what_is_shared_with_their_group_and_do_what_their_role_allows(
    issuer: LocalIssuer, url: str
) -> None:
    ann = issuer.token(sub="ann", groups=["mini-n8n-editor", "ops"])
    bob = issuer.token(sub="bob", groups=["mini-n8n-operator", "ops"])
    eve = issuer.token(sub="eve", groups=["mini-n8n-editor"])
    me = ask(url, ann, "GET", "/me").json()
    assert (me["user"], me["role"], me["groups"]) == ("oidc:ann", "editor", ["ops"])
    workflow = ask(url, ann, "POST", "/workflows/", json=HELLO).json()["id"]
    assert ask(url, ann, "PUT", f"/workflows/{workflow}/access", json={"groups": ["ops"]}).status_code == 200
    assert ask(url, bob, "POST", f"/workflows/{workflow}/execute?wait=20").json()["output"] == {"a": "hello"}
    assert ask(url, bob, "PUT", f"/workflows/{workflow}", json=HELLO).status_code == 403
    assert ask(url, eve, "GET", f"/workflows/{workflow}").status_code == 404
    assert ask(url, eve, "GET", "/workflows/").json()["items"] == []


@pytest.mark.parametrize(
    ("claims", "status", "told"),
    [
        ({"groups": ["ops"]}, 403, "names no role here"),
        ({"exp": 1}, 401, "expired"),
        ({"aud": "another"}, 401, "audience"),
        ({"iss": "https://evil.example"}, 401, "issuer"),
    ],
)
def test_a_token_that_does_not_do_is_told_why(
    issuer: LocalIssuer, url: str, claims: dict[str, Any], status: int, told: str
) -> None:
    answer = ask(url, issuer.token(**claims), "GET", "/me")
    assert (answer.status_code, told in answer.json()["detail"].lower()) == (status, True), answer.text
