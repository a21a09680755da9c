"""Defect: JSONata expressions cannot be evaluated.

moto took the Java bridge of the original out and put nothing in its place: it calls None. The
``jsonata-python`` package evaluates them here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(_original: Any) -> Any:
    import jsonata
    from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException

    def evaluate(expression: str) -> Any:
        try:
            return json.loads(json.dumps(jsonata.Jsonata(expression).evaluate(None)))
        except (jsonata.JException, TypeError, ValueError, RecursionError) as error:
            raise JSONataException("UNKNOWN", str(error)) from error

    return evaluate


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator

    yield Replacement(evaluator, "_eval_jsonata", _make)


PATCH = Patch("asl.jsonata_evaluator", _replacements)
