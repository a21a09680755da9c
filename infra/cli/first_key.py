"""API keys for whoever sits at this machine: made with the key of the deployment in the local AWS."""

from __future__ import annotations

from infra.cli.api_client import ApiClient

FIRST_KEY_NAME = "first administrator"


def make_first_key(client: ApiClient) -> str | None:
    """A key of an administrator, if there is none that can still be used; None where there is."""
    for key in client.list_api_keys():
        if key["role"] == "admin" and key["revoked_at"] is None and key["expires_at"] is None:
            return None
    return make_key(client, FIRST_KEY_NAME, "admin")


def make_key(client: ApiClient, name: str, role: str, user: str | None = None) -> str:
    """A new key without limits, which nothing will show again."""
    limits = {"requests_per_minute": None}
    made = client.create_api_key({"name": name, "role": role, "user": user, "limits": limits})
    return str(made["key"])
