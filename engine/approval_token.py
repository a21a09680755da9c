"""The token of a link that approves or rejects: what it is for, until when, and a signature over both."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from engine.errors import NotFoundError

Action = Literal["approve", "reject"]
_ACTIONS: tuple[Action, ...] = ("approve", "reject")
# Longer than any that we make.
MAX_TOKEN_CHARACTERS = 300
# What is signed begins so: the key signs nothing else that could pass for a token.
_PURPOSE = b"mini-n8n approval\n"


@dataclass(frozen=True)
class ApprovalToken:
    """What a link is for."""

    execution_id: str
    approval_id: str
    action: Action
    expires_at: datetime

    def sign(self, key: str) -> str:
        """The token as it stands in a link: its parts, and 256 bits that only who has the key can make."""
        seconds = int(self.expires_at.timestamp())
        parts = f"{self.execution_id}.{self.approval_id}.{self.action}.{seconds}"
        return f"{parts}.{_signature(parts, key)}"


class UnknownLinkError(NotFoundError):
    """We did not sign this."""

    def __init__(self) -> None:
        super().__init__("approval", "…")
        self.args = ("This link is not one of ours; was it copied whole?",)


def read_token(text: str, key: str) -> ApprovalToken:
    """The token; NotFoundError for what we did not sign. That it may have expired is for others to say."""
    # What came is not repeated: a link that was changed by one letter is nobody else's to read in a log.
    unknown = UnknownLinkError()
    parts, _, signature = text.rpartition(".")
    if len(text) > MAX_TOKEN_CHARACTERS or not text.isascii():
        raise unknown
    if not hmac.compare_digest(signature.encode(), _signature(parts, key).encode()):
        raise unknown
    execution_id, approval_id, action, seconds = parts.split(".")
    found: Action = "approve" if action == _ACTIONS[0] else "reject"
    return ApprovalToken(execution_id, approval_id, found, datetime.fromtimestamp(int(seconds), UTC))


def _signature(parts: str, key: str) -> str:
    digest = hmac.new(key.encode(), _PURPOSE + parts.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
