"""Sign-in: from what a request carries to who asks."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from engine.access.api_key import PREFIX, ApiKey, parse_key
from engine.access.claims import read_principal
from engine.access.ports import ApiKeyStore, TokenVerifier
from engine.access.principal import Principal
from engine.access.recent import Recent
from engine.access.role import Role
from engine.errors import NotFoundError, UnauthenticatedError
from engine.ports import Clock

# A process trusts what it read of a key for so long: a revoked key ends within this time.
KEY_CACHE_SECONDS = 10.0
# The key of the deployment may be changed in its secret; a process notices within this time.
BOOTSTRAP_CACHE_SECONDS = 60.0
# Use is noted at most once a minute.
TOUCH_SECONDS = 60.0
# Whoever signs in with the deployment's key acts as this user.
BOOTSTRAP_USER = "admin"
BOOTSTRAP = Principal("bootstrap", "bootstrap", BOOTSTRAP_USER, Role.ADMIN, "the deployment's key")
SEND_KEY = "Send an API key or a token as `Authorization: Bearer …`, or an API key as `X-API-Key: …`."
REFUSED_KEY = "This key is not valid: it is unknown, revoked or expired. Ask an administrator for another."
NO_ISSUER = "No issuer of tokens is set up here (parameters OidcIssuer and OidcAudience); send an API key."


@dataclass(frozen=True)
class TokenRule:
    """How tokens of the issuer are read; ``verifier`` tells whether they are its own."""

    verifier: TokenVerifier
    groups_claim: str = "groups"
    default_role: Role | None = None


@dataclass(frozen=True)
class SignInService:
    """Tells who asks. ``bootstrap_key`` gives the deployment's own key, None where it was retired."""

    keys: ApiKeyStore
    clock: Clock
    bootstrap_key: Callable[[], str | None]
    tokens: TokenRule | None = None
    _recent: Recent[tuple[ApiKey | None]] = field(default_factory=lambda: Recent(KEY_CACHE_SECONDS))
    _touched: Recent[bool] = field(default_factory=lambda: Recent(TOUCH_SECONDS))
    _bootstrap: Recent[tuple[str | None]] = field(default_factory=lambda: Recent(BOOTSTRAP_CACHE_SECONDS))
    _lock: Lock = field(default_factory=Lock)

    def authenticate(self, given: str | None) -> Principal:
        """Who sent this; UnauthenticatedError, ForbiddenError for a token that gives no role here.

        Costs one read of the store at most, and none for a key that was seen moments ago.
        """
        if not given:
            raise UnauthenticatedError(SEND_KEY)
        if given.startswith(PREFIX):
            return self._by_key(given)
        if given.count(".") == 2 and self.tokens is not None:
            claims = self.tokens.verifier.verify(given)
            return read_principal(claims, self.tokens.groups_claim, self.tokens.default_role)
        return self._by_bootstrap_key(given)

    def forget(self, key_id: str) -> None:
        """Read the key anew with its next request."""
        self._recent.forget(key_id)

    def _by_key(self, given: str) -> Principal:
        parsed = parse_key(given)
        if parsed is None:
            raise UnauthenticatedError(REFUSED_KEY)
        key_id, secret = parsed
        key = self._key(key_id)
        now = self.clock.now()
        if key is None or not key.proves(secret) or not key.is_usable(now):
            raise UnauthenticatedError(REFUSED_KEY)
        if self._touched.get(key_id, now) is None:
            self._touched.put(key_id, True, now)
            self.keys.touch(key_id, now, now - timedelta(seconds=TOUCH_SECONDS))
        return key.principal()

    def _key(self, key_id: str) -> ApiKey | None:
        """The key; also that there is none is remembered, so that guessing costs nothing."""
        now = self.clock.now()
        known = self._recent.get(key_id, now)
        if known is None:
            try:
                known = (self.keys.get(key_id),)
            except NotFoundError:
                known = (None,)
            self._recent.put(key_id, known, now)
        return known[0]

    def _by_bootstrap_key(self, given: str) -> Principal:
        now = self.clock.now()
        known = self._bootstrap.get("key", now)
        if known is None:
            with self._lock:
                known = (self.bootstrap_key(),)
                self._bootstrap.put("key", known, now)
        expected = known[0]
        if not expected or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            # A token has two dots, and whoever sends one should not look for a key that was revoked.
            raise UnauthenticatedError(NO_ISSUER if given.count(".") == 2 else REFUSED_KEY)
        return BOOTSTRAP
