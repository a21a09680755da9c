"""What a thousand executions cost, in US dollars, region us-east-1."""

from __future__ import annotations

from dataclasses import dataclass

from engine.compiler.measure import Cost
from engine.json_value import JsonObject
from engine.price_list import (
    EXPRESS_MEMORY_MB,
    USD_PER_EXPRESS_GB_SECOND,
    USD_PER_EXPRESS_REQUEST,
    USD_PER_LAMBDA_REQUEST,
    USD_PER_TRANSITION,
    express_duration_usd,
)
from engine.workflow import EXPRESS_SECONDS

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
    duration = express_duration_usd(express.seconds)
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
