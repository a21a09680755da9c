"""Defect: OPTIONS requests never reach the function behind an HTTP API.

AWS answers a preflight itself only where the API has a CORS configuration; without one, OPTIONS is routed
like any other method. MiniStack always answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_ROUTED = "options"
"""The method's name in lower case passes MiniStack's check for a preflight; it is restored for the route."""


def _execute(original: Any) -> Any:
    from ministack.services import apigateway

    async def execute(api_id: str, stage: str, path: str, method: str, *arguments: Any) -> Any:
        api = apigateway._apis.get(api_id)
        if method == "OPTIONS" and api and not api.get("corsConfiguration"):
            method = _ROUTED
        return await original(api_id, stage, path, method, *arguments)

    return execute


def _match(original: Any) -> Any:
    def match(api_id: str, method: str, path: str) -> Any:
        return original(api_id, method.upper(), path)

    return match


def _replacements() -> Iterator[Replacement]:
    from ministack.services import apigateway

    yield Replacement(apigateway, "_handle_execute_in_scope", _execute)
    yield Replacement(apigateway, "_match_route", _match)


PATCH = Patch("aws.http_api_preflight", _replacements)
