"""Log lines of a node run: bounded, masked, kept with the record."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from typing import Literal

from engine.execution import LogLine
from engine.ports import Clock
from engine.runner.failure import printable
from engine.runner.masking import Mask

# The last lines are kept: 50 lines of 500 characters stay under 32 KB of a 400 KB record.
MAX_LINES = 50
MAX_LINE_CHARACTERS = 500

_log = logging.getLogger("mini_n8n.node")


class NodeLog:
    """The `NodeLogger` that the runner hands to nodes."""

    def __init__(self, clock: Clock, mask: Mask, earlier: Iterable[LogLine] = ()) -> None:
        """``mask`` hides the secrets that the node was given; ``earlier`` attempts and polls are kept."""
        self._clock, self._mask = clock, mask
        self._lines: deque[LogLine] = deque(earlier, maxlen=MAX_LINES)

    def _add(self, level: Literal["debug", "info", "warning", "error"], message: str) -> None:
        text = printable(self._mask.text(str(message)))
        if len(text) > MAX_LINE_CHARACTERS:
            text = text[: MAX_LINE_CHARACTERS - 1] + "…"
        self._lines.append(LogLine(at=self._clock.now(), level=level, message=text))
        _log.log(getattr(logging, level.upper()), "%s", text)

    def debug(self, message: str) -> None:
        """Record a line of level debug."""
        self._add("debug", message)

    def info(self, message: str) -> None:
        """Record a line of level info."""
        self._add("info", message)

    def warning(self, message: str) -> None:
        """Record a line of level warning."""
        self._add("warning", message)

    def error(self, message: str) -> None:
        """Record a line of level error."""
        self._add("error", message)

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """The last lines, oldest first."""
        return tuple(self._lines)
