"""How many environments there may be: enough for work that waits, no more than the processor can carry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PROCESSOR_TIMES = Path("/proc/stat")
_LEAST_IDLE_SHARE = 0.15
"""With less of the processor idle, another environment would only make each slower."""

_MOST_SERVER_SHARE = 0.8
"""Of one core, which is all that a Python process has: beyond, environments wait for this server, and more of
them would only wait longer."""

_WINDOW_SECONDS = 0.25
"""The system counts in ticks of 10 ms; a look at much less would take chance for idle time."""

_SIDE_BY_SIDE = 10
"""A workflow's nodes that run side by side are seldom more, and mostly wait for someone else's answer: where
a function had to be seen idle first (four were its own), ten of 0.1 s took three turns."""


@dataclass(frozen=True)
class Capacity:
    """The bounds of a pool. Lambda has no such thing: there each environment brings its own processor.

    A function always gets ``own`` environments, whatever the others hold: what one function calls can run
    even when those that wait for it hold all the rest. Beyond them, and up to ``total``, others start while
    the processor has time to spare; or when all of the function's waited for ``blocked_seconds``, and for
    longer the more there are: then it is not the processor that they lack. Seconds are those in which this
    server could work, too, which they may wait for. A hundred that share two cores would make each request
    take half a minute; so a moment's idleness, or that of one core while this server needs the other, starts
    none.
    """

    own: int = max(_SIDE_BY_SIDE, os.cpu_count() or 1)
    total: int = 100
    blocked_seconds: float = 0.5
    queue_seconds: float = 120.0
    """An invocation that got no environment in that time is refused, as Lambda refuses too many at once."""

    def allows(self, function_count: int, total_count: int, blocked_seconds: float, *, is_idle: bool) -> bool:
        """Whether a function with so many environments, of so many in all, may have another one."""
        if function_count < self.own:
            return True
        patience = self.blocked_seconds * function_count / self.own
        return total_count < self.total and (is_idle or blocked_seconds >= patience)


def wanted_seconds(pid: int) -> float:
    """For how long a process had the processor or waited for it so far; 0 where the system does not tell.

    https://docs.kernel.org/scheduler/sched-stats.html; of its first thread alone.
    """
    try:
        run, waited, _ = Path(f"/proc/{pid}/schedstat").read_text().split()
        return (int(run) + int(waited)) / 1e9
    except (OSError, ValueError):
        return 0.0


class ProcessorWatch:
    """Whether there is processor time to spare, told once for each window of a quarter of a second."""

    def __init__(
        self,
        times: Path = _PROCESSOR_TIMES,
        clock: Callable[[], float] = time.monotonic,
        server_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._times, self._clock, self._server_clock = times, clock, server_clock
        self.restart()

    def restart(self) -> None:
        """Begin a window."""
        self._began, self._server_began = self._clock(), self._server_clock()
        self._idle, self._all = self._read()

    def look(self) -> bool:
        """Whether the processor was idle for a part of the window, and this server needed no whole core.

        False while the window lasts, and where the system does not tell. The answer begins the next window.
        """
        seconds = self._clock() - self._began
        if seconds < _WINDOW_SECONDS:
            return False
        server_share = (self._server_clock() - self._server_began) / seconds
        (idle, everything), (earlier, before) = self._read(), (self._idle, self._all)
        self.restart()
        if everything <= before:
            return False
        idle_share = (idle - earlier) / (everything - before)
        return idle_share >= _LEAST_IDLE_SHARE and server_share <= _MOST_SERVER_SHARE

    def _read(self) -> tuple[int, int]:
        """Idle time and all time so far, of all cores.

        https://man7.org/linux/man-pages/man5/proc_stat.5.html
        """
        try:
            first = self._times.read_text().splitlines()[0].split()
            numbers = [int(text) for text in first[1:9]]
        except (OSError, ValueError, IndexError):
            return 0, 0
        return numbers[3] + numbers[4], sum(numbers)
