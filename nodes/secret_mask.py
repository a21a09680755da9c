"""Hiding secrets in whatever is shown: results, errors, log lines."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from engine.json_value import JsonValue

MASK = "***"
# Characters. A shorter secret stands in ordinary text by chance, and masking it would spoil every result.
MIN_SECRET_LENGTH = 4


class SecretMask:
    """Replaces secrets, in the spellings that servers echo them in, by ``***``."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets for spelling in _spell(secret)}
        longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._text = re.compile("|".join(map(re.escape, longest_first))) if spellings else None
        self._data = (
            re.compile(
                b"|".join(re.escape(spelling.encode("utf-8", "replace")) for spelling in longest_first)
            )
            if spellings
            else None
        )

    def mask_text(self, text: str) -> str:
        """The text without the secrets."""
        return self._text.sub(MASK, text) if self._text else text

    def mask_data(self, data: bytes) -> bytes:
        """The bytes without the secrets' UTF-8 spellings."""
        return self._data.sub(MASK.encode(), data) if self._data else data

    def mask_value(self, value: JsonValue) -> JsonValue:
        """The JSON value with every string and every name in it masked."""
        if self._text is None:
            return value
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, list):
            return [self.mask_value(item) for item in value]
        if isinstance(value, dict):
            return {self.mask_text(name): self.mask_value(item) for name, item in value.items()}
        return value


def _spell(secret: str) -> Iterator[str]:
    if len(secret) < MIN_SECRET_LENGTH:
        return
    data = secret.encode("utf-8", "replace")
    yield secret
    yield quote(data, safe="")
    yield quote_plus(data)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield base64.b64encode(data).decode("ascii")
    yield base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
