from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.trigger import WebhookAuth
from engine.webhook import WebhookError, WebhookRequest, check_auth

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
BODY = b'{"id": 7}'
SECRET = {"secret": "open sesame"}


def mac(algorithm: str = "sha256", body: bytes = BODY, secret: str = "open sesame") -> bytes:
    return hmac.new(secret.encode(), body, algorithm).digest()


def stripe(at: int = AT, body: bytes = BODY) -> str:
    return f"t={at},v0=x,v1={'0' * 64},v1={mac(body=str(at).encode() + b'.' + body).hex()}"


def passes(
    auth: Mapping[str, Any],
    kind: str,
    values: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes = BODY,
) -> bool:
    parsed: WebhookAuth = TypeAdapter(WebhookAuth).validate_python({"credential": "hook", **auth})
    request = WebhookRequest("POST", "a", headers, body=body)
    refused: list[WebhookError] = []
    try:
        check_auth(parsed, kind, values, request, NOW)
    except WebhookError as error:
        refused.append(error)
    assert [error.status for error in refused] in ([], [401])
    assert not any(value in str(error) for error in refused for value in values.values())
    return not refused


GITHUB = {"type": "github"}
HEX = {"type": "hmac"}
SHOP = {"type": "hmac", "header": "X-Shop-Hmac", "encoding": "base64", "algorithm": "sha512", "prefix": "v="}
SHOP_HEADER = "v=" + base64.b64encode(mac("sha512")).decode()
PAIR = base64.b64encode(b"ann:pw").decode()


@pytest.mark.parametrize(
    ("auth", "kind", "values", "headers"),
    [
        (GITHUB, "hmac", SECRET, {"x-hub-signature-256": f"sha256={mac().hex()}"}),
        ({"type": "stripe"}, "hmac", SECRET, {"stripe-signature": stripe(AT - 299)}),
        ({"type": "header"}, "bearer", {"token": "t-1"}, {"authorization": "bearer t-1"}),
        (
            {"type": "header"},
            "basic",
            {"username": "ann", "password": "pw"},
            {"authorization": f"BASIC {PAIR}"},
        ),
        (HEX, "hmac", SECRET, {"x-signature": mac().hex().upper()}),
        (SHOP, "hmac", SECRET, {"x-shop-hmac": SHOP_HEADER}),
        ({"type": "header"}, "header", {"name": "X-Token", "value": "t1"}, {"x-token": "t1"}),
        ({"type": "header"}, "bearer", {"token": "t1"}, {"authorization": "Bearer t1"}),
        (
            {"type": "header"},
            "basic",
            {"username": "ann", "password": "pw"},
            {"authorization": f"Basic {PAIR}"},
        ),
    ],
)
def test_who_has_the_secret_passes_and_nobody_else(
    auth: dict[str, Any], kind: str, values: dict[str, str], headers: dict[str, str]
) -> None:
    assert passes(auth, kind, values, headers)
    (name, given), *_ = headers.items()
    for wrong in ("", given[:-1], given + "0", given.swapcase() + "!", "é\ud800"):
        assert not passes(auth, kind, values, {name: wrong})
    assert not passes(auth, kind, values, {})
    if kind == "hmac":
        assert not passes(auth, kind, values, headers, BODY + b" ")
        assert not passes(auth, kind, {"secret": "another one"}, headers)


@pytest.mark.parametrize(
    "header",
    [stripe(AT - 301), stripe(AT + 301), f"v1={mac().hex()}", f"t=x,v1={mac().hex()}", "t=1", "t=²,v1=a"],
)
def test_a_stripe_signature_that_is_old_or_broken_is_refused(header: str) -> None:
    assert not passes({"type": "stripe"}, "hmac", SECRET, {"stripe-signature": header})


def test_the_vectors_of_github_fit() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    values = {"secret": "It's a Secret to Everybody"}
    assert passes(GITHUB, "hmac", values, {"x-hub-signature-256": signature}, b"Hello, World!")


@pytest.mark.parametrize(("auth", "kind"), [(GITHUB, "bearer"), ({"type": "header"}, "hmac")])
def test_a_credential_that_cannot_check_lets_nobody_in(auth: dict[str, Any], kind: str) -> None:
    parsed: WebhookAuth = TypeAdapter(WebhookAuth).validate_python({"credential": "hook", **auth})
    with pytest.raises(WebhookError) as error:
        check_auth(parsed, kind, {"token": "t1", "secret": "t1"}, WebhookRequest("POST", "a"), NOW)
    assert error.value.status == 503


def refusal(
    auth: Mapping[str, Any], kind: str, values: Mapping[str, str], headers: Mapping[str, str]
) -> WebhookError:
    parsed: WebhookAuth = TypeAdapter(WebhookAuth).validate_python({"credential": "hook", **auth})
    with pytest.raises(WebhookError) as raised:
        check_auth(parsed, kind, values, WebhookRequest("POST", "a", headers, body=BODY), NOW)
    return raised.value


@pytest.mark.parametrize(
    ("kind", "values", "challenge"),
    [
        ("bearer", {"token": "t-1"}, "Bearer"),
        ("basic", {"username": "ann", "password": "pw"}, 'Basic realm="webhook"'),
        ("header", {"name": "X-Secret", "value": "v-1"}, None),
    ],
)
def test_a_refusal_asks_for_the_scheme_that_there_is(
    kind: str, values: Mapping[str, str], challenge: str | None
) -> None:
    error = refusal({"type": "header"}, kind, values, {})
    assert (error.status, error.headers.get("www-authenticate")) == (401, challenge)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_time_that_is_too_far_away_is_told_with_the_bound(seconds: int) -> None:
    error = refusal({"type": "stripe"}, "hmac", SECRET, {"stripe-signature": stripe(AT + seconds)})
    assert "more than 300 s away from now" in str(error)
