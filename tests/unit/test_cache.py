"""The cache of results: keys, time to live, single flight."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

import engine.cache
from engine.adapters.memory import (
    ManualClock,
    MemoryBlobStore,
    MemoryCacheStore,
    MemoryMetrics,
)
from engine.adapters.system_clock import SystemClock
from engine.cache import LEASE_SECONDS, ResultCache, cache_key
from engine.errors import NodeError, NodeTimeoutError, UnavailableError
from engine.node import BaseNode, NodeContext, NodeInputs, NodeResult
from engine.ports import CacheCounts, CacheEntry
from engine.values import ValueStore, to_json_text
from tests.unit.engine_bench import EngineBench, node

RESULT = NodeResult({"output": 1})


class Plain(BaseNode):
    type = "plain"

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        return RESULT


class Deaf(Plain):
    reads_inputs = False


def subclass(**attributes: Any) -> type[BaseNode]:
    return type("Other", (Plain,), attributes)


class Kept:
    """A ResultCache with the parts that a test asks after."""

    def __init__(self, clock: Any = None) -> None:
        self.clock = clock or ManualClock()
        self.store = MemoryCacheStore()
        self.blobs = MemoryBlobStore()
        self.metrics = MemoryMetrics()
        self.cache = ResultCache(self.store, ValueStore(self.blobs), self.clock, self.metrics)

    def keep(self, key: str, result: NodeResult = RESULT, ttl: int = 60) -> None:
        self.cache.store(key, "plain", result, to_json_text(result.values), ttl)

    def ask(self, key: str, holder: str = "me", timeout_seconds: float = 5.0) -> NodeResult | None:
        return self.cache.look_up(key, "plain", holder, timeout_seconds)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_equal_work_has_equal_keys_whatever_the_order_of_its_fields() -> None:
    one = cache_key(Plain, {"a": 1, "b": [2]}, {"x": {"output": 1}, "y": {"output": 2}})
    other = cache_key(Plain, {"b": [2], "a": 1}, {"y": {"output": 2}, "x": {"output": 1}})
    assert one == other


def test_the_key_differs_by_type_version_config_and_inputs() -> None:
    keys = [
        cache_key(Plain, {"a": 1}, {}),
        cache_key(subclass(type="other"), {"a": 1}, {}),
        cache_key(subclass(version=2), {"a": 1}, {}),
        cache_key(Plain, {"a": "1"}, {}),
        cache_key(Plain, {"a": 1}, {"x": {"output": 1}}),
        cache_key(Plain, {"a": 1}, {"x": {"output": 2}}),
    ]
    assert len(set(keys)) == len(keys)


def test_inputs_are_no_part_of_the_key_of_a_type_that_does_not_read_them() -> None:
    assert cache_key(Deaf, {}, {"x": {"output": 1}}) == cache_key(Deaf, {}, {})


def test_a_result_is_found_until_its_time_is_over(kept: Kept) -> None:
    kept.keep("k", NodeResult({"output": [1], "text": "t"}, "left"), ttl=10)
    kept.clock.advance(9.9)
    assert kept.ask("k") == NodeResult({"output": [1], "text": "t"}, "left")
    kept.clock.advance(0.1)
    assert kept.ask("k") is None


def test_hits_and_misses_are_counted(kept: Kept) -> None:
    assert kept.ask("k") is None
    kept.keep("k")
    assert kept.ask("k") == RESULT
    assert kept.store.counts() == {"plain": CacheCounts(hits=1, misses=1)}
    assert kept.metrics.total("CacheHits", node_type="plain") == 1
    assert kept.metrics.total("CacheMisses", node_type="plain") == 1


def test_a_large_result_lies_in_the_blob_store(kept: Kept) -> None:
    large = NodeResult({"output": "x" * 100_000})
    kept.keep("plain:k", large)
    entry = kept.store.get("plain:k", kept.clock.now())
    assert entry is not None
    assert entry.result is None
    assert kept.blobs.info("cache/plain/k.json").size_bytes == 100_013
    assert kept.ask("plain:k") == large


def test_a_result_whose_object_is_gone_is_made_again(kept: Kept) -> None:
    kept.keep("plain:k", NodeResult({"output": "x" * 100_000}))
    kept.blobs.delete_prefix("cache/")
    assert kept.ask("plain:k") is None
    assert kept.store.counts()["plain"] == CacheCounts(hits=0, misses=1)


def test_a_result_that_names_a_file_which_went_with_its_execution_is_made_again(kept: Kept) -> None:
    file = f"files/{kept.clock.new_id('ex')}/{kept.clock.new_token()}/a-1.png"
    kept.blobs.put(file, b"png", "image/png")
    named = NodeResult({"output": [{"url": f"https://api.test/{file}"}], "text": "files/ are many"})
    kept.keep("plain:k", named)
    assert kept.ask("plain:k") == named
    kept.blobs.delete_prefix("files/")
    assert kept.ask("plain:k") is None
    assert kept.store.counts()["plain"] == CacheCounts(hits=1, misses=1)


def test_who_waits_for_a_dead_holder_takes_over_when_its_lease_is_out(kept: Kept) -> None:
    assert kept.ask("k", "dead") is None
    assert kept.ask("k", "me", timeout_seconds=60) is None
    assert LEASE_SECONDS <= sum(kept.clock.slept) < LEASE_SECONDS + 1
    mark = kept.store.get("k", kept.clock.now())
    assert mark is not None
    assert mark.holder == "me"


def test_who_waits_longer_than_its_node_may_take_gives_up(kept: Kept) -> None:
    kept.store.acquire(
        CacheEntry("k", "plain", kept.clock.now() + timedelta(hours=1), holder="other"), kept.clock.now()
    )
    with pytest.raises(NodeTimeoutError, match="waited 10 s for the same result"):
        kept.ask("k", timeout_seconds=9.9)


def test_the_next_attempt_of_a_holder_takes_its_own_mark_over_at_once(kept: Kept) -> None:
    assert kept.ask("k", "me") is None
    assert kept.ask("k", "me") is None
    assert kept.clock.slept == []


def test_a_mark_is_given_back_when_making_the_result_fails(kept: Kept) -> None:
    assert kept.ask("k", "me") is None
    with pytest.raises(NodeError, match="no"), kept.cache.holding("k", "plain", "me"):
        raise NodeError("no")
    assert kept.store.get("k", kept.clock.now()) is None


def test_a_living_holder_is_not_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of 0.3 s that are renewed each 0.05 s, around work of 1 s."""
    monkeypatch.setattr(engine.cache, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(engine.cache, "RENEW_SECONDS", 0.05)
    kept = Kept(SystemClock())
    assert kept.ask("k", "holder") is None
    with ThreadPoolExecutor(1) as pool, kept.cache.holding("k", "plain", "holder"):
        waiting = pool.submit(kept.ask, "k", "waiter", 10.0)
        time.sleep(1)
        assert not waiting.done()
        kept.keep("k")
        assert waiting.result(5) == RESULT


def test_a_lease_outlives_a_store_that_is_away_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.cache, "RENEW_SECONDS", 0.02)
    kept = Kept(SystemClock())
    asked = threading.Event()
    acquire = kept.store.acquire
    assert kept.ask("k", "holder") is None

    def away(entry: CacheEntry, now: Any) -> CacheEntry | None:
        if asked.is_set():
            return acquire(entry, now)
        asked.set()
        raise UnavailableError("throttled")

    monkeypatch.setattr(kept.store, "acquire", away)
    before = kept.store.get("k", kept.clock.now())
    with kept.cache.holding("k", "plain", "holder"):
        assert asked.wait(5)
        deadline = time.monotonic() + 5
        while kept.store.get("k", kept.clock.now()) == before:
            assert time.monotonic() < deadline, "the lease was not renewed again"
            time.sleep(0.01)


