"""Tokens of an OIDC issuer: its keys found, cached and rotated; signature and claims checked.

Signatures are RS256, RS384 or RS512. Every OIDC provider must offer RS256
(https://openid.net/specs/openid-connect-core-1_0.html#ServerMTI), and checking one takes no more than Python's
own integers and hashes, where the cryptography package would nearly double the API's package. Checking handles
public values alone, so how long it takes tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, NoReturn
from urllib.parse import urlsplit

import jwt
from jwt.algorithms import Algorithm

from engine.errors import UnauthenticatedError, UnavailableError
from engine.json_value import JsonValue

# Of EMSA-PKCS1-v1_5 (https://www.rfc-editor.org/rfc/rfc8017#section-9.2, note 1): what stands before the hash.
_DIGEST_INFO = {
    "RS256": (hashlib.sha256, bytes.fromhex("3031300d060960864801650304020105000420")),
    "RS384": (hashlib.sha384, bytes.fromhex("3041300d060960864801650304020205000430")),
    "RS512": (hashlib.sha512, bytes.fromhex("3051300d060960864801650304020305000440")),
}
# https://www.rfc-editor.org/rfc/rfc7518#section-3.3 asks for 2,048 bits; more than 8,192 is nobody's key.
MIN_KEY_BITS, MAX_KEY_BITS = 2_048, 8_192
# Clocks of issuer and function may differ by this much.
LEEWAY_SECONDS = 60
# Issuers keep a new key published for hours before they sign with it, and an old one after.
KEYS_SECONDS = 3_600.0
# When the issuer is away, known keys serve this long; then nobody can tell whether they were withdrawn.
STALE_KEYS_SECONDS = 86_400.0
# A token with an unknown key has the keys read again, but no more often than this.
REFRESH_SECONDS = 30.0
TIMEOUT_SECONDS = 3.0
# Real documents have a few KB.
MAX_DOCUMENT_BYTES = 512 * 1024
MAX_TOKEN_CHARACTERS = 16_384


@dataclass(frozen=True)
class PublicKey:
    """An RSA public key, and the algorithm that it is for, where the issuer says so."""

    modulus: int
    exponent: int
    algorithm: str | None


class RsaSignature(Algorithm):
    """One of the RS algorithms, for checking alone."""

    def __init__(self, name: str) -> None:
        self._hash, self._prefix = _DIGEST_INFO[name]

    def prepare_key(self, key: Any) -> PublicKey:
        """A key is prepared already."""
        if not isinstance(key, PublicKey):
            raise jwt.InvalidKeyError("not a public key of the issuer")
        return key

    def verify(self, msg: bytes, key: PublicKey, sig: bytes) -> bool:
        """Whether the holder of the private key signed this: the whole padded block is compared."""
        size = (key.modulus.bit_length() + 7) // 8
        number = int.from_bytes(sig, "big")
        if len(sig) != size or number >= key.modulus:
            return False
        info = self._prefix + self._hash(msg).digest()
        expected = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
        return hmac.compare_digest(pow(number, key.exponent, key.modulus).to_bytes(size, "big"), expected)

    def sign(self, msg: bytes, key: Any) -> NoReturn:
        """Issuers sign; this does not."""
        raise jwt.InvalidKeyError("tokens are signed by their issuer")

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        """Keys are read, not written."""
        raise jwt.InvalidKeyError("keys are published by their issuer")

    @staticmethod
    def from_jwk(jwk: Any) -> PublicKey:
        """A key of a JWK set; InvalidKeyError for one that cannot check a signature here."""
        if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
            raise jwt.InvalidKeyError("not an RSA key for signatures")
        modulus, exponent = (int.from_bytes(_decoded(jwk[part]), "big") for part in ("n", "e"))
        if not MIN_KEY_BITS <= modulus.bit_length() <= MAX_KEY_BITS:
            raise jwt.InvalidKeyError("its modulus is too short or too long")
        # An even or a tiny exponent proves nothing; those over 64 bits only cost time.
        if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64:
            raise jwt.InvalidKeyError("its exponent is unusual")
        return PublicKey(modulus, exponent, jwk.get("alg"))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


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


class OidcVerifier:
    """Keeps TokenVerifier's promise for one issuer and one audience."""

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys | None = None) -> None:
        self._issuer, self._audience = issuer, audience
        self._keys = keys or IssuerKeys(issuer)
        self._jws = jwt.PyJWS(algorithms=[])
        for name in _DIGEST_INFO:
            self._jws.register_algorithm(name, RsaSignature(name))
        self._claims = jwt.PyJWT()

    def verify(self, token: str) -> Mapping[str, JsonValue]:
        """The claims of a token that is good now; UnauthenticatedError says why it is not."""
        try:
            if len(token) > MAX_TOKEN_CHARACTERS:
                raise jwt.DecodeError("it is too long")
            header = self._jws.get_unverified_header(token)
            algorithm, kid = str(header.get("alg")), header.get("kid")
            if algorithm not in _DIGEST_INFO:
                raise jwt.InvalidAlgorithmError(f"its alg is not one of {', '.join(_DIGEST_INFO)}")
            key = self._keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise jwt.InvalidKeyError("its issuer publishes no RSA key of its kid")
            if key.algorithm not in (None, algorithm):
                raise jwt.InvalidAlgorithmError("its key is for another alg")
            self._jws.decode(token, key=key, algorithms=[algorithm])
            return self._checked(token)
        except jwt.PyJWTError as error:
            reason = re.sub(r"[^ -~]", "?", str(error))[:200]
            raise UnauthenticatedError(f"The token is not valid: {reason}.") from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise UnauthenticatedError("The token is not valid: it cannot be read.") from None

    def _checked(self, token: str) -> Mapping[str, JsonValue]:
        """The claims of a token whose signature is good; PyJWTError says what does not hold.

        Access tokens of Cognito name their client in ``client_id`` and have no ``aud``
        (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).
        """
        claims: dict[str, JsonValue] = self._claims.decode(
            token,
            options={
                "verify_signature": False,
                "verify_exp": True,
                "verify_nbf": True,
                "verify_iat": True,
                "verify_iss": True,
                "verify_aud": False,
                "require": ["exp", "iss", "sub"],
            },
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
        )
        if "aud" not in claims and claims.get("token_use") == "access":
            named: JsonValue = claims.get("client_id")
        else:
            named = claims.get("aud")
        if self._audience not in (named if isinstance(named, list) else [named]):
            raise jwt.InvalidAudienceError("it is for another audience")
        return claims
