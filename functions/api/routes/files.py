"""Files that nodes made, by links that go on working: each answers with a fresh link to the store.

A link holds 128 random bits, so who has it was given it; it needs no key, and works in an <img>.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.responses import RedirectResponse

from engine.execution import FILES_PREFIX
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import open_router
from functions.api.services import Services, get_services

# Long enough to follow the redirect and begin the download.
LINK_SECONDS = 300

router = open_router("files")


@router.get(
    "/files/{execution_id}/{token}/{name}",
    status_code=307,
    response_class=RedirectResponse,
    responses=problem_responses(404),
)
def get_file(
    execution_id: Id, token: Id, name: Id, services: Annotated[Services, Depends(get_services)]
) -> RedirectResponse:
    """Go to the file."""
    key = f"{FILES_PREFIX}{execution_id}/{token}/{name}"
    services.blobs.info(key)
    return RedirectResponse(services.blobs.link(key, LINK_SECONDS), status_code=307)
