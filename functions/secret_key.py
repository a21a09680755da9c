"""Keys that settings name, wherever they are kept."""

from __future__ import annotations

from pydantic import SecretStr

from engine.errors import NotFoundError, UnavailableError
from engine.ports import SecretStore
from engine.settings import Settings


def read_models_key(settings: Settings, secrets: SecretStore) -> SecretStr | None:
    """The models' key: of the environment, or of the secret that it names; None without either."""
    if settings.openai_api_key is not None:
        return SecretStr(settings.openai_api_key)
    if settings.openai_api_key_secret is None:
        return None
    try:
        return SecretStr(secrets.read(settings.openai_api_key_secret))
    except NotFoundError:
        # Nobody stored one: nodes that name a credential of their own still run, others say so.
        return None


def read_approval_key(settings: Settings, secrets: SecretStore) -> str:
    """What signs the links of approvals; UnavailableError without one, and then no link is let through."""
    try:
        return secrets.read(settings.approval_key_secret)
    except NotFoundError:
        raise UnavailableError("The key of approvals is not stored: its secret is missing.") from None
