"""Defect: each level of a failing state machine writes the whole component tree into an error log.

moto builds the representation even when nobody logs it; with a large definition that takes longer than the
execution. The failure is in the history anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_logger = logging.getLogger(__name__)


def _make(_original: Any) -> Any:
    def log(self: Any, error: Exception | None = None, **named: Any) -> None:
        _logger.debug("%s: %s", type(self).__name__, error or next(iter(named.values()), None))

    return log


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent

    yield Replacement(EvalComponent, "_log_failure_event_exception", _make)
    yield Replacement(EvalComponent, "_log_exception", _make)


PATCH = Patch("asl.failure_logs", _replacements)
