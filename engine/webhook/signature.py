"""Who sent a webhook's request: shared secrets and signatures, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from engine.trigger import GitHubAuth, HeaderAuth, HmacAuth, StripeAuth, WebhookAuth
from engine.webhook.request import WebhookError, WebhookRequest

SECRET_KINDS = ("header", "bearer", "basic")
# What a 401 asks for; other secrets and signatures have no scheme.
_CHALLENGES = {"bearer": "Bearer", "basic": 'Basic realm="webhook"'}


def check_auth(
    auth: WebhookAuth, kind: str, values: Mapping[str, str], request: WebhookRequest, now: datetime
) -> None:
    """WebhookError, 401, unless the request proves that its sender has the credential.

    ``kind`` and ``values`` are the credential's. 503 when its kind cannot check this: nothing may pass then.
    """
    if isinstance(auth, HeaderAuth):
        if kind not in SECRET_KINDS:
            raise _misfit(auth.credential, kind, " or ".join(SECRET_KINDS))
        name, value = _expected_header(kind, values)
        if not _equal(_spelled(kind, request.headers.get(name.lower(), "")), value):
            challenge = {"www-authenticate": _CHALLENGES[kind]} if kind in _CHALLENGES else {}
            told = "the header Authorization" if challenge else "the secret header"
            raise _refused(f"{told} is missing or wrong", challenge)
        return
    if kind != "hmac":
        raise _misfit(auth.credential, kind, "hmac")
    secret = values["secret"].encode()
    if isinstance(auth, GitHubAuth):
        _check_hmac(HmacAuth(type="hmac", credential="-", **_GITHUB), secret, request)
    elif isinstance(auth, StripeAuth):
        _check_stripe(auth, secret, request, now)
    else:
        _check_hmac(auth, secret, request)


# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
_GITHUB: dict[str, str] = {"header": "X-Hub-Signature-256", "prefix": "sha256="}


def secret_header(auth: WebhookAuth | None, kind: str | None, values: Mapping[str, str]) -> str | None:
    """The header, in lower case, that carried the secret or signature: events leave it out."""
    if auth is None or kind is None:
        return None
    if isinstance(auth, HeaderAuth):
        return _expected_header(kind, values)[0].lower()
    named = {"github": _GITHUB["header"], "stripe": "stripe-signature"}
    return (auth.header if isinstance(auth, HmacAuth) else named[auth.type]).lower()


def _expected_header(kind: str, values: Mapping[str, str]) -> tuple[str, str]:
    if kind == "header":
        return values["name"], values["value"]
    if kind == "bearer":
        return "authorization", f"Bearer {values['token']}"
    pair = base64.b64encode(f"{values['username']}:{values['password']}".encode()).decode()
    return "authorization", f"Basic {pair}"


def _spelled(kind: str, given: str) -> str:
    """A header with its scheme as we spell it, whose case does not matter (RFC 9110, section 11.1)."""
    scheme, blank, rest = given.partition(" ")
    own = _CHALLENGES.get(kind, "").partition(" ")[0]
    return f"{own}{blank}{rest}" if own and scheme.lower() == own.lower() else given


def _check_hmac(auth: HmacAuth, secret: bytes, request: WebhookRequest) -> None:
    given = request.headers.get(auth.header.lower(), "")
    mac = hmac.new(secret, request.body, getattr(hashlib, auth.algorithm)).digest()
    spelled = mac.hex() if auth.encoding == "hex" else base64.b64encode(mac).decode()
    if not given.startswith(auth.prefix):
        raise _refused(f"the header {auth.header} is missing, or does not start with '{auth.prefix}'")
    signature = given[len(auth.prefix) :]
    # Hexadecimal digits have two spellings, base64 has one.
    if not _equal(signature.lower() if auth.encoding == "hex" else signature, spelled):
        raise _refused(f"the signature in {auth.header} does not fit the body")


def _check_stripe(auth: StripeAuth, secret: bytes, request: WebhookRequest, now: datetime) -> None:
    """https://docs.stripe.com/webhooks#verify-manually: t=seconds, one v1 for each secret in use."""
    pairs = [part.strip().partition("=") for part in request.headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if not times or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12 or not signatures:
        raise _refused("the header Stripe-Signature is missing or has no t and v1")
    expected = hmac.new(secret, times[0].encode() + b"." + request.body, hashlib.sha256).hexdigest()
    if not any([_equal(signature, expected) for signature in signatures]):  # noqa: C419 - all are compared
        raise _refused("the signature in Stripe-Signature does not fit the body")
    if abs(now.timestamp() - int(times[0])) > auth.tolerance_seconds:
        raise _refused(f"the time in Stripe-Signature is more than {auth.tolerance_seconds} s away from now")


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def _refused(message: str, headers: Mapping[str, str] | None = None) -> WebhookError:
    return WebhookError(401, "unauthorized", f"The request was not accepted: {message}.", headers)


def _misfit(credential: str, kind: str, wanted: str) -> WebhookError:
    message = f"Credential '{credential}' is of kind '{kind}'; this webhook needs one of kind {wanted}."
    return WebhookError(503, "unavailable", message)
