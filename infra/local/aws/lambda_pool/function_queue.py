"""The environments of one configuration of a function, and the invocations that wait, in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from infra.local.aws.lambda_pool.environment import ExecutionEnvironment


class NoEnvironmentError(Exception):
    """None came free in the time that an invocation may wait."""


class FunctionQueue:
    """Whoever came first gets the environment that is free first, be it a warm one or one that was started.

    All in one event loop. ``make`` makes an environment, whose worker then starts.
    """

    def __init__(self, make: Callable[[], ExecutionEnvironment], on_ended: Callable[[], None]) -> None:
        """``on_ended`` is called when an environment has ended, so that another one may be started.

        ``blocked_seconds``: for how long none came free, and none was seen to compute.
        """
        self._make, self._on_ended = make, on_ended
        self._waiting: deque[asyncio.Future[ExecutionEnvironment]] = deque()
        self._idle: list[ExecutionEnvironment] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._all: set[ExecutionEnvironment] = set()
        self.blocked_seconds = 0.0

    @property
    def count(self) -> int:
        """The environments there are: busy, idle and starting."""
        return len(self._all)

    @property
    def alive_count(self) -> int:
        """The environments whose worker has not ended. From any thread."""
        return sum(1 for environment in list(self._all) if environment.is_alive)

    @property
    def wanted(self) -> int:
        """How many invocations wait for which no environment is starting."""
        return len(self._waiting) - len(self._starting)

    def look_for_work(self, seconds: float) -> None:
        """Count ``seconds`` as blocked, unless an environment starts or computes."""
        works = bool(self._starting) or any(environment.is_computing() for environment in self._all)
        self.blocked_seconds = 0.0 if works else self.blocked_seconds + seconds

    def take_idle(self) -> ExecutionEnvironment | None:
        """The environment used last, so that those that are not needed end."""
        while self._idle:
            environment = self._idle.pop()
            if environment.is_alive:
                return environment
            self._forget(environment)
        return None

    def join(self) -> asyncio.Future[ExecutionEnvironment]:
        """Take a place at the end; the future is the environment, for `wait`."""
        if not self._waiting:
            self.blocked_seconds = 0.0
        turn: asyncio.Future[ExecutionEnvironment] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return turn

    async def wait(self, turn: asyncio.Future[ExecutionEnvironment], seconds: float) -> ExecutionEnvironment:
        """Wait for the turn. Raises NoEnvironmentError."""
        await asyncio.wait({turn}, timeout=seconds)
        if turn.done():
            return turn.result()
        turn.cancel()
        self._waiting.remove(turn)
        raise NoEnvironmentError

    def start_one(self) -> None:
        """Start another environment; it goes to whoever waits longest once it is ready."""
        environment = self._make()
        self._all.add(environment)
        task = asyncio.get_running_loop().create_task(self._hand_over_when_ready(environment))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    def give_back(self, environment: ExecutionEnvironment) -> None:
        """Take an environment that was used, alive or ended."""
        self.blocked_seconds = 0.0
        if not environment.is_alive:
            self._forget(environment)
            self._on_ended()
        elif not self._hand_over(environment):
            self._idle.append(environment)

    def retire_idle(self, oldest: float | None = None) -> None:
        """End the environments that are idle, or those that were last used before ``oldest`` (monotonic)."""
        for environment in list(self._idle):
            if oldest is None or environment.idle_since < oldest or not environment.is_alive:
                self._retire(environment)

    def retire_one(self) -> bool:
        """End the environment that is idle for the longest time; False where none is."""
        if self._idle:
            self._retire(self._idle[0])
            return True
        return False

    def _retire(self, environment: ExecutionEnvironment) -> None:
        self._idle.remove(environment)
        self._all.discard(environment)
        closing = asyncio.get_running_loop().create_task(environment.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        closing.add_done_callback(lambda _: environment.discard_log())

    async def close(self) -> None:
        """End every environment."""
        for task in list(self._starting):
            task.cancel()
        await asyncio.gather(*self._closing, *(environment.close() for environment in list(self._all)))
        for environment in list(self._all):
            self._forget(environment)

    async def _hand_over_when_ready(self, environment: ExecutionEnvironment) -> None:
        """One that failed to start goes to who waits, too: its invocation is answered with the reason."""
        await environment.wait_until_ready()
        self.blocked_seconds = 0.0
        if self._hand_over(environment):
            return
        if environment.is_alive:
            self._idle.append(environment)
        else:
            self._forget(environment)

    def _hand_over(self, environment: ExecutionEnvironment) -> bool:
        if not self._waiting:
            return False
        self._waiting.popleft().set_result(environment)
        return True

    def _forget(self, environment: ExecutionEnvironment) -> None:
        if environment in self._all:
            self._all.discard(environment)
            environment.discard_log()
