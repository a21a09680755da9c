"""Lists: a limit and an opaque cursor."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

MAX_LIMIT = 100

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="`cursor` of the page before; leave out for the first.")
]
