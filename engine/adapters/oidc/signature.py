"""Signatures of tokens: RS256, RS384 and RS512.

Every OIDC provider must offer RS256 (https://openid.net/specs/openid-connect-core-1_0.html#ServerMTI), and
checking one takes no more than Python's own integers and hashes, where the cryptography package would nearly
double the API's package. Checking handles public values alone, so how long it takes tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt
from jwt.algorithms import Algorithm

# EMSA-PKCS1-v1_5: what stands before the hash (https://www.rfc-editor.org/rfc/rfc8017#section-9.2, note 1).
DIGEST_INFO = {
    "RS256": (hashlib.sha256, bytes.fromhex("3031300d060960864801650304020105000420")),
    "RS384": (hashlib.sha384, bytes.fromhex("3041300d060960864801650304020205000430")),
    "RS512": (hashlib.sha512, bytes.fromhex("3051300d060960864801650304020305000440")),
}
# https://www.rfc-editor.org/rfc/rfc7518#section-3.3 asks for 2,048 bits; more than 8,192 is nobody's key.
MIN_KEY_BITS, MAX_KEY_BITS = 2_048, 8_192


@dataclass(frozen=True)
class PublicKey:
    """An RSA public key, and the algorithm that it is for, where the issuer says so."""

    modulus: int
    exponent: int
    algorithm: str | None


class RsaSignature(Algorithm):
    """One of the RS algorithms, for checking alone."""

    def __init__(self, name: str) -> None:
        self._hash, self._prefix = DIGEST_INFO[name]

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
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:  # noqa: ARG004 - the contract's arguments
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
