"""What a thousand executions cost, in US dollars, region us-east-1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.compiler.measure import Cost
from engine.json_value import JsonObject
from engine.workflow import EXPRESS_SECONDS

# https://aws.amazon.com/step-functions/pricing/ (standard workflows, per transition)
USD_PER_TRANSITION = 0.025 / 1_000
# Same page, express workflows: per request, and per GB-second in its first and dearest tier. Time is rounded
# up to 100 ms, memory to 64 MB; a machine that carries names and no data stays within the first 64.
USD_PER_EXPRESS_REQUEST = 1.00 / 1_000_000
USD_PER_EXPRESS_GB_SECOND = 0.00001667
EXPRESS_STEP_SECONDS = 0.1
EXPRESS_MEMORY_MB = 64
# https://aws.amazon.com/lambda/pricing/ (per request; the time that functions run comes on top)
USD_PER_LAMBDA_REQUEST = 0.20 / 1_000_000
SOURCES = ["https://aws.amazon.com/step-functions/pricing/", "https://aws.amazon.com/lambda/pricing/"]
# What a node that is not light is taken to last where nobody has measured: a short call.
GUESSED_NODE_SECONDS = 1.0


@dataclass(frozen=True)
class ExpressSeconds:
    """How long an execution is taken to last, and where that comes from."""

    seconds: float
    source: str


def price_executions(cost: Cost, express: ExpressSeconds, executions: int = 1_000) -> JsonObject:
    """Both types of machine, and Lambda requests, without the free tier; ``cost`` is the standard one's.

    Lambda requests are the same for both: an express machine ends its execution by a Task of its own, a
    standard one by an event that calls the same function.
    """
    standard = cost.transitions * USD_PER_TRANSITION
    gb_second = EXPRESS_MEMORY_MB / 1024 * USD_PER_EXPRESS_GB_SECOND
    paid_seconds = math.ceil(round(express.seconds / EXPRESS_STEP_SECONDS, 6)) * EXPRESS_STEP_SECONDS
    duration = max(paid_seconds, EXPRESS_STEP_SECONDS) * gb_second
    break_even = min(EXPRESS_SECONDS, max(0.0, (standard - USD_PER_EXPRESS_REQUEST) / gb_second))
    return {
        "executions": executions,
        "currency": "USD",
        "region": "us-east-1",
        "standard_state_transitions": round(standard * executions, 6),
        "express": round((USD_PER_EXPRESS_REQUEST + duration) * executions, 6),
        "express_requests": round(USD_PER_EXPRESS_REQUEST * executions, 6),
        "express_duration": round(duration * executions, 6),
        "express_assumes": {
            "seconds": round(express.seconds, 6),
            "because": express.source,
            "memory_mb": EXPRESS_MEMORY_MB,
        },
        "express_costs_less_below_seconds": round(break_even, 1),
        "lambda_requests": round(cost.calls * USD_PER_LAMBDA_REQUEST * executions, 6),
        "sources": SOURCES,
    }
