"""The keys of an OIDC issuer: found, cached, and read again as they rotate."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import jwt

from engine.adapters.oidc.signature import PublicKey, RsaSignature
from engine.errors import UnavailableError

# Issuers keep a new key published for hours before they sign with it, and an old one after.
KEYS_SECONDS = 3_600.0
# When the issuer is away, known keys serve this long; then nobody can tell whether they were withdrawn.
STALE_KEYS_SECONDS = 86_400.0
# A token with an unknown key has the keys read again, but no more often than this.
REFRESH_SECONDS = 30.0
TIMEOUT_SECONDS = 3.0
# Real documents have a few KB.
MAX_DOCUMENT_BYTES = 512 * 1024


class _RefuseRedirects(urllib.request.HTTPRedirectHandler):
    """Keys come from where the issuer says, not from where that points."""

    def redirect_request(self, *_: Any) -> None:
        """No."""


def fetch_document(url: str) -> Mapping[str, Any]:
    """A JSON object over HTTPS, or HTTP on this machine; UnavailableError."""
    parts = urlsplit(url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise UnavailableError(f"the issuer's '{url}' is not an https address")
    opener = urllib.request.build_opener(_RefuseRedirects)
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
            data = answer.read(MAX_DOCUMENT_BYTES + 1)
        document = json.loads(data) if len(data) <= MAX_DOCUMENT_BYTES else None
    except (OSError, ValueError) as error:
        raise UnavailableError(f"the issuer's {url} gave nothing usable: {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise UnavailableError(f"the issuer's {url} gave no JSON object of usable size")
    return document


class IssuerKeys:
    """The public keys of an issuer, read when needed and read again as they rotate."""

    def __init__(
        self,
        issuer: str,
        fetch: Callable[[str], Mapping[str, Any]] = fetch_document,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """``fetch`` and ``seconds`` are for tests."""
        self._issuer, self._fetch, self._seconds = issuer, fetch, seconds
        self._keys: dict[str, PublicKey] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._lock = Lock()

    def key(self, kid: str) -> PublicKey | None:
        """The key of that id, None where the issuer has none; UnavailableError."""
        with self._lock:
            age = self._seconds() - self._read_at if self._read_at is not None else None
            if age is None or age > KEYS_SECONDS or (kid not in self._keys and self._may_try()):
                self._read(age)
            return self._keys.get(kid)

    def _may_try(self) -> bool:
        return self._tried_at is None or self._seconds() - self._tried_at >= REFRESH_SECONDS

    def _read(self, age: float | None) -> None:
        """Read the keys. When that fails, those that are known go on for a while."""
        if not self._may_try():
            if age is None or age > STALE_KEYS_SECONDS:
                raise UnavailableError("the issuer's keys cannot be read; try again")
            return
        self._tried_at = self._seconds()
        try:
            self._keys = self._published()
        except UnavailableError:
            if age is None or age > STALE_KEYS_SECONDS:
                raise
            return
        self._read_at = self._seconds()

    def _published(self) -> dict[str, PublicKey]:
        """What the issuer publishes (https://openid.net/specs/openid-connect-discovery-1_0.html)."""
        found = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise UnavailableError("the issuer's configuration names another issuer")
        keys: dict[str, PublicKey] = {}
        listed = self._fetch(str(found.get("jwks_uri"))).get("keys")
        for jwk in listed if isinstance(listed, list) else ():
            try:
                keys[str(jwk["kid"])] = RsaSignature.from_jwk(jwk)
            except (jwt.InvalidKeyError, KeyError, TypeError, ValueError, AttributeError):
                # A set may hold keys of other kinds; what is signed with one is refused by its kid.
                continue
        return keys
