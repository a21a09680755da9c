"""Routers: what stands around each route of a group."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from functions.api.access import guard
from functions.api.bodiless import refuse_unwanted_body
from functions.api.json_response import SafeJsonResponse
from functions.api.problem import problem_responses
from functions.api.query import refuse_unknown_query
from functions.api.route_table import API_PREFIX

_ERRORS = problem_responses(401, 403, 422, 429, 503)


def guarded_router(tag: str, prefix: str = "") -> APIRouter:
    """A router of routes below the API's prefix, for whoever the guard lets through.

    It has the dependencies itself: FastAPI builds each route of a router that is included somewhere twice.
    """
    return APIRouter(
        prefix=API_PREFIX + prefix,
        tags=[tag],
        dependencies=[
            # Its end, where the audit record is written, comes before the answer is sent.
            Depends(guard, scope="function"),
            Depends(refuse_unknown_query),
            Depends(refuse_unwanted_body),
        ],
        responses=_ERRORS,
        default_response_class=SafeJsonResponse,
    )


def open_router(tag: str, prefix: str = "") -> APIRouter:
    """A router of routes that ask for no key."""
    return APIRouter(prefix=prefix, tags=[tag], default_response_class=SafeJsonResponse)
