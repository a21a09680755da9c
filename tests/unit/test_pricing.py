from __future__ import annotations

import pytest

from engine.execution import NodeCost
from engine.json_value import JsonObject
from engine.price_list import BEDROCK, OPENAI, ModelPrice, find_price, model_prices, read_model_prices
from engine.pricing import Pricing

USAGE = {"input_tokens": 1_000_000, "output_tokens": 500_000}
PRICES = {
    "talks": ModelPrice(2.0, 8.0),
    "paints": ModelPrice(image=0.04),
    "paints-by-tokens": ModelPrice(5.0, 40.0, image=9.0),
    "films": ModelPrice(second=0.1),
}


@pytest.mark.parametrize(
    ("result", "usd"),
    [
        ({"model": "talks", "usage": USAGE}, 6.0),
        ({"model": "talks-2035-03-14", "usage": USAGE}, 6.0),
        ({"model": "paints", "images": [{}, {}], "usage": None}, 0.08),
        ({"model": "paints-by-tokens", "images": [{}], "usage": USAGE}, 25.0),
        ({"model": "films", "seconds": 8}, 0.8),
        ({"model": "unheard-of", "usage": USAGE}, None),
        ({"model": "paints", "images": [{}], "usage": USAGE}, None),
        ({"model": "talks", "usage": {"input_tokens": "many", "output_tokens": True}}, None),
    ],
)
def test_a_model_costs_what_its_price_says_and_nothing_is_guessed(
    result: JsonObject, usd: float | None
) -> None:
    cost = Pricing(PRICES).add_model(NodeCost(), result)
    assert cost.models_usd == (None if usd is None else pytest.approx(usd))
    assert cost.model == result["model"]
    if isinstance(result.get("usage"), dict) and "talks" not in result["model"]:
        assert (cost.input_tokens, cost.output_tokens) == tuple(USAGE.values())


@pytest.mark.parametrize("result", [{}, {"model": ""}, {"model": 3}, {"usage": USAGE}])
def test_a_result_that_names_no_model_adds_nothing(result: JsonObject) -> None:
    assert Pricing(PRICES).add_model(NodeCost(lambda_usd=1.0), result) == NodeCost(lambda_usd=1.0)


def test_time_costs_by_memory_and_adds_up_over_attempts() -> None:
    pricing = Pricing(memory_megabytes=2_048, usd_per_gb_second=0.0000166667)
    cost = pricing.add_time(pricing.add_time(None, 1.5), 0.5)
    assert cost.lambda_usd == pytest.approx(2 * 2 * 0.0000166667)


def test_a_server_of_ones_own_does_not_charge_what_openai_does() -> None:
    own = {"gpt-5-mini": ModelPrice(0.0, 0.0)}
    assert model_prices(None, {})["gpt-5-mini"] == OPENAI["gpt-5-mini"]
    assert model_prices("http://localhost:1/v1", {}) == BEDROCK
    assert find_price(model_prices("http://localhost:1/v1", own), "gpt-5-mini") == ModelPrice(0.0, 0.0)


def test_prices_of_ones_own_are_read_and_what_makes_no_sense_is_named() -> None:
    assert read_model_prices("") == {}
    assert read_model_prices('{"m": {"input": 1, "output": 2.5}}') == {"m": ModelPrice(1, 2.5)}
    for text, told in (
        ("{", "Expecting"),
        ("[]", "JSON object"),
        ('{"m": 3}', "'m'"),
        ('{"m": {}}', "'m'"),
        ('{"m": {"inputs": 1}}', "'m'"),
        ('{"m": {"input": -1}}', "-1"),
        ('{"m": {"input": true}}', "True"),
        ('{"m": {"input": NaN}}', "nan"),
    ):
        with pytest.raises(ValueError, match=told):
            read_model_prices(text)
