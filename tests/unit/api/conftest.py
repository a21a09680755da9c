from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.api.api_bench import ApiBench, api_bench


@pytest.fixture
def bench() -> Iterator[ApiBench]:
    with api_bench() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[ApiBench]:
    """One for all tests of a module that leave no trace in each other."""
    with api_bench() as made:
        yield made