def test_a_result_that_cannot_be_kept_is_used_all_the_same(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise UnavailableError("throttled")

    monkeypatch.setattr(kept.store, "put", away)
    kept.keep("k")
    assert kept.store.get("k", kept.clock.now()) is None


def test_fifty_who_ask_at_once_make_the_result_once() -> None:
    kept, made = Kept(SystemClock()), []
    start = threading.Barrier(50)

    def work(number: int) -> NodeResult:
        start.wait(10)
        found = kept.ask("k", f"holder {number}", timeout_seconds=30)
        if found is not None:
            return found
        with kept.cache.holding("k", "plain", f"holder {number}"):
            made.append(number)
            time.sleep(0.2)
            kept.keep("k")
        return RESULT

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(work, range(50))) == [RESULT] * 50
    assert len(made) == 1
    assert kept.store.counts() == {"plain": CacheCounts(hits=49, misses=1)}


def test_when_the_first_of_fifty_fails_the_next_makes_the_result() -> None:
    kept, made, failures = Kept(SystemClock()), [], []
    start, lock = threading.Barrier(20), threading.Lock()

    def work(number: int) -> NodeResult | None:
        start.wait(10)
        found = kept.ask("k", f"holder {number}", timeout_seconds=30)
        if found is not None:
            return found
        with lock:
            fails = not failures
            failures.append(number)
        try:
            with kept.cache.holding("k", "plain", f"holder {number}"):
                if fails:
                    raise NodeError("the first fails")
                made.append(number)
                kept.keep("k")
        except NodeError:
            return None
        return RESULT

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(work, range(20)))
    assert answers.count(None) == 1
    assert answers.count(RESULT) == 19
    assert len(made) == 1


