"""The port of tallies: sums that grow, kept for whoever scrapes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class TallyStore(Protocol):
    """Whole numbers by series; a series is a short text without a meaning to the store."""

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add to each series, all or none, on one of several items so that none is hot."""

    def read(self) -> Mapping[str, int]:
        """The sum of each series."""
