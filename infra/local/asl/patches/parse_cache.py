"""Defect: a definition is parsed again for every execution, which costs more than running it.

The parse tree holds no state of an execution (a Map runs one tree in many threads), so the last definitions
are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from infra.local.patch import Patch, Replacement

_KEPT_DEFINITIONS = 256


def _make(original: Any) -> Any:
    lock = threading.Lock()
    cached = lru_cache(maxsize=_KEPT_DEFINITIONS)(original)

    def parse(definition: str) -> Any:
        with lock:  # the generated parser shares its prediction tables between threads
            return cached(definition)

    return parse


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    yield Replacement(AmazonStateLanguageParser, "parse", _make)


PATCH = Patch("asl.parse_cache", _replacements)
