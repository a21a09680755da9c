"""Durations of past executions, pinned in a version: what the compiler plans with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import RequestError
from engine.json_value import JsonObject
from engine.wording import say


class _ProfileFile(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    durations: dict[str, float] = Field(default_factory=dict)
    type_durations: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """Seconds that a node takes, by node id; by node type for nodes that have not run yet."""

    durations: Mapping[str, float] = field(default_factory=dict)
    type_durations: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: JsonObject) -> Profile:
        """Read ``{"durations": {node id: seconds}, "type_durations": {type: seconds}}``; RequestError."""
        try:
            read = _ProfileFile.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RequestError(f"the profile does not fit at '{where}': {say(first)}", "profile") from None
        for kind in (read.durations, read.type_durations):
            for name, seconds in kind.items():
                if seconds < 0:
                    raise RequestError(
                        f"the profile gives '{name}' {seconds} s; durations are 0 or more", "profile"
                    )
        return cls(read.durations, read.type_durations)

    def to_json(self) -> JsonObject:
        """The profile as it is stored."""
        return {"durations": dict(self.durations), "type_durations": dict(self.type_durations)}

    def seconds(self, node_id: str, node_type: str) -> float | None:
        """What a node is expected to take; None where nothing is known."""
        known = self.durations.get(node_id)
        return known if known is not None else self.type_durations.get(node_type)
