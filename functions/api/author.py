"""Who asks, as versions and publications name them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

# There is one key, and whoever holds it is its holder.
KEY_HOLDER = "api-key"


def read_author() -> str:
    """The name that stands beside what the caller saves."""
    return KEY_HOLDER


Author = Annotated[str, Depends(read_author)]
