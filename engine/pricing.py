"""The cost of node runs: the time of the function, and what a model was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.execution import ExecutionCost, NodeCost, NodeRun
from engine.json_value import JsonObject
from engine.price_list import USD_PER_GB_SECOND, ModelPrice, find_price

# Twelve digits after the point: a millisecond of a function is 0.000000013 USD.
DIGITS = 12


@dataclass(frozen=True)
class Pricing:
    """Prices as they hold for one executor: its models, its memory, its processor."""

    models: Mapping[str, ModelPrice] = field(default_factory=dict)
    memory_megabytes: int = 1_024
    usd_per_gb_second: float = USD_PER_GB_SECOND["arm64"]

    def add_time(self, cost: NodeCost | None, seconds: float) -> NodeCost:
        """The cost so far, and that of so many seconds of the function."""
        before = cost or NodeCost()
        usd = max(0.0, seconds) * self.memory_megabytes / 1_024 * self.usd_per_gb_second
        return before.model_copy(update={"lambda_usd": round(before.lambda_usd + usd, DIGITS)})

    def add_model(self, cost: NodeCost, result: JsonObject) -> NodeCost:
        """The cost so far, and that of the model which a result names; one without any adds nothing."""
        model = result.get("model")
        if not isinstance(model, str) or not model:
            return cost
        told = result.get("usage")
        usage = told if isinstance(told, dict) else {}
        tokens = {name: _whole(usage.get(name)) for name in ("input_tokens", "output_tokens")}
        usd = _price(find_price(self.models, model), tokens, result)
        return cost.model_copy(
            update={
                "model": model,
                "input_tokens": cost.input_tokens + tokens["input_tokens"],
                "output_tokens": cost.output_tokens + tokens["output_tokens"],
                "models_usd": None if usd is None else round((cost.models_usd or 0.0) + usd, DIGITS),
            }
        )


def add_up(runs: Iterable[NodeRun]) -> ExecutionCost:
    """What node runs and their items cost together, without states; not what an earlier execution paid for.

    The items of a for_each node are in its record once they are gathered.
    """
    own = [run for run in runs if run.kept_from is None]
    costs = [run.cost for run in own if run.cost is not None]
    gathered = [run.items_cost for run in own if run.items_cost is not None]
    unpriced = {cost.model for cost in costs if cost.models_usd is None and cost.model}
    unpriced.update(model for cost in gathered for model in cost.unpriced_models)
    both: list[NodeCost | ExecutionCost] = [*costs, *gathered]
    functions = sum(cost.lambda_usd for cost in both)
    models = None if unpriced else sum(cost.models_usd or 0.0 for cost in both)
    return ExecutionCost(
        usd=None if models is None else round(functions + models, DIGITS),
        lambda_usd=round(functions, DIGITS),
        models_usd=None if models is None else round(models, DIGITS),
        input_tokens=sum(cost.input_tokens for cost in both),
        output_tokens=sum(cost.output_tokens for cost in both),
        unpriced_models=tuple(sorted(unpriced)),
    )


def _price(price: ModelPrice | None, tokens: Mapping[str, int], result: JsonObject) -> float | None:
    """None where any part of it is not known."""
    if price is None:
        return None
    pictures = result.get("images")
    parts = [
        (tokens["input_tokens"] / 1e6, price.input),
        (tokens["output_tokens"] / 1e6, price.output),
        # Who sells pictures by tokens does not sell them by the piece, too.
        (len(pictures) if isinstance(pictures, list) and price.input is None else 0, price.image),
        (_whole(result.get("seconds")), price.second),
    ]
    used = [(amount, each) for amount, each in parts if amount]
    if not used or any(each is None for _, each in used):
        return None
    return sum(amount * (each or 0.0) for amount, each in used)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
