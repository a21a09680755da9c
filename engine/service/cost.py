"""The cost of an execution: its state transitions, the time of its functions, its models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.execution import ExecutionCost, NodeRun
from engine.json_value import JsonObject
from engine.price_list import (
    USD_PER_EXPRESS_REQUEST,
    USD_PER_LAMBDA_REQUEST,
    USD_PER_TRANSITION,
    express_duration_usd,
)
from engine.pricing import DIGITS, add_up


def execution_cost(
    report: JsonObject,
    runs: Mapping[str, NodeRun],
    items: Mapping[str, Iterable[NodeRun]],
    express_seconds: float | None = None,
) -> ExecutionCost:
    """The sum over node runs and item runs; what a retry kept was paid for by the earlier execution.

    ``items``: the item runs of nodes that were not gathered.
    Transitions and calls are those of the compiler's ``report``: the way through the machine at its longest.
    An express machine is paid by its time instead, ``express_seconds``.
    """
    spent = add_up([*runs.values(), *(run for each in items.values() for run in each)])
    transitions, calls = _planned(report), _planned(report, "lambda_invocations")
    for node_id, per_item in report.get("per_item", {}).items():
        count = runs[node_id].item_count or 0 if node_id in runs else 0
        transitions += count * _planned(per_item)
        calls += count * _planned(per_item, "lambda_invocations")
    states = transitions * USD_PER_TRANSITION
    if express_seconds is not None:
        states = USD_PER_EXPRESS_REQUEST + express_duration_usd(express_seconds)
    functions = spent.lambda_usd + calls * USD_PER_LAMBDA_REQUEST
    models = spent.models_usd
    return spent.model_copy(
        update={
            "usd": None if models is None else round(states + functions + models, DIGITS),
            "states_usd": round(states, DIGITS),
            "lambda_usd": round(functions, DIGITS),
        }
    )


def _planned(report: JsonObject, name: str = "state_transitions") -> int:
    return int(report.get(name, 0))
