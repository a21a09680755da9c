"""What every CacheStore promises. Subclass it and give a fixture ``store``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.ports import CacheCounts, CacheEntry, CacheStore
from tests.contract.samples import NOW, VALUES, at_once

LATER = NOW + timedelta(minutes=5)
RESULT = CacheEntry("key", "llm", LATER, output_name="true", result=VALUES)
MARK = CacheEntry("key", "llm", NOW + timedelta(seconds=60), holder="ex_1/draft")


class CacheStoreContract:
    def test_a_result_is_read_back_whole(self, store: CacheStore) -> None:
        assert store.get("key", NOW) is None
        store.put(RESULT, NOW)
        assert store.get("key", NOW) == RESULT
        claimed = replace(RESULT, result=None, claim={"key": "cache/1", "size_bytes": 5, "sha256": "0"})
        store.put(claimed, NOW)
        assert store.get("key", NOW) == claimed
        assert store.get("key 2", NOW) is None

    def test_a_result_is_gone_the_moment_it_expires(self, store: CacheStore) -> None:
        store.put(RESULT, NOW)
        assert store.get("key", LATER - timedelta(microseconds=1)) == RESULT
        assert store.get("key", LATER) is None

    def test_a_mark_stands_until_its_lease_is_over(self, store: CacheStore) -> None:
        other = replace(MARK, holder="ex_2/draft")
        assert store.acquire(MARK, NOW) is None
        assert store.get("key", NOW) == MARK
        assert store.acquire(other, NOW) == MARK
        assert store.acquire(other, MARK.expires_at - timedelta(microseconds=1)) == MARK
        assert store.acquire(other, MARK.expires_at) is None
        assert store.get("key", NOW) == other

    def test_a_holder_renews_its_own_lease(self, store: CacheStore) -> None:
        longer = replace(MARK, expires_at=MARK.expires_at + timedelta(seconds=60))
        assert store.acquire(MARK, NOW) is None
        assert store.acquire(longer, NOW) is None
        assert store.get("key", MARK.expires_at) == longer

    def test_who_acquires_what_is_there_gets_it(self, store: CacheStore) -> None:
        store.put(RESULT, NOW)
        assert store.acquire(MARK, NOW) == RESULT
        late = replace(MARK, expires_at=LATER + timedelta(seconds=60))
        assert store.acquire(late, LATER) is None

    def test_of_fifty_who_acquire_at_once_one_does_the_work(self, store: CacheStore) -> None:
        marks = [replace(MARK, holder=f"ex_{number}/draft") for number in range(50)]
        answers = at_once(50, lambda number: store.acquire(marks[number], NOW))
        assert answers.count(None) == 1
        winner = marks[answers.index(None)]
        assert [answer for answer in answers if answer is not None] == [winner] * 49

    def test_a_result_replaces_a_mark(self, store: CacheStore) -> None:
        store.acquire(MARK, NOW)
        store.put(RESULT, NOW)
        assert store.get("key", NOW) == RESULT
        store.release("key", "ex_1/draft")
        assert store.get("key", NOW) == RESULT

    def test_a_mark_is_released_by_its_holder_alone(self, store: CacheStore) -> None:
        store.release("key", "ex_1/draft")
        store.acquire(MARK, NOW)
        store.release("key", "ex_2/draft")
        assert store.get("key", NOW) == MARK
        store.release("key", "ex_1/draft")
        assert store.get("key", NOW) is None

    def test_marks_have_holders_and_results_have_none(self, store: CacheStore) -> None:
        with pytest.raises(ValueError, match="key"):
            store.acquire(RESULT, NOW)
        with pytest.raises(ValueError, match="key"):
            store.put(MARK, NOW)

    def test_hits_and_misses_are_counted_by_node_type(self, store: CacheStore) -> None:
        assert store.counts() == {}
        at_once(8, lambda number: [store.count("llm", hit=number % 2 == 0) for _ in range(5)])
        store.count("http", hit=False)
        assert store.counts() == {"http": CacheCounts(0, 1), "llm": CacheCounts(20, 20)}

    def test_results_and_counters_of_a_node_type_are_cleared(self, store: CacheStore) -> None:
        fill(store)
        assert store.clear("llm") == 40
        assert store.get("llm 0", NOW) is None
        assert store.get("http 0", NOW) == replace(RESULT, key="http 0", node_type="http")
        assert store.get("mark", NOW) == replace(MARK, key="mark")
        assert store.counts() == {"http": CacheCounts(1, 0)}
        assert store.clear("llm") == 0
        store.count("llm", hit=False)
        assert store.counts() == {"http": CacheCounts(1, 0), "llm": CacheCounts(0, 1)}

    def test_everything_is_cleared_but_marks(self, store: CacheStore) -> None:
        fill(store)
        assert store.clear() == 43
        assert store.get("http 0", NOW) is None
        assert store.get("mark", NOW) == replace(MARK, key="mark")
        assert store.counts() == {}


def fill(store: CacheStore) -> None:
    """40 results of llm, 3 of http, a mark of llm, and a hit of each."""
    for node_type, count in (("llm", 40), ("http", 3)):
        for number in range(count):
            store.put(replace(RESULT, key=f"{node_type} {number}", node_type=node_type), NOW)
        store.count(node_type, hit=True)
    store.acquire(replace(MARK, key="mark"), NOW)
