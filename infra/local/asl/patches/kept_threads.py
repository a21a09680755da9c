"""Defect: every thread that the interpreter ever started is kept in a list until the process ends.

``TMP_THREADS`` grows by two entries a state and is never read, which a long-running server cannot afford.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from typing import Any

from infra.local.asl.light_import import import_interpreter
from infra.local.patch import Patch, Replacement


def _make(_original: Any) -> Any:
    return deque(maxlen=0)


def _replacements() -> Iterator[Replacement]:
    import_interpreter()
    for name, module in sorted(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser") and "TMP_THREADS" in vars(module):
            yield Replacement(module, "TMP_THREADS", _make)


PATCH = Patch("asl.kept_threads", _replacements)
