"""The cache of results: its key, how long a result is good, and single flight.

Equal work that is asked for at the same time is done once: the first takes an in-progress mark with a
lease and renews it while it works; the others wait for its result, and one of them takes over when the
lease runs out, because its holder died.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from threading import Event, Thread

from engine.errors import NodeTimeoutError, NotFoundError, UnavailableError
from engine.execution import Claim, named_files
from engine.json_value import JsonObject, JsonValue, digest
from engine.node import BaseNode, NodeInputs, NodeResult
from engine.ports import CacheEntry, CacheStore, Clock, Metrics
from engine.values import ValueStore
from engine.workflow import Node

log = logging.getLogger("mini_n8n.cache")

# A dead holder is taken over after this long; the living renew three times as often.
LEASE_SECONDS = 15.0
RENEW_SECONDS = 5.0
# Who waits asks first after 50 ms, then ever more slowly, at last each second.
FIRST_WAIT_SECONDS = 0.05
MAX_WAIT_SECONDS = 1.0
# Files of a result that are looked for: a call each; nodes that make files make a few.
MAX_FILES = 20


def cache_key(node_type: type[BaseNode], config: JsonObject, inputs: NodeInputs) -> str:
    """Equal type, type version, resolved config and inputs (of types that read them) have equal keys."""
    seen: JsonValue = dict(inputs) if node_type.reads_inputs else None
    return f"{node_type.type}:{digest([node_type.type, node_type.version, config, seen])}"


def ttl_seconds(node: Node, node_type: type[BaseNode]) -> int:
    """How long a result of this node is good; 0 turns the cache off."""
    return node_type.cache_ttl_seconds if node.cache_ttl_seconds is None else node.cache_ttl_seconds


class ResultCache:
    """Looks results up, and lets one of many equals make them."""

    def __init__(self, store: CacheStore, values: ValueStore, clock: Clock, metrics: Metrics) -> None:
        """``values`` holds results that are too large for an entry."""
        self._store, self._values, self._clock, self._metrics = store, values, clock, metrics

    def look_up(self, key: str, node_type: str, holder: str, timeout_seconds: float) -> NodeResult | None:
        """A result that is still good; or None, and then ``holder`` has the mark and must make it.

        Waits while somebody else holds the mark, at most ``timeout_seconds``; then NodeTimeoutError.
        """
        waited, wait = 0.0, FIRST_WAIT_SECONDS
        while True:
            now = self._clock.now()
            lease = CacheEntry(key, node_type, now + timedelta(seconds=LEASE_SECONDS), holder=holder)
            standing = self._store.get(key, now)
            if standing is None or standing.holder == holder:
                standing = self._store.acquire(lease, now)
            if standing is None:
                self._count(node_type, hit=False)
                return None
            if standing.holder is None:
                found = self._result_of(standing)
                self._count(node_type, hit=found is not None)
                return found
            if waited >= timeout_seconds:
                raise NodeTimeoutError(
                    f"waited {waited:.0f} s for the same result, which another node run is making"
                )
            self._clock.sleep(wait)
            waited, wait = waited + wait, min(wait * 1.5, MAX_WAIT_SECONDS)

    def take_mark(self, key: str, node_type: str, holder: str) -> None:
        """Take the mark without looking for a result: an execution that bypasses the cache refreshes it."""
        now = self._clock.now()
        self._store.acquire(
            CacheEntry(key, node_type, now + timedelta(seconds=LEASE_SECONDS), holder=holder), now
        )

    def _renew(self, key: str, node_type: str, holder: str) -> None:
        try:
            self.take_mark(key, node_type, holder)
        except UnavailableError:
            log.warning("a lease in the cache was not renewed: the store is away")

    @contextmanager
    def holding(self, key: str, node_type: str, holder: str) -> Iterator[None]:
        """Renew the lease while the result is made; give the mark back if making it fails."""
        done = Event()

        def renew() -> None:
            while not done.wait(RENEW_SECONDS):
                self._renew(key, node_type, holder)

        thread = Thread(target=renew, name="cache-lease", daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            done.set()
            thread.join()
            self.release(key, holder)
            raise
        finally:
            done.set()
            thread.join()

    def store(self, key: str, node_type: str, result: NodeResult, text: str, ttl: int) -> None:
        """Keep a result for ``ttl`` seconds; ``text`` is the JSON of its values.

        A result that cannot be kept because a store is away is used all the same: making it again would
        repeat what it cost.
        """
        try:
            self._store_now(key, node_type, result, text, ttl)
        except UnavailableError:
            log.warning("a result of node type %s was not cached: a store is away", node_type)

    def _store_now(self, key: str, node_type: str, result: NodeResult, text: str, ttl: int) -> None:
        now = self._clock.now()
        claim = self._values.store(f"cache/{key.replace(':', '/')}.json", result.values, text)
        entry = CacheEntry(
            key,
            node_type,
            now + timedelta(seconds=ttl),
            output_name=result.output_name,
            result=None if claim else result.values,
            claim=claim.model_dump() if claim else None,
        )
        self._store.put(entry, now)

    def release(self, key: str, holder: str) -> None:
        """Give the mark back without a result; where the store is away, its lease runs out."""
        try:
            self._store.release(key, holder)
        except UnavailableError:
            log.warning("a mark in the cache was not taken away: the store is away")

    def _result_of(self, entry: CacheEntry) -> NodeResult | None:
        """The result of an entry; None when the object that it claims is gone, or a file that it names.

        Files go with the execution that made them, which may be before the result is too old.
        """
        claim = Claim.model_validate(entry.claim) if entry.claim else None
        try:
            values = self._values.load(entry.result, claim)
        except NotFoundError:
            return None
        files = islice(named_files(values), MAX_FILES)
        return NodeResult(values, entry.output_name) if all(map(self._values.exists, files)) else None

    def _count(self, node_type: str, *, hit: bool) -> None:
        self._store.count(node_type, hit=hit)
        self._metrics.count("CacheHits" if hit else "CacheMisses", node_type=node_type)
