"""Defect: the parser looks for ambiguities of its grammar at every decision, and for errors at every rule.

ANTLR's own advice is two stages: SLL prediction that gives up at the first doubt, and only then the full
search, which also words the errors. What SLL accepts, full prediction accepts with the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    from antlr4.atn.PredictionMode import PredictionMode
    from antlr4.error.Errors import ParseCancellationException
    from antlr4.error.ErrorStrategy import BailErrorStrategy

    class _GiveUp(BailErrorStrategy):  # type: ignore[misc] # antlr4 has no types
        def reportError(self, recognizer: Any, e: Any) -> None:
            """Say nothing: the second stage words what is wrong."""

    def state_machine(parser: Any) -> Any:
        usual = parser._errHandler, parser._interp.predictionMode
        parser._errHandler, parser._interp.predictionMode = _GiveUp(), PredictionMode.SLL
        try:
            return original(parser)
        except ParseCancellationException:
            parser.reset()
            parser.state = -1  # which reset leaves as it was
        finally:
            parser._errHandler, parser._interp.predictionMode = usual
        return original(parser)

    return state_machine


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser

    yield Replacement(ASLParser, "state_machine", _make)


PATCH = Patch("asl.quick_prediction", _replacements)
