"""Defect: ``"ToleratedFailurePercentage": 10`` does not parse; only a decimal (``10.0``) does.

moto's grammar takes a NUMBER token there, which an integer is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_INTEGER = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?![\d.eE])')


def _make(original: Any) -> Any:
    def parse(definition: str) -> Any:
        return original(_INTEGER.sub(r"\1.0", definition))

    return parse


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    yield Replacement(AmazonStateLanguageParser, "parse", _make)


PATCH = Patch("asl.integer_percentage", _replacements)
