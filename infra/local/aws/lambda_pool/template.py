"""Entry point of a template process: loads a handler once, then forks a worker for each environment.

Run by path, in the function's own environment: it imports nothing of this project. It runs AWS's runtime
client as a worker does; where the client asks for its first invocation, the template waits for orders
instead, and only the forked workers go on into the client's loop. It stays single-threaded and reaps its
workers.

Orders and reports are lines of JSON on the socket whose descriptor is the only argument; an order
``{"id", "environment"}`` carries the descriptor of the worker's log.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import selectors
import signal
import socket
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_MAX_ORDER_BYTES = 1 << 16
_libc = ctypes.CDLL(None)


def _end_with_parent(parent: int) -> None:
    """Let the kernel end this process with the one that started it, unless that is gone by now."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _why_not_to_fork(own_sockets: set[int]) -> str | None:
    """What the handler's module has started that a forked copy would share, or None."""
    threads = max(threading.active_count(), len(os.listdir("/proc/self/task")))
    if threads > 1:
        return f"its module leaves {threads - 1} threads running"
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if target.startswith("socket:") and int(name) not in own_sockets and _is_in_use(int(name)):
            return "its module leaves a connection open"
    return None


def _is_in_use(descriptor: int) -> bool:
    """Whether the socket has another end or waits for one; the X-Ray SDK leaves one that has neither."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        try:
            copy.getpeername()
        except OSError:
            return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return True


def _find_event_loops() -> list[Any]:
    """The event loops that were made and do not run; Mangum makes one."""
    if "asyncio.selector_events" not in sys.modules:
        return []
    kind = sys.modules["asyncio.selector_events"].BaseSelectorEventLoop
    gc.unfreeze()  # a module may have frozen what it made, which hides it; all of it is frozen again later
    return [one for one in gc.get_objects() if issubclass(type(one), kind) and not one.is_closed()]


def _renew(loop: Any) -> None:
    """Give a forked event loop a selector and a wake-up socket of its own; it has none of other kinds yet."""
    loop._close_self_pipe()
    loop._selector.close()
    loop._selector = selectors.DefaultSelector()
    loop._make_self_pipe()


class _Forks:
    """The template's side of the socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: dict[int, int] = {}  # pids by descriptors that become readable when they end
        self._lessons: dict[int, bytes] = {}  # what workers said so far, by the pipes they say it through
        self._lesson: int | None = None  # in a worker: its end of the pipe
        self._loops: list[Any] = []
        self._known: set[str] = set()
        self._refuses = False
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def report(self, **what: Any) -> None:
        self._control.sendall(json.dumps(what).encode() + b"\n")

    def serve(self) -> None:
        """Fork on each order. Returns in a worker only."""
        reason = self._take_stock()
        self.report(loaded=True, unforkable=reason)
        if reason is not None:
            os._exit(0)
        _silence()
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._workers:
                    self._reap(descriptor)
                elif descriptor in self._lessons:
                    self._learn(descriptor)
                elif self._obey():
                    return

    def teach(self) -> None:
        """In a worker: name to the template the modules that the first invocation has loaded."""
        if self._lesson is None:
            return
        loaded = [name for name, module in list(sys.modules.items()) if _is_from_file(module)]
        with open(self._lesson, "wb") as lesson:
            lesson.write(" ".join(name for name in loaded if name not in self._known).encode())
        self._lesson = None

    def _take_stock(self) -> str | None:
        """Note what is loaded; return why it cannot be forked, or None."""
        self._known = set(sys.modules)
        self._loops += _find_event_loops()
        gc.freeze()  # what is here now is shared by all workers: their collectors need not touch it
        own_sockets = {self._control.fileno()}
        for loop in self._loops:
            own_sockets |= {loop._ssock.fileno(), loop._csock.fileno()}
        return _why_not_to_fork(own_sockets)

    def _obey(self) -> bool:
        """Carry out one order; True in the worker that it made. Without an order: end with all workers."""
        line, logs, _, _ = socket.recv_fds(self._control, _MAX_ORDER_BYTES, 1)
        if not line:
            self._end()
        if not self._refuses:
            return self._fork(json.loads(line), logs[0])
        os.close(logs[0])
        return False

    def _fork(self, order: dict[str, Any], log: int) -> bool:
        template = os.getpid()
        listens, lesson = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            for descriptor in (log, listens, lesson):
                os.close(descriptor)
            self.report(id=order["id"], failed=str(error))
            return False
        if pid == 0:
            self._lesson = lesson
            self._become_worker(template, (listens, log), order["environment"])
            return True
        os.close(log)
        os.close(lesson)
        _lead_group(pid)
        descriptor = os.pidfd_open(pid)
        self._workers[descriptor], self._lessons[listens] = pid, b""
        for one in (descriptor, listens):
            self._poll.register(one, select.POLLIN)
        self.report(id=order["id"], pid=pid)
        return False

    def _become_worker(self, template: int, own: tuple[int, int], environment: dict[str, str]) -> None:
        _lead_group(0)
        _end_with_parent(template)
        for output in (1, 2):
            os.dup2(own[1], output)
        for descriptor in (*own, *self._workers, *self._lessons):
            os.close(descriptor)
        self._control.close()
        os.environ.update(environment)
        for loop in self._loops:
            _renew(loop)

    def _learn(self, pipe: int) -> None:
        """Load what a worker had to load in its first invocation, so that the next ones need not."""
        part = os.read(pipe, _MAX_ORDER_BYTES)
        self._lessons[pipe] += part
        if part:
            return
        self._poll.unregister(pipe)
        os.close(pipe)
        names = self._lessons.pop(pipe).decode().split()
        if self._refuses or not [name for name in names if name not in self._known]:
            return
        for name in names:
            with contextlib.suppress(Exception):  # a module that only its importer knows how to load
                importlib.import_module(name)
        reason = self._take_stock()
        if reason is not None:
            self._refuses = True
            self.report(unforkable=reason)

    def _reap(self, descriptor: int) -> None:
        pid = self._workers.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        self.report(ended=pid, code=os.waitstatus_to_exitcode(status))

    def _end(self) -> None:
        for pid in self._workers.values():
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os._exit(0)


