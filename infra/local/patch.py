"""Mending an emulator from outside: replace a named attribute, and be able to put the original back.

A patch stands for one defect of a pinned package. A canary test takes all patches off, shows that the defect
is still there, and puts them on again; when the seam is gone, ``apply`` says so by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


class SeamMissingError(RuntimeError):
    """What a patch replaces is not there: the emulator is another version than the pinned one."""


@dataclass(frozen=True)
class Replacement:
    """One attribute (or dictionary entry) and what takes its place, made from the original."""

    owner: Any
    name: str
    make: Callable[[Any], Any]

    def read(self) -> Any:
        """Return what stands there now. Raises SeamMissingError when nothing does."""
        if isinstance(self.owner, MutableMapping):
            if self.name in self.owner:
                return self.owner[self.name]
        elif self.name in vars(self.owner):
            return vars(self.owner)[self.name]
        owner = getattr(self.owner, "__name__", type(self.owner).__name__)
        raise SeamMissingError(f"{owner}.{self.name} is gone; pin the emulator's version or drop the patch")

    def write(self, value: Any) -> None:
        """Put ``value`` in the place."""
        if isinstance(self.owner, MutableMapping):
            self.owner[self.name] = value
        else:
            setattr(self.owner, self.name, value)


_applied: list[Patch] = []


@dataclass
class Patch:
    """A named set of replacements that are applied and taken off together."""

    name: str
    replacements: Callable[[], Iterator[Replacement]]
    _originals: list[tuple[Replacement, Any]] = field(default_factory=list, repr=False)

    @property
    def is_applied(self) -> bool:
        """Whether the replacements stand."""
        return bool(self._originals)

    def apply(self) -> None:
        """Replace; does nothing when already applied. Raises SeamMissingError."""
        if self.is_applied:
            return
        for replacement in self.replacements():
            original = replacement.read()
            replacement.write(_as_attribute(original, replacement.make))
            self._originals.append((replacement, original))
        _applied.append(self)

    def take_off(self) -> None:
        """Put the originals back. The patches applied after this one must be off already."""
        for replacement, original in reversed(self._originals):
            replacement.write(original)
        self._originals.clear()
        _applied.remove(self)


def _as_attribute(original: Any, make: Callable[[Any], Any]) -> Any:
    """Keep a static method static: the maker sees and returns the plain function."""
    if isinstance(original, staticmethod):
        return staticmethod(make(original.__func__))
    return make(original)


@contextmanager
def unpatched() -> Iterator[None]:
    """Take every applied patch off for the time of the block (for canary tests)."""
    patches = list(_applied)
    for patch in reversed(patches):
        patch.take_off()
    try:
        yield
    finally:
        for patch in patches:
            patch.apply()


@contextmanager
def patched(*patches: Patch) -> Iterator[None]:
    """Apply only ``patches`` for the time of the block (for canary tests)."""
    with unpatched():
        for patch in patches:
            patch.apply()
        try:
            yield
        finally:
            for patch in reversed(patches):
                patch.take_off()
