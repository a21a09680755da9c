from __future__ import annotations

from typing import Any

import pytest

from engine.execution import NodeCost, NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.node import NodeContext, NodeInputs, NodeResult
from engine.price_list import USD_PER_LAMBDA_REQUEST, USD_PER_TRANSITION
from engine.pricing import Pricing, add_up
from engine.service.cost import execution_cost
from tests.unit.engine_bench import EngineBench, node
from tests.unit.service.test_finish import end

REPORT: JsonObject = {
    "state_transitions": 7,
    "lambda_invocations": 3,
    "per_item": {"each": {"state_transitions": 2, "lambda_invocations": 1}},
}


def run_of(node_id: str, cost: NodeCost | None, **more: object) -> NodeRun:
    fields = {"execution_id": "ex_1", "node_id": node_id, "status": NodeStatus.SUCCEEDED, "cost": cost}
    return NodeRun.model_validate(fields | more)


def test_an_execution_costs_its_transitions_its_functions_and_its_models() -> None:
    runs = {
        "ask": run_of("ask", NodeCost(lambda_usd=0.001, models_usd=0.5, model="m", input_tokens=7)),
        "each": run_of("each", None, item_count=2),
        "kept": run_of("kept", NodeCost(lambda_usd=9, models_usd=9), kept_from="ex_0"),
    }
    items = {"each": [run_of("each", NodeCost(lambda_usd=0.002), item=number) for number in (0, 1)]}
    cost = execution_cost(REPORT, runs, items)
    assert cost.states_usd == pytest.approx(11 * USD_PER_TRANSITION)
    assert cost.lambda_usd == pytest.approx(0.005 + 5 * USD_PER_LAMBDA_REQUEST)
    assert (cost.models_usd, cost.input_tokens, cost.unpriced_models) == (0.5, 7, ())
    assert cost.usd == pytest.approx(cost.states_usd + cost.lambda_usd + 0.5)


def test_what_items_cost_stands_with_their_node_once_they_are_gathered(bench: EngineBench) -> None:
    def slow(config: dict[str, object], inputs: NodeInputs, context: NodeContext) -> NodeResult:
        bench.clock.advance(1 + int(str(config["value"])))
        return NodeResult({"output": config["value"]})

    bench.scripts.run = slow
    execution_id = bench.begin(node("each", value="{{item}}", for_each=[0, 1, 2]))
    bench.run(execution_id, "each", step="expand")
    for item in range(3):
        bench.run(execution_id, "each", step="item", item=item)
    bench.run(execution_id, "each", step="collect")
    each = bench.record(execution_id, "each")
    assert each.items_cost is not None
    of_items = sum(Pricing().add_time(None, seconds).lambda_usd for seconds in (1, 2, 3))
    assert each.items_cost.lambda_usd == pytest.approx(of_items)
    read: list[str | None] = []
    listed = bench.executions.list_node_runs

    def note(execution_id: str, **asked: Any) -> Any:
        read.append(asked.get("node_id"))
        return listed(execution_id, **asked)

    bench.executions.list_node_runs = note  # type: ignore[method-assign]
    bench.finisher.finish(execution_id, end(bench))
    cost = bench.executions.get(execution_id).cost
    assert cost is not None
    # Each item is a call, besides those before and after them.
    assert cost.lambda_usd == pytest.approx(of_items + 5 * USD_PER_LAMBDA_REQUEST)
    # They may be 10,000, and were read when they were gathered.
    assert read == [None]


def test_models_without_a_price_are_named_through_their_items() -> None:
    gathered = add_up([run_of("each", NodeCost(models_usd=None, model=name), item=0) for name in ("b", "a")])
    each = run_of("each", NodeCost(lambda_usd=0.5), item_count=2, items_cost=gathered)
    cost = execution_cost({}, {"each": each, "kept": each.model_copy(update={"kept_from": "ex_0"})}, {})
    assert (cost.unpriced_models, cost.models_usd, cost.usd) == (("a", "b"), None, None)
    assert cost.lambda_usd == 0.5


def test_an_express_execution_is_paid_by_its_time() -> None:
    cost = execution_cost(REPORT, {}, {}, express_seconds=0.42)
    assert cost.states_usd == pytest.approx(1e-6 + 0.5 * 64 / 1_024 * 0.00001667)
    assert execution_cost(REPORT, {}, {}, express_seconds=0.0).states_usd > 1e-6


def test_a_model_without_a_price_leaves_the_sum_open() -> None:
    cost = execution_cost({}, {"a": run_of("a", NodeCost(models_usd=None, model="own", output_tokens=5))}, {})
    assert (cost.usd, cost.models_usd, cost.output_tokens) == (None, None, 5)
    assert cost.unpriced_models == ("own",)


def test_node_runs_are_paid_for_all_attempts_and_the_execution_for_all_of_them(bench: EngineBench) -> None:
    """``call`` nodes are no models, whatever they answer: only the function's time is paid."""

    def slow(config: dict[str, object], inputs: NodeInputs, context: NodeContext) -> NodeResult:
        bench.clock.advance(2)
        return NodeResult({"output": 1, "model": "m", "usage": {"input_tokens": 10}})

    bench.scripts.run = slow
    execution_id = bench.begin(node("a"))
    bench.run(execution_id, "a")
    bench.finisher.finish(execution_id, end(bench))
    spent = bench.record(execution_id, "a").cost
    assert spent is not None
    assert spent == NodeCost(lambda_usd=Pricing().add_time(None, 2).lambda_usd)
    total = bench.execution(execution_id).cost
    assert total is not None
    assert total.usd is not None
    assert total.usd > total.lambda_usd > spent.lambda_usd > 0
