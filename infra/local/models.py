"""Which models the AI nodes ask: the offline server, or one of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a server that asks for no key is given: the SDK sends none of its own accord, but wants one.
NO_KEY = "none"
OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True)
class OwnModels:
    """A server of the user's own; ``base_url`` None is OpenAI itself."""

    base_url: str | None = None
    api_key: str = field(default=NO_KEY, repr=False)

    def __str__(self) -> str:
        return self.base_url or OPENAI_URL


def read_own_models(environment: Mapping[str, str]) -> OwnModels | None:
    """What ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` name; None where neither is set: offline."""
    base_url = environment.get("OPENAI_BASE_URL", "").strip()
    api_key = environment.get("OPENAI_API_KEY", "").strip()
    if not base_url and not api_key:
        return None
    return OwnModels(base_url or None, api_key or NO_KEY)
