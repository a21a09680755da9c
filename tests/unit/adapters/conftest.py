from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.adapters.scripted_service import ScriptedService


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    scripted = ScriptedService()
    yield scripted
    scripted.close()
