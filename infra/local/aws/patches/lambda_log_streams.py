"""Defect: every invocation leaves a log stream of its own in memory, and in the saved state, for ever.

AWS has a stream for each execution environment and a retention. The newest streams of a function are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

KEPT_STREAMS = 200


def _make(original: Any) -> Any:
    from ministack.services import cloudwatch_logs

    def emit(func: dict[str, Any], *arguments: Any, **named: Any) -> None:
        original(func, *arguments, **named)
        config = func.get("config") or func
        name = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        streams = (cloudwatch_logs._log_groups.get(name) or {}).get("streams", {})
        for oldest in list(streams)[: max(0, len(streams) - KEPT_STREAMS)]:
            streams.pop(oldest, None)

    return emit


def _replacements() -> Iterator[Replacement]:
    from ministack.services import lambda_svc

    yield Replacement(lambda_svc, "_emit_lambda_logs", _make)


PATCH = Patch("aws.lambda_log_streams", _replacements)
