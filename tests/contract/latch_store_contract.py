"""What every LatchStore promises. Subclass it and give a fixture ``store``; ``rounds`` are random ones."""

from __future__ import annotations

import random

import pytest

from engine.latch import LatchState, LatchStore
from tests.contract.latch_round import LatchRound

EXECUTION = "ex_1"


class LatchStoreContract:
    rounds = 300

    def test_a_wait_is_ready_when_both_sides_are_there(self, store: LatchStore) -> None:
        awaited = frozenset({"a", "b"})
        assert store.arrive(EXECUTION, "w", "a") == LatchState(frozenset({"a"}))
        registered = store.register(EXECUTION, "w", awaited, "t1")
        assert (registered, registered.ready_token) == (LatchState(frozenset({"a"}), awaited, "t1"), None)
        assert store.arrive(EXECUTION, "w", "b") == LatchState(awaited, awaited, "t1")
        assert store.arrive(EXECUTION, "w", "b").ready_token == "t1"

    def test_repeating_changes_nothing_and_the_last_token_counts(self, store: LatchStore) -> None:
        for _ in range(3):
            store.arrive(EXECUTION, "w", "a")
        assert store.register(EXECUTION, "w", frozenset("a"), "t1").ready_token == "t1"
        assert store.register(EXECUTION, "w", frozenset("a"), "t2").ready_token == "t2"
        assert store.arrive(EXECUTION, "w", "a") == LatchState(frozenset("a"), frozenset("a"), "t2")

    def test_waits_are_apart(self, store: LatchStore) -> None:
        store.arrive(EXECUTION, "w", "a")
        assert store.register(EXECUTION, "v", frozenset("a"), "t").ready_token is None
        assert store.register("ex_2", "w", frozenset("a"), "t").ready_token is None

    @pytest.mark.parametrize("killed", [0.0, 0.3])
    def test_no_order_and_no_death_loses_a_wake_up_or_starts_twice(
        self, store: LatchStore, killed: float
    ) -> None:
        for number in range(self.rounds):
            chance = random.Random(number)
            one = LatchRound(store, f"ex_{killed}_{number}", chance, killed)
            one.play()
            assert one.starts == 1, number
            assert one.too_early == 0, number
