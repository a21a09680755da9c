"""API keys: made, listed, revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from engine.access.api_key import ApiKey
from engine.json_value import JsonObject
from functions.api.access import Trail
from functions.api.access_view import CreatedKey, KeyList, KeyView, NewKey
from functions.api.body import json_body, read_object
from functions.api.body_model import read_model
from functions.api.paging import Cursor, Id, Limit
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("access")
Use = Annotated[Services, Depends(get_services)]
BODY = json_body(NewKey, example={"name": "CI", "role": "operator"})


def read_new_key(document: Annotated[JsonObject, Depends(read_object)]) -> NewKey:
    """The body; RequestError names the field."""
    return read_model(NewKey, document)


def _shown(services: Services, key: ApiKey) -> KeyView:
    return KeyView.of(key, services.api_keys.last_used((key,)).get(key.key_id))


@router.get("/api-keys")
def list_api_keys(services: Use, limit: Limit = 20, cursor: Cursor = None) -> KeyList:
    """Keys, newest first, with those that are revoked or expired."""
    page = services.api_keys.list_keys(limit, cursor)
    used = services.api_keys.last_used(page.items)
    return KeyList(items=[KeyView.of(key, used.get(key.key_id)) for key in page.items], cursor=page.cursor)


@router.post("/api-keys", status_code=201, openapi_extra=BODY)
def create_api_key(
    asked: Annotated[NewKey, Depends(read_new_key)], services: Use, access: Trail
) -> CreatedKey:
    """Make a key. The answer holds it; nothing will show it again."""
    key, text = services.api_keys.create(access.principal, asked.request())
    view = KeyView.of(key)
    access.note(f"api_key:{key.key_id}", after=view.model_dump(mode="json"))
    return CreatedKey(**view.model_dump(), key=text)


@router.get("/api-keys/{key_id}", responses=problem_responses(404))
def get_api_key(key_id: Id, services: Use) -> KeyView:
    """A key, without its secret."""
    return _shown(services, services.api_keys.get(key_id))


@router.delete("/api-keys/{key_id}", status_code=204, responses=problem_responses(404))
def revoke_api_key(key_id: Id, services: Use, access: Trail) -> None:
    """End a key for good. Every process notices within ten seconds."""
    before, after = services.api_keys.revoke(key_id)
    services.sign_in.forget(key_id)
    access.note(
        before=KeyView.of(before).model_dump(mode="json"), after=KeyView.of(after).model_dump(mode="json")
    )
