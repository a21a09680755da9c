from __future__ import annotations

import pytest

from infra.local.asl.patches import apply_interpreter_patches


@pytest.fixture(scope="session", autouse=True)
def interpreter() -> None:
    """Load the interpreter before any test: jsonata raises the recursion limit when it is imported."""
    apply_interpreter_patches()
