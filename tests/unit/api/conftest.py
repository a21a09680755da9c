from __future__ import annotations

import pytest

from tests.unit.api.api_bench import ApiBench


@pytest.fixture
def bench() -> ApiBench:
    return ApiBench()
