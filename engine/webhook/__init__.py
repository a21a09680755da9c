"""Webhooks without HTTP: requests as values, bodies read, signatures checked. No clock, no store."""

from __future__ import annotations

from engine.webhook.body import Body, Upload, read_body
from engine.webhook.request import WebhookAnswer, WebhookError, WebhookRequest, problem_answer
from engine.webhook.signature import check_auth

__all__ = [
    "Body",
    "Upload",
    "WebhookAnswer",
    "WebhookError",
    "WebhookRequest",
    "check_auth",
    "problem_answer",
    "read_body",
]
