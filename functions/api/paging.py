"""What many routes take: ids in the path; a limit and an opaque cursor for lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

MAX_LIMIT = 100

# Of times that a list is narrowed to.
AFTER = "Not before this time, such as 2026-01-31T12:00:00Z."
BEFORE = "Before this time, such as 2026-01-31T12:00:00Z."

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="`cursor` of the page before; leave out for the first.")
]
# Longer than any id or name of ours, and shorter than what a key of a table or a bucket holds (1,024 bytes).
Id = Annotated[str, Path(max_length=200)]
