"""Tokens of an OIDC issuer: its keys found, cached and rotated; signature and claims checked."""

from __future__ import annotations

from engine.adapters.oidc.issuer_keys import IssuerKeys
from engine.adapters.oidc.verifier import OidcVerifier

__all__ = ["IssuerKeys", "OidcVerifier"]
