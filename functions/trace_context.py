"""The trace that a request belongs to, as W3C spells it: https://www.w3.org/TR/trace-context/.

Who calls us with a ``traceparent`` finds its trace id on the execution, in problem documents and on each log
line. Else the trace is X-Ray's, where Lambda names one, so that all three are found there; else a new one.
"""

from __future__ import annotations

import os
import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

from functions.tracing import TRACE_HEADER

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_ROOT = re.compile(r"(?:^|;)Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)", re.ASCII)
# Longer than any version of the header needs.
MAX_HEADER_CHARACTERS = 512


@dataclass(frozen=True)
class TraceContext:
    """A trace, and our own place in it."""

    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def traceparent(self) -> str:
        """For whoever goes on from here."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_CURRENT: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def begin_trace(header: str | None) -> TraceContext:
    """The trace of the request that begins; a header that is none is let go."""
    trace_id, flags = _read(header) or (_of_xray() or secrets.token_hex(16), "00")
    trace = TraceContext(trace_id, secrets.token_hex(8), flags)
    _CURRENT.set(trace)
    return trace


def current_trace_id() -> str | None:
    """The trace of the request that is being served; None outside of any."""
    trace = _CURRENT.get()
    return trace.trace_id if trace else None


def _read(header: str | None) -> tuple[str, str] | None:
    """(trace id, flags) of a header; None for what is malformed, or all zeros."""
    if header is None or len(header) > MAX_HEADER_CHARACTERS:
        return None
    found = _PARENT.fullmatch(header.strip(" \t"))
    if found is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return trace_id, f"{int(flags, 16) & 1:02x}"


def _of_xray() -> str | None:
    found = _ROOT.search(os.environ.get(TRACE_HEADER, ""))
    return found[1] + found[2] if found else None