def _is_from_file(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "has_location", False))


def _lead_group(pid: int) -> None:
    """Make a process group of the worker; done on both sides, so that it stands whoever runs first."""
    try:
        os.setpgid(pid, 0)
    except (ProcessLookupError, PermissionError):
        return  # the worker is gone already


def _silence() -> None:
    """Let go of the log that the first environment lent for the time of loading."""
    sys.stdout.flush()
    sys.stderr.flush()
    with open(os.devnull, "wb") as nothing:
        for output in (1, 2):
            os.dup2(nothing.fileno(), output)


def _make_client(forks: _Forks) -> Any:
    """Return AWS's client, which serves orders before its first invocation and reports init errors here."""
    # The native part reads the address of the Runtime API when it is loaded: that is for the worker to do.
    sys.modules["runtime_client"] = None  # type: ignore[assignment]  # makes the import fail, as documented
    from awslambdaric import lambda_runtime_client
    from awslambdaric.lambda_config import LambdaConfigProvider

    config = LambdaConfigProvider(["awslambdaric", os.environ["_HANDLER"]])
    client = lambda_runtime_client.LambdaRuntimeClient(config.api_address, config.use_thread_polling)

    def wait_for_first_invocation() -> Any:
        forks.serve()
        del sys.modules["runtime_client"], client.wait_next_invocation, client.post_init_error
        runtime_client = importlib.import_module("runtime_client")
        runtime_client.initialize_client(lambda_runtime_client._user_agent())
        lambda_runtime_client.runtime_client = runtime_client
        client.lambda_runtime_address = os.environ["AWS_LAMBDA_RUNTIME_API"]
        client.wait_next_invocation = wait_for_second_invocation
        return type(client).wait_next_invocation(client)

    def wait_for_second_invocation() -> Any:
        del client.wait_next_invocation
        forks.teach()
        return client.wait_next_invocation()

    client.wait_next_invocation = wait_for_first_invocation
    client.post_init_error = lambda document, *_: forks.report(init_error=document)
    return client


def main() -> None:
    """Load the handler named by ``_HANDLER`` and serve orders until the socket is closed."""
    control = socket.socket(fileno=int(sys.argv.pop()))
    _end_with_parent(int(sys.argv.pop()))
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    client = _make_client(_Forks(control))
    from awslambdaric import bootstrap

    bootstrap.run(os.environ["_HANDLER"], client)


if __name__ == "__main__":
    main()
