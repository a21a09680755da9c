"""What is asked of a new execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.access.principal import Principal
from engine.execution import Execution, ParentLink, Selection
from engine.json_value import JsonObject, digest
from engine.service.version_choice import VersionChoice
from engine.workflow import Pin


@dataclass(frozen=True)
class RetryRequest:
    """How an execution is tried again; without a version or inputs it is by its own."""

    idempotency_key: str | None = None
    version: VersionChoice | None = None
    # Over those that the execution had.
    inputs: JsonObject = field(default_factory=dict)
    principal: Principal | None = None

    def of(self, earlier: Execution, version: int, pins: Mapping[str, Pin]) -> StartRequest:
        """The start of a retry of ``earlier`` by a version; ``pins`` are those that it was started with."""
        selection = earlier.selection
        if self.version not in (None, "draft"):
            # Pins of a document are for its draft alone.
            selection = selection.model_copy(update={"uses_pins": False})
        return StartRequest(
            earlier.workflow_id,
            self.inputs,
            self.idempotency_key,
            earlier.bypass_cache,
            trigger="retry",
            version=version,
            retry_of=earlier,
            principal=self.principal,
            selection=selection,
            pins=pins,
        )


@dataclass(frozen=True)
class StartRequest:
    """What is asked of a new execution."""

    workflow_id: str
    inputs: JsonObject = field(default_factory=dict)
    idempotency_key: str | None = None
    bypass_cache: bool = False
    trigger: str = "manual"
    version: VersionChoice = "draft"
    # The execution to try again: its version, its inputs, and its results so far.
    retry_of: Execution | None = None
    # Who asks, and whose limits hold; None: a trigger, which has no limits.
    principal: Principal | None = None
    # A part of the workflow, and the results that stand before it.
    selection: Selection = Selection()
    pins: Mapping[str, Pin] = field(default_factory=dict)
    ignore_pins: bool = False
    # The execution that asks for it, by a node or by its failure; then the key is of its own.
    parent: ParentLink | None = None
    # How long whoever asks would wait for the end: an express execution that is over by then is waited for.
    wait_seconds: float = 0
    # The id that the execution is to have, where files were stored for it before; else it gets a new one.
    execution_id: str | None = None

    def settled(self) -> StartRequest:
        """The word on pins of the document: for the draft when somebody runs it alone."""
        if self.retry_of is not None:
            return self
        by_hand = self.trigger == "manual" and self.version == "draft" and not self.ignore_pins
        return replace(self, selection=self.selection.model_copy(update={"uses_pins": by_hand}))

    def pins_as_json(self) -> JsonObject:
        """The pins as they are stored."""
        return {name: pin.model_dump(mode="json") for name, pin in self.pins.items()}

    def fingerprint(self) -> str:
        """Equal for requests that ask for the same, whatever their Idempotency-Key."""
        asked = [self.workflow_id, self.version, self.inputs, self.bypass_cache]
        of = self.retry_of.execution_id if self.retry_of else None
        return digest([asked, of, self.selection.model_dump(), self.pins_as_json()])
