"""Start the local AWS as a child process and stop it again (for tests and the command line)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 60.0


class LocalAwsStartError(RuntimeError):
    """The child ended, or was not ready in time; the message carries the end of its log."""


class LocalAws:
    """A running local AWS. The child ends with this process, however that ends.

    ``LocalAws(api_port=0)`` as a context manager starts and stops it; ``endpoint`` is what
    ``AWS_ENDPOINT_URL`` takes, ``api_endpoint`` the address of the deployed HTTP API (None without a port).
    Without ``log_file`` the server's log is kept only as long as it runs.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        api_port: int | None = 0,
        state_dir: Path | None = None,
        time_scale: float | None = None,
        log_file: Path | None = None,
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._log_file = log_file
        self._arguments = ["--port", str(port), "--ends-with-parent"]
        if api_port is not None:
            self._arguments += ["--api-port", str(api_port)]
        if state_dir is not None:
            self._arguments += ["--state-dir", str(state_dir)]
        if time_scale is not None:
            self._arguments += ["--time-scale", str(time_scale)]
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = ""
        self.api_endpoint: str | None = None

    @property
    def pid(self) -> int:
        """The child's process id. Raises LocalAwsStartError when it was not started."""
        if self._process is None:
            raise LocalAwsStartError("the local AWS was not started; call start() first")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child lives."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout_seconds: float = START_TIMEOUT_SECONDS) -> Self:
        """Start and wait until every service answers. Raises LocalAwsStartError."""
        self._folder = tempfile.TemporaryDirectory(prefix="local-aws-")
        ready_file = Path(self._folder.name, "ready.json")
        log_file = self._log_file or Path(self._folder.name, "local-aws.log")
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.local.aws", *self._arguments, "--ready-file", str(ready_file)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(self._folder.name),
                start_new_session=True,  # Ctrl-C is the parent's business; it stops the child in order
            )
        deadline = time.monotonic() + timeout_seconds
        while not ready_file.exists():
            if not self.is_running or time.monotonic() > deadline:
                log_end = log_file.read_text(errors="replace")[-4000:]
                self.stop()
                raise LocalAwsStartError(f"the local AWS did not start:\n{log_end}")
            time.sleep(0.02)
        ready = json.loads(ready_file.read_text())
        self.endpoint, self.api_endpoint = ready["endpoint"], ready["api"]
        return self

    def stop(self) -> None:
        """Stop in order (state is saved, workers end); kill only when that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._folder is not None:
            self._folder.cleanup()

    def kill(self) -> None:
        """Kill without any notice, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _environment(temporary: str) -> dict[str, str]:
    """Pass the environment on without what would turn the server into its own client.

    What server and functions leave in their temporary folder goes with it, even when they are killed.
    """
    project = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, [project, os.environ.get("PYTHONPATH")]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": path, "TMPDIR": temporary}
