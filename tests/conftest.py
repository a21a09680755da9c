"""For all tests: their order (what takes long is begun before the end, where workers wait for the last)."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# First what is quick to tell of a mistake, then what starts much, then many short files, which end together.
ORDER = ("unit", "infrastructure", "integration", "property", "canary", "golden", "contract", "architecture")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders in that order, and what stands in none of them first; within a folder as they came."""
    places = {TESTS / name: place for place, name in enumerate(ORDER)}
    items.sort(key=lambda item: next((places[path] for path in item.path.parents if path in places), -1))


def pytest_collection_finish() -> None:
    """Half a million objects of a process that has collected all tests stay: none is looked at again."""
    gc.freeze()
