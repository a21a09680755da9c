from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from engine.adapters.oidc import IssuerKeys, OidcVerifier
from engine.errors import UnauthenticatedError, UnavailableError
from tests.unit.adapters.local_issuer import AUDIENCE, LocalIssuer


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    running = LocalIssuer()
    yield running
    running.stop()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def verifier(issuer: LocalIssuer, seconds: Seconds) -> OidcVerifier:
    return OidcVerifier(issuer.url, AUDIENCE, IssuerKeys(issuer.url, seconds=seconds))


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512"])
def test_the_claims_of_a_good_token_are_read(issuer: LocalIssuer, verifier: OidcVerifier, alg: str) -> None:
    claims = issuer.claims()
    token = issuer.token(alg=alg)
    assert verifier.verify(token)["sub"] == "ann"
    assert set(verifier.verify(token)) == set(claims)


def refused(verifier: OidcVerifier, token: str) -> str:
    with pytest.raises(UnauthenticatedError) as error:
        verifier.verify(token)
    return str(error.value)


NOW = int(time.time())
BAD_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": NOW - 120}, "expired"),
    "never expires": ({"exp": None}, "exp"),
    "not yet": ({"nbf": NOW + 86_400}, "not yet valid"),
    "made tomorrow": ({"iat": NOW + 86_400}, "not yet valid"),
    "another issuer": ({"iss": "https://evil.example"}, "issuer"),
    "no issuer": ({"iss": None}, "iss"),
    "another audience": ({"aud": "other"}, "audience"),
    "no audience": ({"aud": None}, "audience"),
    "client id of an id token": ({"aud": None, "client_id": AUDIENCE, "token_use": "id"}, "audience"),
    "nobody": ({"sub": None}, "sub"),
    "expiry that is no number": ({"exp": "soon"}, "exp"),
    "expiry beyond all": ({"exp": 10**400}, ""),
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_token_whose_claims_do_not_hold_is_refused(
    issuer: LocalIssuer, verifier: OidcVerifier, case: str
) -> None:
    changes, said = BAD_CLAIMS[case]
    assert said in refused(verifier, issuer.token(**changes)).lower()


def test_one_audience_of_several_and_the_client_of_an_access_token_are_enough(
    issuer: LocalIssuer, verifier: OidcVerifier
) -> None:
    several = issuer.token(aud=["other", AUDIENCE])
    cognito = issuer.token(aud=None, client_id=AUDIENCE, token_use="access")
    assert [verifier.verify(token)["sub"] for token in (several, cognito)] == ["ann", "ann"]


def test_clocks_may_differ_by_less_than_a_minute(issuer: LocalIssuer, verifier: OidcVerifier) -> None:
    token = issuer.token(exp=int(time.time()) - 30, nbf=int(time.time()) + 30, iat=int(time.time()) + 30)
    assert verifier.verify(token)["sub"] == "ann"


def test_a_forged_token_is_refused(issuer: LocalIssuer, verifier: OidcVerifier) -> None:
    head, body, signature = issuer.token().split(".")
    admin = base64.urlsafe_b64encode(json.dumps(issuer.claims(sub="eve")).encode()).decode().rstrip("=")
    issuer.add_key("stolen-name", publish=False)
    issuer.keys["first"], kept = issuer.keys["stolen-name"], issuer.keys["first"]
    by_another_key = issuer.token()
    issuer.keys["first"] = kept
    modulus = issuer.published[0]["n"]
    forged = {
        "changed claims": f"{head}.{admin}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut signature": f"{head}.{body}.{signature[:-4]}",
        "zero signature": f"{head}.{body}.{'A' * len(signature)}",
        "signature one": f"{head}.{body}.{'A' * (len(signature) - 2)}AB",
        "signature as large as the modulus": f"{head}.{body}.{modulus}",
        "another key under this name": by_another_key,
        "alg none": jwt.encode(issuer.claims(), None, algorithm="none", headers={"kid": "first"}),
        "alg HS256 with the public key": jwt.encode(
            issuer.claims(), modulus, algorithm="HS256", headers={"kid": "first"}
        ),
        "PS256": issuer.token(alg="PS256"),
        "unknown kid": issuer.token(headers={"kid": "other"}),
        "kid that is no text": f"{head}.{body}.{signature}".replace(
            head, base64.urlsafe_b64encode(b'{"alg":"RS256","kid":[1]}').decode().rstrip("=")
        ),
        "critical extension": issuer.token(headers={"crit": ["b64x"], "b64x": True}),
        "not a token": "a.b.c",
        "empty parts": "..",
        "too long": issuer.token(note="x" * 20_000),
    }
    for name, token in forged.items():
        assert refused(verifier, token).startswith("The token is not valid"), name


