"""Metrics for those who scrape."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Response

from functions.api.exposition import CONTENT_TYPE, write_exposition
from functions.api.router import guarded_router
from functions.api.services import Services, get_services

router = guarded_router("operation")


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}},
)
def get_metrics(services: Annotated[Services, Depends(get_services)]) -> Response:
    """Sums over the whole installation, since it was made: executions, node runs, triggers, cache, cost."""
    text = write_exposition(services.tallies.read(), services.cache.counts())
    return Response(text, media_type=CONTENT_TYPE)
