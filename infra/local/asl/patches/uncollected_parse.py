"""Defect: while a tree of some 100,000 nodes grows, Python's collector walks all of it again and again.

Nothing of a growing tree is garbage; the collector waits until it stands.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement


def _make(original: Any) -> Any:
    def parse(definition: str) -> Any:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return original(definition)
        finally:
            if was_on:
                gc.enable()

    return parse


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    yield Replacement(AmazonStateLanguageParser, "parse", _make)


PATCH = Patch("asl.uncollected_parse", _replacements)
