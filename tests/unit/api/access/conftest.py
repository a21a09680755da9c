from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.api.access.access_bench import AccessBench, access_bench


@pytest.fixture
def bench() -> Iterator[AccessBench]:
    with access_bench() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[AccessBench]:
    """One for all tests of a module that leave no trace in each other."""
    with access_bench() as made:
        yield made
