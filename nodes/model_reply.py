"""Reading what a model server replied, without trusting its shape.

The SDK's own models accept anything, so that a reply that makes no sense would surface later, elsewhere.
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.wording import say
from nodes.base import RetryableNodeError


class Reply(BaseModel):
    """The part of a reply that is read; whatever else is there is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


ReplyType = TypeVar("ReplyType", bound=Reply)


def read_reply(kind: type[ReplyType], content: bytes, name: str) -> ReplyType:
    """The content as ``kind``; RetryableNodeError says that it is no ``name``, and why."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = f"{where}: {say(first)}" if where else say(first)
        raise RetryableNodeError(f"the model server's answer is no {name} ({why})") from None
