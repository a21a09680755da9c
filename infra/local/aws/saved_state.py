"""Saving what the services hold, every few seconds while it changes."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

SAVE_INTERVAL_SECONDS = 2.0
_MAX_LOAD = 0.1
"""The saver may take a tenth of the time at most: it waits ten times as long as the last save took."""

_ROUNDS_AFTER_LAST_REQUEST = 3
"""What a request sets going in the background is saved too; then an idle server rests."""

_logger = logging.getLogger(__name__)


class StateSaver:
    """Writes the state file of each service that changed; objects in S3 are written when they are put."""

    def __init__(self) -> None:
        self._rounds_left = _ROUNDS_AFTER_LAST_REQUEST
        self._digests: dict[str, bytes] = {}
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="state-saver")

    def start(self) -> None:
        """Begin saving; what was saved before must be restored by then."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the save that is going on; MiniStack's own save at the end follows."""
        self._is_stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def watch(self, application: Any) -> Any:
        """Wrap an ASGI application so that its requests set the saver going."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            self._rounds_left = _ROUNDS_AFTER_LAST_REQUEST
            await application(scope, receive, send)
            self._rounds_left = _ROUNDS_AFTER_LAST_REQUEST

        return watched

    def save_changed(self) -> None:
        """Save every service whose state is not what was saved last."""
        from ministack import app
        from ministack.core import persistence

        for service, get_state in app._build_persistence_save_dict().items():
            try:
                state = get_state()
                text = _text(service, state)
            except RuntimeError:  # changed under our hands; the next round takes it
                continue
            digest = hashlib.blake2b(text, digest_size=16).digest()
            if state is not None and digest != self._digests.get(service):
                try:
                    _write(Path(persistence.STATE_DIR, f"{service}.json"), text)
                except OSError:  # the disk is full, say: the next round tries again
                    _logger.exception("the state of %s was not saved", service)
                    continue
                self._digests[service] = digest

    def _run(self) -> None:
        pause = SAVE_INTERVAL_SECONDS
        while not self._is_stopped.wait(pause):
            if self._rounds_left == 0 and not _has_running_executions():
                continue
            self._rounds_left = max(0, self._rounds_left - 1)
            started = time.monotonic()
            self.save_changed()
            pause = max(SAVE_INTERVAL_SECONDS, (time.monotonic() - started) / _MAX_LOAD)


def _has_running_executions() -> bool:
    from ministack.services import stepfunctions

    return any(one["status"] == "RUNNING" for one in stepfunctions._executions.all_values())


def _text(service: str, state: Any) -> bytes:
    """What MiniStack's `save_state` writes, in one piece: bit by bit it takes several times as long."""
    from ministack.core import persistence

    wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    return json.dumps(wrapped, default=persistence._json_default).encode()


def _write(path: Path, text: bytes) -> None:
    """Put it in the place of what was saved before, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".json.tmp")
    partial.write_bytes(text)
    partial.replace(path)
