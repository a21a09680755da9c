from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from engine.adapters.memory import ManualClock
from engine.adapters.system_clock import SystemClock
from engine.ports import Clock
from tests.contract.samples import at_once


class ClockContract:
    def test_now_is_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    def test_ids_are_unique_and_sort_by_time_of_making(self, clock: Clock) -> None:
        made = [clock.new_id("ex") for _ in range(2_000)]
        clock.sleep(0.002)
        made.append(clock.new_id("ex"))
        assert made == sorted(set(made))
        assert re.fullmatch(r"ex_[0-9A-HJKMNP-TV-Z]{26}", made[0])

    def test_threads_never_make_the_same_id(self, clock: Clock) -> None:
        made = at_once(8, lambda _: [clock.new_id("wf") for _ in range(200)])
        assert len({one for some in made for one in some}) == 1_600

    def test_tokens_differ(self, clock: Clock) -> None:
        made = {clock.new_token() for _ in range(100)}
        assert len(made) == 100
        assert {len(token) for token in made} == {22}
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", token) for token in made)

    def test_time_passes_while_it_sleeps(self, clock: Clock) -> None:
        before = clock.now()
        clock.sleep(0.01)
        assert clock.now() - before >= timedelta(milliseconds=10)


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    def test_it_tells_the_time(self, clock: SystemClock) -> None:
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


class TestManualClock(ClockContract):
    def test_it_makes_the_same_ids_every_time(self, clock: ManualClock) -> None:
        made = [clock.new_id("ex") for _ in range(3)]
        again = ManualClock(clock.now())
        assert [again.new_id("ex") for _ in range(3)] == made

    def test_it_remembers_what_was_slept(self, clock: ManualClock) -> None:
        before = clock.now()
        clock.sleep(3)
        clock.advance(4)
        assert (clock.slept, clock.now() - before) == ([3], timedelta(seconds=7))
