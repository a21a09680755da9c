"""How requests name versions: `draft`, `live` or a number; and what they say of a save."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from engine.service import VersionChoice
from engine.service.save import MAX_MESSAGE_CHARACTERS

# A version is a key of eight digits.
MAX_VERSION = 99_999_999
VERSION_PATTERN = r"^(draft|live|[1-9][0-9]{0,7})$"

VersionNumber = Annotated[int, Path(ge=1, le=MAX_VERSION)]
VersionQuery = Annotated[
    str,
    Query(
        pattern=VERSION_PATTERN,
        description="`draft`: the last that was saved; `live`: the published one; a number.",
    ),
]
FromVersion = Annotated[str, Query(alias="from", pattern=VERSION_PATTERN, description="The older version.")]
ToVersion = Annotated[str, Query(alias="to", pattern=VERSION_PATTERN, description="The newer version.")]
PublishedVersion = Annotated[
    str, Query(pattern=r"^(draft|[1-9][0-9]{0,7})$", description="What to publish: `draft`, or a number.")
]
Message = Annotated[
    str | None,
    Query(min_length=1, max_length=MAX_MESSAGE_CHARACTERS, description="What changed, for the history."),
]


def read_version(text: str) -> VersionChoice:
    """The version that a query names."""
    named: dict[str, VersionChoice] = {"draft": "draft", "live": "live"}
    return named[text] if text in named else int(text)
