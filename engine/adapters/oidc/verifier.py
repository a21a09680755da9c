"""Whether a token is the issuer's, for us, and good now."""

from __future__ import annotations

import re
from collections.abc import Mapping

import jwt

from engine.adapters.oidc.issuer_keys import REFRESH_SECONDS, IssuerKeys
from engine.adapters.oidc.signature import DIGEST_INFO, RsaSignature
from engine.errors import UnauthenticatedError
from engine.json_value import JsonValue

# Clocks of issuer and function may differ by this much.
LEEWAY_SECONDS = 60
# The end of the year 9999, past which there are no times.
LAST_SECOND = 253_402_300_799
MAX_TOKEN_CHARACTERS = 16_384


class OidcVerifier:
    """Keeps TokenVerifier's promise for one issuer and one audience."""

    def __init__(self, issuer: str, audience: str, keys: IssuerKeys | None = None) -> None:
        self._issuer, self._audience = issuer, audience
        self._keys = keys or IssuerKeys(issuer)
        self._jws = jwt.PyJWS(algorithms=[])
        for name in DIGEST_INFO:
            self._jws.register_algorithm(name, RsaSignature(name))
        self._claims = jwt.PyJWT()

    def verify(self, token: str) -> Mapping[str, JsonValue]:
        """The claims of a token that is good now; UnauthenticatedError says why it is not."""
        try:
            if len(token) > MAX_TOKEN_CHARACTERS:
                raise jwt.DecodeError("it is too long")
            header = self._jws.get_unverified_header(token)
            algorithm, kid = str(header.get("alg")), header.get("kid")
            if algorithm not in DIGEST_INFO:
                raise jwt.InvalidAlgorithmError(f"its alg is not one of {', '.join(DIGEST_INFO)}")
            key = self._keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise jwt.InvalidKeyError(
                    "its issuer published no RSA key of its kid when its keys were last read; a new one is "
                    f"noticed within {REFRESH_SECONDS:.0f} s"
                )
            if key.algorithm not in (None, algorithm):
                raise jwt.InvalidAlgorithmError("its key is for another alg")
            # PyJWT's own algorithms are not registered, so their key types do not matter.
            self._jws.decode(token, key=key, algorithms=[algorithm])  # type: ignore[arg-type]
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
        expiry = claims["exp"]
        if isinstance(expiry, bool) or not isinstance(expiry, int | float) or expiry > LAST_SECOND:
            raise jwt.DecodeError("its exp is no time")
        if "aud" not in claims and claims.get("token_use") == "access":
            named: JsonValue = claims.get("client_id")
        else:
            named = claims.get("aud")
        if self._audience not in (named if isinstance(named, list) else [named]):
            raise jwt.InvalidAudienceError("it is for another audience")
        return claims
