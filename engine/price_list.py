"""What things cost, in US dollars: the one list of prices, each with its source.

As of November 2026, region us-east-1, beyond any free tier. The setting MODEL_PRICES goes before it. A model
that stands nowhere has no price: its tokens are shown, its cost is not guessed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://aws.amazon.com/step-functions/pricing/ (standard workflows, per transition)
USD_PER_TRANSITION = 0.025 / 1_000
# Same page, express workflows: per request, and per GB-second in its first and dearest tier. Time is rounded
# up to 100 ms, memory to 64 MB; a machine that carries names and no data stays within the first 64.
USD_PER_EXPRESS_REQUEST = 1.00 / 1_000_000
USD_PER_EXPRESS_GB_SECOND = 0.00001667
EXPRESS_STEP_SECONDS = 0.1
EXPRESS_MEMORY_MB = 64
# https://aws.amazon.com/lambda/pricing/ (per request, and per GB and second)
USD_PER_LAMBDA_REQUEST = 0.20 / 1_000_000
USD_PER_GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}

# Models are called with the date of their making, too.
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class ModelPrice:
    """US dollars for a million tokens, in and out; for a picture; for a second of film. None: not sold so."""

    input: float | None = None
    output: float | None = None
    image: float | None = None
    second: float | None = None


# https://openai.com/api/pricing/
OPENAI: Mapping[str, ModelPrice] = {
    "gpt-4.1": ModelPrice(2.00, 8.00),
    "gpt-4.1-mini": ModelPrice(0.40, 1.60),
    "gpt-4.1-nano": ModelPrice(0.10, 0.40),
    "gpt-4o": ModelPrice(2.50, 10.00),
    "gpt-4o-mini": ModelPrice(0.15, 0.60),
    "gpt-5": ModelPrice(1.25, 10.00),
    "gpt-5-mini": ModelPrice(0.25, 2.00),
    "gpt-5-nano": ModelPrice(0.05, 0.40),
    "gpt-5.4": ModelPrice(2.50, 15.00),
    "gpt-5.4-mini": ModelPrice(0.75, 4.50),
    "gpt-5.4-nano": ModelPrice(0.20, 1.25),
}
# https://aws.amazon.com/bedrock/pricing/
BEDROCK: Mapping[str, ModelPrice] = {
    "amazon.nova-micro-v1:0": ModelPrice(0.035, 0.14),
    "amazon.nova-lite-v1:0": ModelPrice(0.06, 0.24),
    "amazon.nova-pro-v1:0": ModelPrice(0.80, 3.20),
}


def express_duration_usd(seconds: float) -> float:
    """What an express execution of so many seconds costs, beside its request."""
    steps = max(1, math.ceil(round(seconds / EXPRESS_STEP_SECONDS, 6)))
    return steps * EXPRESS_STEP_SECONDS * EXPRESS_MEMORY_MB / 1_024 * USD_PER_EXPRESS_GB_SECOND


def model_prices(base_url: str | None, own: Mapping[str, ModelPrice]) -> Mapping[str, ModelPrice]:
    """The prices that hold: a server of one's own (``base_url``) does not charge OpenAI's."""
    return {**({} if base_url else OPENAI), **BEDROCK, **own}


def find_price(prices: Mapping[str, ModelPrice], model: str) -> ModelPrice | None:
    """The price of a model by its name, with or without a date."""
    return prices.get(model) or prices.get(_DATED.sub("", model))


def read_model_prices(text: str) -> dict[str, ModelPrice]:
    """Prices of one's own: ``{"my-model": {"input": 0.1, "output": 0.4}}``. ValueError says what is wrong."""
    if not text.strip():
        return {}
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is a JSON object of prices by model")
    return {name: _price(name, fields) for name, fields in document.items()}


def _price(name: str, fields: Any) -> ModelPrice:
    known = ("input", "output", "image", "second")
    if not isinstance(fields, dict) or not fields or set(fields) - set(known):
        raise ValueError(f"the price of '{name}' is an object of {', '.join(known)}")
    for value in fields.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
            raise ValueError(f"the price of '{name}' has US dollars, 0 or more, and not {value!r}")
    return ModelPrice(**fields)
