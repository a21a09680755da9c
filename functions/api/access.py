"""Who may ask: one API key, from a secret that settings name, guards all but health, docs and file links."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from functions.api.services import Services, get_services

bearer = HTTPBearer(auto_error=False, description="The API key, as `Authorization: Bearer …`.")
header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The API key.")


def given_key(request: Request) -> str | None:
    """The key that the request carries, if any."""
    authorization = request.headers.get("authorization", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.headers.get("x-api-key")


def require_key(
    request: Request,
    services: Annotated[Services, Depends(get_services)],
    _bearer: Annotated[object, Depends(bearer)],
    _header: Annotated[object, Depends(header)],
) -> None:
    """Refuse with 401 whoever does not carry the key."""
    given = given_key(request)
    if not given or not hmac.compare_digest(given.encode(), services.api_key().encode()):
        raise HTTPException(
            401,
            "Send the API key as `Authorization: Bearer …` or `X-API-Key: …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
