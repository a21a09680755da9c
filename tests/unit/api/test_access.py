"""Who may ask: everything but health, documentation, files and links of approvals wants the key."""

from __future__ import annotations

import pytest

from engine.errors import UnavailableError
from tests.unit.api.api_bench import API_KEY, ApiBench

# The links of an approval carry their own right: a signature that expires.
OPEN = {"/health", "/files/{execution_id}/{token}/{name}", "/api/v1/approvals/{token}"}
METHODS = ("get", "put", "post", "delete", "patch")


def guarded() -> list[tuple[str, str]]:
    paths = ApiBench().app.openapi()["paths"]
    return [
        (m.upper(), path) for path, item in paths.items() for m in item if m in METHODS and path not in OPEN
    ]


@pytest.mark.parametrize(("method", "path"), guarded())
def test_every_route_wants_the_key(bench: ApiBench, method: str, path: str) -> None:
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": ""}, {"Authorization": "Bearer wrong"}):
        answer = bench.send_bare(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:mini-n8n:problem:unauthorized"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": API_KEY},
        {"Authorization": f"Bearer {API_KEY}"},
        {"Authorization": f"bearer  {API_KEY} "},
    ],
)
def test_the_key_is_taken_from_either_header(bench: ApiBench, headers: dict[str, str]) -> None:
    assert bench.send_bare("GET", "/api/v1/node-types", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Basic {API_KEY}"},
        {"Authorization": API_KEY},
        {"Authorization": "Bearer "},
        {"X-API-Key": API_KEY + "x"},
        {"X-API-Key": b"\xff\xfe"},
    ],
)
def test_what_only_looks_like_the_key_is_refused(bench: ApiBench, headers: dict[str, str]) -> None:
    assert bench.send_bare("GET", "/api/v1/node-types", headers=headers).status_code == 401


def test_an_empty_stored_key_lets_nobody_in() -> None:
    bench = ApiBench(api_key=lambda: "")
    for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Bearer "}):
        assert bench.send_bare("GET", "/api/v1/node-types", headers=headers).status_code == 401


def test_a_key_that_cannot_be_read_is_a_503() -> None:
    def away() -> str:
        raise UnavailableError("The API key is not stored: its secret is missing.")

    answer = ApiBench(api_key=away).send("GET", "/node-types")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:mini-n8n:problem:unavailable")


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/docs-assets/swagger-ui.css"])
def test_health_and_documentation_are_open(bench: ApiBench, path: str) -> None:
    assert bench.send_bare("GET", path).status_code == 200


# CORS


def test_no_origin_is_allowed_unless_settings_name_it(bench: ApiBench) -> None:
    answer = bench.send("GET", "/node-types", headers={"Origin": "https://app.test"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_named_origin_may_ask_from_a_browser() -> None:
    bench = ApiBench(cors_origins=("https://app.test",))
    preflight = bench.send_bare(
        "OPTIONS",
        "/api/v1/workflows/",
        headers={
            "Origin": "https://app.test",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,if-match",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.test"
    assert "if-match" in preflight.headers["access-control-allow-headers"]
    for headers in ({}, {"X-API-Key": "wrong"}):
        answer = bench.send("GET", "/node-types", headers={"Origin": "https://app.test"} | headers)
        assert answer.headers["access-control-allow-origin"] == "https://app.test"
        exposed = answer.headers["access-control-expose-headers"]
        assert {"ETag", "Location", "Retry-After", "Idempotency-Replayed"} <= set(exposed.split(", "))
    other = bench.send("GET", "/node-types", headers={"Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in other.headers