# Through the runner


def test_a_nodes_setting_goes_before_its_types_and_zero_turns_the_cache_off() -> None:
    bench = EngineBench()
    for ttl, calls in ((60, 1), (0, 3)):
        document = node("a", value=ttl, cache_ttl_seconds=ttl)
        bench.scripts.calls.clear()
        executions = [bench.begin(document) for _ in range(3)]
        for execution in executions:
            bench.run(execution, "a")
        assert len(bench.scripts.calls) == calls
    assert [bench.record(execution, "a").cache for execution in executions] == [None] * 3


def test_the_second_execution_takes_the_result_of_the_first() -> None:
    bench = EngineBench()
    document = node("a", "fork", cache_ttl_seconds=60)
    bench.scripts.run = lambda *_: NodeResult({"output": {"x": 1}}, "right")
    first, second = bench.begin(document), bench.begin(document)
    bench.run(first, "a")
    assert bench.run(second, "a").output_name == "right"
    one, other = bench.record(first, "a"), bench.record(second, "a")
    assert (one.cache, other.cache) == ("miss", "hit")
    assert one.result == other.result == {"output": {"x": 1}}


def test_an_execution_that_bypasses_the_cache_makes_a_new_result_that_others_get() -> None:
    bench = EngineBench()
    made: list[int] = []

    def count(*_: object) -> NodeResult:
        made.append(1)
        return NodeResult({"output": len(made)})

    bench.scripts.run = count
    document = node("a", cache_ttl_seconds=60)
    for bypass, output in ((False, 1), (False, 1), (True, 2), (False, 2)):
        execution = bench.begin(document, bypass_cache=bypass)
        bench.run(execution, "a")
        assert bench.record(execution, "a").result == {"output": output}
    assert bench.record(execution, "a").cache == "hit"


def test_a_failure_is_not_cached() -> None:
    bench = EngineBench()

    def fail(*_: object) -> NodeResult:
        raise NodeError("no")

    document = node("a", value=1, cache_ttl_seconds=60)
    script, bench.scripts.run = bench.scripts.run, fail
    execution = bench.begin(document)
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    bench.scripts.run = script
    execution = bench.begin(document)
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": 1}
    assert bench.clock.slept == []
