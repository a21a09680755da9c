"""Hides secrets where they would show: in results, log lines and errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote

from engine.json_value import JsonValue
from engine.node import Credential

MASK = "***"
# A shorter value would turn ordinary text into asterisks ("a", "1", "user").
MIN_SECRET_CHARACTERS = 6
# Parts of a credential that are names rather than secrets.
_PUBLIC_PARTS = frozenset({"name", "username"})


class Mask:
    """Replaces the secrets that it was given, in every spelling that they commonly travel in."""

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        """``credentials``: those that the node was given."""
        spellings: set[str] = set()
        for credential in credentials:
            values = {part: value.get_secret_value() for part, value in credential.values.items()}
            secrets = [value for part, value in values.items() if part not in _PUBLIC_PARTS]
            if credential.kind == "basic":
                pair = f"{values.get('username', '')}:{values.get('password', '')}"
                secrets.append(base64.b64encode(pair.encode()).decode())
            for secret in secrets:
                if len(secret) >= MIN_SECRET_CHARACTERS:
                    spellings |= {secret, json.dumps(secret)[1:-1], quote(secret, safe="")}
        # The longest first, so that no spelling is cut by one that it contains.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text

    def value(self, value: JsonValue) -> JsonValue:
        """The JSON value without the secrets, wherever in it they stand: in texts, in keys, as numbers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(part) for part in value]
        # A password of digits that a server sends back as a number.
        return MASK if str(value) in self._spellings else value

    @property
    def hides_nothing(self) -> bool:
        """Whether there is nothing to hide."""
        return not self._spellings
