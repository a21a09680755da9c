"""Traces of the functions: Powertools' Tracer, made when X-Ray first samples an invocation.

To make it costs the import of X-Ray's SDK and of what it patches, at each cold start; where an invocation is
not sampled, all of that would be for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.tracing import tracer as powertools_tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from aws_xray_sdk import global_sdk_config

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

# Set anew for each invocation (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html).
TRACE_HEADER = "_X_AMZN_TRACE_ID"
# What functions call others with; X-Ray's own list has a dozen more, each a search or an import.
PATCHED = ("botocore", "httpx")


def is_sampled(header: str | None) -> bool:
    """Whether a trace header (``Root=…;Parent=…;Sampled=1``) says that X-Ray keeps the trace."""
    return header is not None and "Sampled=1" in header.split(";")


def make_tracer() -> Tracer:
    """A Tracer that also records the calls to AWS and those of httpx, where the function has it."""
    return Tracer(patch_modules=[name for name in PATCHED if find_spec(name) is not None])


def traced(handler: Handler) -> Handler:
    """The handler, as a subsegment of each invocation that is sampled; answers are not recorded."""
    recorded: Handler | None = None

    @wraps(handler)
    def answer(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        nonlocal recorded
        if not (is_sampled(os.environ.get(TRACE_HEADER)) and global_sdk_config.sdk_enabled()):
            # The Tracer sees no such invocation, and would call a later one the first of the process.
            powertools_tracer.is_cold_start = False
            return handler(event, context)
        if recorded is None:
            recorded = make_tracer().capture_lambda_handler(handler, capture_response=False)
        return recorded(event, context)

    return answer
