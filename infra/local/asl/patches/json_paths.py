"""Defect: every JSONPath is parsed anew each time it is read, with a parser that is built anew for it.

That takes 2 to 4 ms a path: most of what the interpreter did for a task. Parsed paths do not change, so that
executions share them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from infra.local.patch import Patch, Replacement

KEPT_PATHS = 4096
"""More than the definitions of a few hundred state machines name."""


def _make(original: Any) -> Any:
    return lru_cache(maxsize=KEPT_PATHS)(original)


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.common.path import result_path
    from moto.stepfunctions.parser.asl.utils import json_path

    yield Replacement(json_path, "parse", _make)
    yield Replacement(result_path, "parse", _make)


PATCH = Patch("asl.json_paths", _replacements)
