"""One measured number, with its unit and, where there is one, its goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from engine.json_value import JsonObject


@dataclass(frozen=True)
class Measurement:
    """``goal`` is what the number should not be above."""

    area: str
    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it is within its goal; true where there is none."""
        return self.goal is None or self.value <= self.goal

    def as_json(self) -> JsonObject:
        """All fields."""
        return asdict(self)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that ``percent`` of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
