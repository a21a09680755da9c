"""Executions begin while few tasks wait, in their order."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from infra.local.aws.lambda_pool.caller import current_caller
from infra.local.aws.task_queue import TaskQueue
from tests.unit.local_aws.conftest import wait_for


def test_executions_begin_in_their_order_as_tasks_get_their_turn() -> None:
    tasks, begun = TaskQueue(max_waiting=1), list[int]()

    def begin(number: int) -> None:
        tasks.begin()
        begun.append(number)

    with ExitStack() as held:
        held.enter_context(tasks.waiting())
        for number in range(3):
            threading.Thread(target=begin, args=(number,)).start()
            time.sleep(0.05)
        time.sleep(0.3)
        assert begun == []
        caller = current_caller()
        assert caller is not None
        caller.take_turn()  # it got its environment
        wait_for(lambda: begun == [0, 1, 2])
    assert begun == [0, 1, 2]


def test_a_task_that_failed_before_its_turn_waits_no_more() -> None:
    tasks = TaskQueue(max_waiting=1)
    for _ in range(3):
        with tasks.waiting():
            pass
    started = time.monotonic()
    tasks.begin()
    assert time.monotonic() - started < 5


def test_many_that_begin_at_once_are_let_in_by_and_by() -> None:
    tasks, begun = TaskQueue(max_waiting=2), list[float]()

    def begin() -> None:
        tasks.begin()
        begun.append(time.monotonic())

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(begun) == 6
    assert max(begun) - min(begun) >= 0.3


def test_requests_go_first_but_not_for_ever() -> None:
    waiting = [2]
    tasks = TaskQueue(max_waiting=2, waiting_requests=lambda: waiting[0])
    started = time.monotonic()
    tasks.begin()
    assert time.monotonic() - started >= 1.0
    waiting[0] = 1
    started = time.monotonic()
    tasks.begin()
    assert time.monotonic() - started < 1.0
