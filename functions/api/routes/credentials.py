"""Credentials: values go in and never come back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from engine.json_value import JsonObject
from engine.ports import CredentialInfo
from functions.api.access import Trail, Who
from functions.api.body import json_body, read_object
from functions.api.body_model import read_model
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("credentials")
Use = Annotated[Services, Depends(get_services)]


class CredentialRequest(BaseModel):
    """A credential as it is stored."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["bearer", "basic", "header", "query", "api_key", "hmac"]
    values: dict[str, SecretStr] = Field(
        description="bearer: token. basic: username, password. header, query: name, value. api_key: api_key. "
        "hmac: secret, which signs what webhooks receive."
    )
    description: str | None = Field(None, max_length=1_000)


class CredentialView(BaseModel):
    """A credential as it is shown: without its values."""

    name: str
    kind: str
    parts: list[str]
    description: str | None
    created_at: datetime
    updated_at: datetime
    owner: str | None = Field(description="Whose it is; null: the administrators'.")
    groups: list[str] = Field(description="Workflows that are shared with one of these may use it.")

    @classmethod
    def of(cls, info: CredentialInfo) -> CredentialView:
        """From what may be shown."""
        return cls(
            name=info.name,
            kind=info.kind,
            parts=list(info.parts),
            description=info.description,
            created_at=info.created_at,
            updated_at=info.updated_at,
            owner=info.ownership.owner,
            groups=list(info.ownership.groups),
        )


class CredentialList(BaseModel):
    """A page of credentials, by name."""

    items: list[CredentialView]
    cursor: str | None


BODY = json_body(CredentialRequest, example={"kind": "bearer", "values": {"token": "the-token"}})


def _noted(info: CredentialInfo) -> JsonObject:
    """What the audit trail says of a credential: not its description, which may hold anything."""
    return {"kind": info.kind, "parts": list(info.parts), "owner": info.ownership.owner}


def read_credential(document: Annotated[JsonObject, Depends(read_object)]) -> CredentialRequest:
    """The body; RequestError names the field, and never repeats a value."""
    return read_model(CredentialRequest, document)


@router.get("/credentials")
def list_credentials(
    services: Use, principal: Who, limit: Limit = 20, cursor: Cursor = None
) -> CredentialList:
    """Names and kinds of the credentials that you see."""
    page = services.credentials.list_infos(principal, limit, cursor)
    return CredentialList(items=[CredentialView.of(info) for info in page.items], cursor=page.cursor)


@router.put(
    "/credentials/{name}",
    openapi_extra=BODY,
    responses={201: {"model": CredentialView, "description": "It is new."}, **problem_responses(413)},
)
def put_credential(
    name: Id,
    asked: Annotated[CredentialRequest, Depends(read_credential)],
    response: Response,
    services: Use,
    access: Trail,
) -> CredentialView:
    """Store a credential, or replace it; 201 when it is new."""
    values = {part: value.get_secret_value() for part, value in asked.values.items()}
    info, before = services.credentials.put(access.principal, name, asked.kind, values, asked.description)
    response.status_code = 201 if before is None else 200
    access.note(before=_noted(before) if before else None, after=_noted(info))
    return CredentialView.of(info)


@router.get("/credentials/{name}", responses=problem_responses(404))
def get_credential(name: Id, services: Use, principal: Who) -> CredentialView:
    """What may be shown of a credential."""
    return CredentialView.of(services.credentials.info(principal, name))


@router.delete("/credentials/{name}", status_code=204, responses=problem_responses(404))
def delete_credential(name: Id, services: Use, access: Trail) -> None:
    """Forget a credential and its values."""
    access.note(before=_noted(services.credentials.delete(access.principal, name)))
