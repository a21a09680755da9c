"""Defect: a query reads its key condition anew for every item of the partition, and checks its grammar.

A list of the 10,000 items of one execution takes seconds by that alone. What a text says is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from infra.local.patch import Patch, Replacement

# Expressions of our adapters are some dozens.
KEPT_EXPRESSIONS = 1_000


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


def _replacements() -> Iterator[Replacement]:
    from ministack.services import dynamodb

    yield Replacement(dynamodb, "_tokenize", _keep_tokens)
    yield Replacement(dynamodb, "_condition_syntax_error", lru_cache(KEPT_EXPRESSIONS))
    yield Replacement(dynamodb, "_check_redundant_parens", _keep_by_tokens)
    yield Replacement(dynamodb, "_check_reserved_keyword_usage", _keep_by_tokens)


PATCH = Patch("aws.expression_checks", _replacements)
