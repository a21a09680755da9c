from __future__ import annotations

import pytest

from tests.unit.engine_bench import EngineBench


@pytest.fixture
def bench() -> EngineBench:
    return EngineBench()
