"""Choices that look varied and never change: every one is a function of the request's own words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

MARK = "[synthetic answer]"
# Answers are functions of the request alone: their time stamps are one instant, 2025-01-01T00:00:00Z.
CREATED_AT_EPOCH_SECONDS = 1_735_689_600

Item = TypeVar("Item")
Json: TypeAlias = Any  # any JSON value; whoever reads it checks its shape


def digest(*parts: object) -> str:
    """64 hexadecimal digits that stand for the JSON values ``parts``."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def pick_number(limit: int, *parts: object) -> int:
    """A number from 0 to ``limit - 1`` that stands for ``parts``."""
    return int(digest(*parts), 16) % limit


def pick(items: Sequence[Item], *parts: object) -> Item:
    """One of ``items``, chosen by ``parts``."""
    return items[pick_number(len(items), *parts)]
