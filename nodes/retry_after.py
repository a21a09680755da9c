"""How long the other side asks us to wait: the ``Retry-After`` of an answer, in seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

# The longest wait that is passed on, in seconds: a node's own retry waits no longer
# (engine.workflow.Retry.max_interval_seconds).
MAX_RETRY_AFTER_SECONDS = 86_400.0


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``retry-after``; None where neither says.

    ``headers`` finds names in lower case. Retry-After is seconds or a date (RFC 9110, section 10.2.3);
    a date counts from the answer's own ``date``, so that no clock of ours matters.
    ``retry-after-ms`` is what OpenAI's and Azure's servers add, in milliseconds.
    """
    milliseconds = _read_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_RETRY_AFTER_SECONDS)
    said = headers.get("retry-after")
    seconds = _read_number(said)
    if seconds is None:
        seconds = _read_date(said, headers.get("date"))
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER_SECONDS)


def _read_number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _read_date(until: str | None, now: str | None) -> float | None:
    then, start = _parse_date(until), _parse_date(now)
    if then is None or start is None or (then.tzinfo is None) != (start.tzinfo is None):
        return None
    return max((then - start).total_seconds(), 0.0)


def _parse_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
