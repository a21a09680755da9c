"""Entry point of a worker process: AWS's runtime client, tied to the life of the process that started it.

Run by path, in the function's own environment: it imports nothing of this project.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def _end_with_parent(lifeline: int) -> None:
    """Exit as soon as the other end of the pipe is gone, however the parent died."""
    os.read(lifeline, 1)
    os._exit(1)


def _ask_kernel_to_end_with_parent() -> None:
    """On Linux the kernel ends this process too, even while it is stuck in native code."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1  # linux/prctl.h
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Keep stdin as the lifeline.

    Give the function an empty one, and run the handler named by ``_HANDLER``.
    """
    lifeline = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    _ask_kernel_to_end_with_parent()
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    from awslambdaric.__main__ import main as run_runtime_client

    run_runtime_client(["awslambdaric", os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
