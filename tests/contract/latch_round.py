"""One wait and those that arrive at it, in a random order, each killed anywhere and tried again."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from threading import Condition, Thread

from engine.json_value import JsonObject
from engine.latch import LatchState, LatchStore
from engine.runner.latches import Latches
from engine.task import Task


class Killed(Exception):
    """The function ends here."""


class LatchRound:
    """Plays one round over the real `Latches`, step by step: which side makes the next step is drawn.

    ``starts`` counts how often the waiting Task went on, ``too_early`` how often before all had arrived.
    """

    def __init__(self, store: LatchStore, execution_id: str, chance: random.Random, killed: float) -> None:
        self._store, self._execution_id, self._chance, self._killed = store, execution_id, chance, killed
        self._awaited = tuple(f"n{index}" for index in range(chance.randint(1, 4)))
        self._ended: set[str] = set()
        self._open: str | None = None
        self.starts = self.too_early = 0
        self._turn = Condition()
        self._waiting: list[object] = []
        self._next: object = None
        self._running = 0

    def play(self) -> None:
        """Until every side has done its part."""
        sides = [self._wait, *(lambda node_id=node_id: self._arrive(node_id) for node_id in self._awaited)]
        twice = self._chance.sample(sides[1:], self._chance.randint(0, len(sides) - 1))
        threads = [Thread(target=self._run, args=(side,)) for side in (*sides, *twice)]
        self._running = len(threads)
        for thread in threads:
            thread.start()
        with self._turn:
            while self._running:
                self._turn.wait_for(lambda: len(self._waiting) == self._running)
                if self._running:
                    self._next = self._chance.choice(self._waiting)
                    self._waiting.remove(self._next)
                    self._turn.notify_all()
        for thread in threads:
            thread.join()

    def _run(self, side: Callable[[], None]) -> None:
        try:
            side()
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    def _step(self) -> None:
        """Wait for one's turn; perhaps never to come back."""
        me = object()
        with self._turn:
            self._waiting.append(me)
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._next is me)
            self._next = None
            if self._chance.random() < self._killed:
                raise Killed

    def _wait(self) -> None:
        """The waiting Task: a token for each attempt, refused once the attempt has ended."""
        for number in itertools.count():
            token = f"t{number}"
            self._open = token
            task = self._task("await", (), latch="w", awaited=self._awaited, token=token)
            try:
                self._latches().register(task)
                return
            except Killed:
                if self._open != token:
                    return  # answered before it died: the Task has gone on
                self._open = None

    def _arrive(self, node_id: str) -> None:
        """A Task that runs a node; tried again it finds the node ended, and arrives again."""
        while True:
            try:
                self._step()
                self._ended.add(node_id)
                self._latches().arrive(self._task("run", (node_id,), arrives=("w",)), node_id)
                return
            except Killed:
                continue

    def _task(self, step: str, nodes: tuple[str, ...], **more: object) -> Task:
        given = {"execution_id": self._execution_id, "workflow_id": "wf", "version": 1}
        return Task.model_validate({**given, "step": step, "nodes": nodes, **more})

    def _latches(self) -> Latches:
        return Latches(_Stepping(self._store, self._step), self._answer)

    def _answer(self, token: str, output: JsonObject) -> bool:
        self._step()
        if self._open != token:
            return False
        self._open = None
        self.starts += 1
        self.too_early += not self._ended.issuperset(self._awaited)
        self._step()
        return True


class _Stepping:
    """A store that takes a turn before and after each change."""

    def __init__(self, store: LatchStore, step: Callable[[], None]) -> None:
        self._store, self._step = store, step

    def arrive(self, execution_id: str, latch: str, node_id: str) -> LatchState:
        self._step()
        state = self._store.arrive(execution_id, latch, node_id)
        self._step()
        return state

    def register(self, execution_id: str, latch: str, awaited: frozenset[str], token: str) -> LatchState:
        self._step()
        state = self._store.register(execution_id, latch, awaited, token)
        self._step()
        return state
