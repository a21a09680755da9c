"""Who a token speaks of: from its claims to a principal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from engine.access.api_key import NAME_PATTERN
from engine.access.principal import Limits, Principal
from engine.access.role import Role, highest_role
from engine.errors import ForbiddenError, UnauthenticatedError
from engine.json_value import JsonValue

# A member of the issuer's group mini-n8n-editor is an editor here.
ROLE_PREFIX = "mini-n8n-"
# Users of the issuer are named apart from the users of API keys, so that neither can pass for the other.
USER_PREFIX = "oidc:"
# People click; what asks more often than this is a program, which gets an API key.
TOKEN_LIMITS = Limits(requests_per_minute=600)


def read_principal(
    claims: Mapping[str, JsonValue], groups_claim: str, default_role: Role | None
) -> Principal:
    """The principal; ForbiddenError for a user to whom the issuer gives no role here.

    UnauthenticatedError when ``sub`` is no name that can be kept.
    """
    user = f"{USER_PREFIX}{claims.get('sub')}"
    if not re.fullmatch(NAME_PATTERN, user):
        raise UnauthenticatedError("The token's `sub` is not a name of at most 123 printable characters.")
    named = claims.get(groups_claim)
    listed = named.split() if isinstance(named, str) else named if isinstance(named, list) else []
    names = [name for name in listed if isinstance(name, str)]
    role = highest_role(names, ROLE_PREFIX) or default_role
    if role is None:
        raise ForbiddenError(
            f"The token's `{groups_claim}` names no role here. Have its issuer put you into a group "
            f"such as {ROLE_PREFIX}{Role.VIEWER.value}."
        )
    groups = {name for name in names if not name.startswith(ROLE_PREFIX) and re.fullmatch(NAME_PATTERN, name)}
    return Principal(
        subject=f"user:{user}",
        kind="token",
        user=user,
        role=role,
        name=str(claims["email"]) if isinstance(claims.get("email"), str) else None,
        groups=frozenset(groups),
        expires_at=datetime.fromtimestamp(float(claims["exp"]), UTC),
        limits=TOKEN_LIMITS,
    )
