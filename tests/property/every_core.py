"""Makes a latch of every core, also where a cut would be as fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.compiler import series_parallel
from engine.compiler.latch import latch_of


@contextmanager
def every_core_a_latch() -> Iterator[None]:
    """For the time of the block."""

    def latch(self: Any, core: int, cut: Any) -> Any:
        return (0.0, 0), latch_of(self._poset, core, self._seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series_parallel._Solver, "_latch", latch)
        yield
