"""What a thousand executions cost, in US dollars, region us-east-1."""

from __future__ import annotations

from engine.compiler.measure import Cost
from engine.json_value import JsonObject
from engine.price_list import USD_PER_LAMBDA_REQUEST, USD_PER_TRANSITION

# The time that functions run comes on top.
SOURCES = ["https://aws.amazon.com/step-functions/pricing/", "https://aws.amazon.com/lambda/pricing/"]


def price_executions(cost: Cost, executions: int = 1_000) -> JsonObject:
    """State transitions and Lambda requests of that many executions, without the free tier."""
    return {
        "executions": executions,
        "currency": "USD",
        "region": "us-east-1",
        "standard_state_transitions": round(cost.transitions * USD_PER_TRANSITION * executions, 6),
        "lambda_requests": round(cost.calls * USD_PER_LAMBDA_REQUEST * executions, 6),
        "sources": SOURCES,
    }
