"""How requests name versions: `draft`, `live` or a number; and what they say of a save."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from engine.service.save import MAX_MESSAGE_CHARACTERS
from engine.service.version_choice import VersionChoice
from engine.wording import Wording

# A version is a key of eight digits.
MAX_VERSION = 99_999_999
VERSION_PATTERN = r"^(draft|live|[1-9][0-9]{0,7})$"

VERSION_WORDING = Wording(
    "must be `draft` (the last that was saved), `live` (the published one) or a number from 1"
)

VersionNumber = Annotated[
    int,
    Field(ge=1, le=MAX_VERSION),
    Wording("must be the number of a version, from 1; GET …/versions lists them"),
    Path(),
]
VersionQuery = Annotated[
    str,
    Field(pattern=VERSION_PATTERN),
    VERSION_WORDING,
    Query(description="`draft`: the last that was saved; `live`: the published one; a number."),
]
FromVersion = Annotated[
    str,
    Field(pattern=VERSION_PATTERN),
    VERSION_WORDING,
    Query(alias="from", description="The older version."),
]
ToVersion = Annotated[
    str, Field(pattern=VERSION_PATTERN), VERSION_WORDING, Query(alias="to", description="The newer version.")
]
PublishedVersion = Annotated[
    str,
    Field(pattern=r"^(draft|[1-9][0-9]{0,7})$"),
    Wording("must be `draft` (the last that was saved) or the number of a version, from 1"),
    Query(description="What to publish: `draft`, or a number."),
]
Message = Annotated[
    str | None,
    Query(min_length=1, max_length=MAX_MESSAGE_CHARACTERS, description="What changed, for the history."),
]


def read_version(text: str) -> VersionChoice:
    """The version that a query names."""
    named: dict[str, VersionChoice] = {"draft": "draft", "live": "live"}
    return named[text] if text in named else int(text)
