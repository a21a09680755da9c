"""Defect: the event of an HTTP API is not AWS's, nor is what becomes of a function's answer.

MiniStack leaves cookies in the headers, sends null for absent fields, knows no integration timeout and no
size limit, and shows a function's error document to the caller (AWS: 500 and "Internal Server Error").
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

from infra.local.aws.http_api import (
    MAX_INTEGRATION_SECONDS,
    HttpRequest,
    HttpResponse,
    http_event,
    http_response,
    problem,
)
from infra.local.aws.lambda_pool.caller import Caller, calling
from infra.local.patch import Patch, Replacement


async def _invoke(
    integration: dict[str, Any], request: HttpRequest, account: str, region: str
) -> HttpResponse:
    """Run the integration's function; its answer as a parsed document, or an HTTP problem."""
    from ministack.core.concurrency import run_reentrant
    from ministack.services import apigateway, lambda_svc

    reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    func, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
        reference, account_id=account, region=region
    )
    if func is None or config is None:
        return problem(500, "Internal Server Error")
    limit = min((integration.get("timeoutInMillis") or 30_000) / 1000, MAX_INTEGRATION_SECONDS)
    with calling(Caller(is_request=True)) as caller:
        call = run_reentrant(
            lambda_svc._execute_function_with_config_scope,
            lambda_svc._execution_record_for_config(func, config),
            http_event(request, account),
            thread_name="http-api-invoke",
        )
        running = asyncio.ensure_future(call)
    return await wait_for_answer(running, caller, limit)


async def wait_for_answer(
    running: asyncio.Future[dict[str, Any]], caller: Caller, seconds: float
) -> HttpResponse:
    """The answer, if it comes in time. Lambda begins at once, so the time in the queue does not count."""
    began = time.monotonic()
    while (left := seconds + caller.queue_seconds - (time.monotonic() - began)) > 0:
        done, _ = await asyncio.wait({running}, timeout=left)
        if done:
            return _answered(running.result())
    return problem(503, "Service Unavailable")


def _answered(result: dict[str, Any]) -> HttpResponse:
    if result.get("throttle"):
        return problem(503, "Service Unavailable")
    if result.get("error"):
        return problem(500, "Internal Server Error")
    body = result.get("body")
    return http_response(json.loads(body) if isinstance(body, str) and body else body)


def _make(_original: Any) -> Any:
    from ministack.services import apigateway

    async def invoke_lambda_proxy(  # noqa: PLR0917 - the replaced function is called by position
        integration: dict[str, Any],
        api_id: str,
        stage: str,
        path: str,
        method: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
        route_key: str = "$default",
        path_params: dict[str, str] | None = None,
        *,
        raw_query_string: str | None = None,
        owner_account_id: str = "",
        owner_region: str = "",
        **authorizer: Any,
    ) -> Any:
        request = HttpRequest(
            api_id=api_id,
            stage=stage,
            route_key=route_key,
            method=method.upper(),
            raw_path=path,
            raw_query_string=apigateway._raw_query_string(query_params, raw_query_string),
            query=query_params or {},
            headers=headers,
            body=body or b"",
            path_parameters=path_params or {},
            stage_variables=apigateway._get_stage_variables(api_id, stage) or {},
            authorizer=_authorizer(authorizer),
        )
        return await _invoke(integration, request, owner_account_id, owner_region)

    return invoke_lambda_proxy


def _authorizer(known: dict[str, Any]) -> dict[str, Any] | None:
    from ministack.services import apigateway

    if known.get("authorizer_claims") is not None:
        claims = {k: apigateway._jwt_claim_to_string(v) for k, v in known["authorizer_claims"].items()}
        return {"jwt": {"claims": claims, "scopes": known.get("authorizer_scopes") or []}}
    if known.get("authorizer_lambda_context") is not None:
        return {"lambda": known["authorizer_lambda_context"]}
    if known.get("authorizer_iam") is not None:
        return {"iam": known["authorizer_iam"]}
    return None


def _replacements() -> Iterator[Replacement]:
    from ministack.services import apigateway

    yield Replacement(apigateway, "_invoke_lambda_proxy", _make)


PATCH = Patch("aws.http_api_proxy", _replacements)
