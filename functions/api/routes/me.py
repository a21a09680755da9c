"""Who asks."""

from __future__ import annotations

from functions.api.access import Who
from functions.api.access_view import Me
from functions.api.router import guarded_router

router = guarded_router("access")


@router.get("/me")
def get_me(principal: Who) -> Me:
    """Who you are here: user, role, groups, permissions, limits."""
    return Me.of(principal)