def test_a_padding_that_hides_bytes_behind_the_hash_is_refused(
    issuer: LocalIssuer, verifier: OidcVerifier
) -> None:
    """Bleichenbacher's forgery of 2006: the hash is not at the end of the block."""
    import hashlib

    numbers = issuer.keys["first"].private_numbers()
    head, body, _ = issuer.token().split(".")
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    info += hashlib.sha256(f"{head}.{body}".encode()).digest()
    block = b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00" + info
    block += b"\x00" * (256 - len(block))
    signed = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
    token = f"{head}.{body}.{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"
    assert "signature" in refused(verifier, token).lower()


def test_keys_that_cannot_check_a_signature_are_passed_over(
    issuer: LocalIssuer, verifier: OidcVerifier
) -> None:
    issuer.add_curve_key("curve")
    issuer.add_key("short", bits=1024)
    issuer.add_key("for-encryption", use="enc")
    issuer.add_key("other-alg", alg="RS512")
    issuer.published.append({"kty": "RSA", "kid": "broken", "n": "!!", "e": "AQAB"})
    issuer.published.append({"no": "kid"})
    assert verifier.verify(issuer.token())["sub"] == "ann"
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        short = issuer.token(kid="short")
    for token in (short, issuer.token(kid="curve", alg="ES256"), issuer.token(kid="for-encryption")):
        refused(verifier, token)
    assert "another alg" in refused(verifier, issuer.token(kid="other-alg"))


def test_keys_are_read_once_and_again_when_an_issuer_rotates_them(
    issuer: LocalIssuer, verifier: OidcVerifier, seconds: Seconds
) -> None:
    for _ in range(3):
        verifier.verify(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    issuer.add_key("second")
    seconds.now = 40
    assert verifier.verify(issuer.token(kid="second"))["sub"] == "ann"
    assert len(issuer.asked) == 4
    for _ in range(5):
        refused(verifier, issuer.token(headers={"kid": "guessed"}))
    assert len(issuer.asked) == 4
    del issuer.published[0]
    seconds.now += 3_601
    refused(verifier, issuer.token(kid="first"))
    assert len(issuer.asked) == 6


def test_known_keys_serve_while_the_issuer_is_away_but_not_for_ever(
    issuer: LocalIssuer, verifier: OidcVerifier, seconds: Seconds
) -> None:
    verifier.verify(issuer.token())
    issuer.broken = True
    seconds.now = 7_200
    assert verifier.verify(issuer.token())["sub"] == "ann"
    seconds.now = 90_000
    with pytest.raises(UnavailableError):
        verifier.verify(issuer.token())
    issuer.broken = False
    with pytest.raises(UnavailableError):
        verifier.verify(issuer.token())
    seconds.now += 30
    assert verifier.verify(issuer.token())["sub"] == "ann"


def test_a_configuration_that_names_another_issuer_is_not_believed(
    issuer: LocalIssuer, verifier: OidcVerifier
) -> None:
    issuer.named_issuer = "https://evil.example"
    with pytest.raises(UnavailableError):
        verifier.verify(issuer.token())


@pytest.mark.parametrize("url", ["http://issuer.example", "file:///etc/passwd", "ftp://localhost"])
def test_keys_come_over_https_alone(url: str) -> None:
    with pytest.raises(UnavailableError, match="https"):
        IssuerKeys(url).key("first")
