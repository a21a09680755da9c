"""Ctrl-C, SIGTERM and a closed terminal: all end a command in order, once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stops_in_order() -> Iterator[None]:
    """The first of these signals raises KeyboardInterrupt here; later ones do not disturb the cleaning up."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
