"""Defect: a query reads its key condition anew for every item of the partition, and checks its grammar.

A list of the 10,000 items of one execution takes seconds by that alone. What a text says is kept, and a
condition of the form that lists have is decided for each item without a walk through its grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from infra.local.patch import Patch, Replacement

# Expressions of our adapters are some dozens.
KEPT_EXPRESSIONS = 1_000
_PREFIX = re.compile(r"(\w+) = (:\w+) AND begins_with\((\w+), (:\w+)\)")


def _keep_tokens(original: Any) -> Any:
    kept = lru_cache(KEPT_EXPRESSIONS)(original)

    def tokenize(expression: str) -> list[Any]:
        # A list of one's own: the evaluator may take from it.
        return list(kept(expression))

    return tokenize


def _keep_by_tokens(original: Any) -> Any:
    kept = lru_cache(KEPT_EXPRESSIONS)(original)

    def check(tokens: list[Any], *slot: str) -> Any:
        return kept(tuple(tokens), *slot)

    return check


def _decide_prefixes(original: Any) -> Any:
    sound: dict[tuple[str, str], tuple[str, ...]] = {}  # what the original found no fault with

    def evaluate(
        expression: str,
        item: Mapping[str, Any],
        values: Mapping[str, Any],
        names: Mapping[str, str],
        slot: str = "ConditionExpression",
    ) -> Any:
        found = sound.get((expression, slot))
        if found is not None:
            key, value, sort_key, prefix = found
            try:
                same: bool = item[key]["S"] == values[value]["S"]
                begins: bool = item[sort_key]["S"].startswith(values[prefix]["S"])
                return same and begins
            except KeyError:  # one is missing or no text: the original knows what that means
                pass
        holds = original(expression, item, values, names, slot)
        if len(sound) < KEPT_EXPRESSIONS and (match := _PREFIX.fullmatch(expression or "")):
            sound[expression, slot] = match.groups()
        return holds

    return evaluate


def _replacements() -> Iterator[Replacement]:
    from ministack.services import dynamodb

    yield Replacement(dynamodb, "_tokenize", _keep_tokens)
    yield Replacement(dynamodb, "_condition_syntax_error", lru_cache(KEPT_EXPRESSIONS))
    yield Replacement(dynamodb, "_check_redundant_parens", _keep_by_tokens)
    yield Replacement(dynamodb, "_check_reserved_keyword_usage", _keep_by_tokens)
    yield Replacement(dynamodb, "_evaluate_condition", _decide_prefixes)


PATCH = Patch("aws.expression_checks", _replacements)
