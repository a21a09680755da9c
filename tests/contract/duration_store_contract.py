"""What every DurationStore promises. Subclass it and give the fixture ``store``."""

from __future__ import annotations

from dataclasses import replace

from engine.durations import Durations, NodeDurations
from engine.durations_port import DurationStore
from tests.contract.samples import NOW, at_once

KNOWN = Durations(1, NOW, {"b": NodeDurations("http", (0.1, 1.5)), "a": NodeDurations("llm", (3.0,))})


class DurationStoreContract:
    def test_nothing_is_known_at_first(self, store: DurationStore) -> None:
        assert store.get("wf_1") == Durations()

    def test_what_is_written_is_read_in_its_order(self, store: DurationStore) -> None:
        assert store.put("wf_1", KNOWN)
        found = store.get("wf_1")
        assert found == KNOWN
        assert list(found.nodes) == ["b", "a"]
        assert store.get("wf_2") == Durations()

    def test_only_the_next_revision_is_written(self, store: DurationStore) -> None:
        assert store.put("wf_1", KNOWN)
        assert not store.put("wf_1", replace(KNOWN, nodes={}))
        assert not store.put("wf_1", replace(KNOWN, revision=3, nodes={}))
        assert store.get("wf_1") == KNOWN
        assert not store.put("wf_2", replace(KNOWN, revision=2))
        assert store.put("wf_1", replace(KNOWN, revision=2, nodes={}))
        assert store.get("wf_1") == Durations(2, NOW, {})

    def test_of_many_at_once_one_writes(self, store: DurationStore) -> None:
        assert sorted(at_once(8, lambda _: store.put("wf_1", KNOWN))) == [False] * 7 + [True]

    def test_a_thousand_and_a_half_nodes_fit(self, store: DurationStore) -> None:
        samples = tuple(index + 0.123 for index in range(20))
        nodes = {
            f"a_rather_long_name_of_a_node_{index}": NodeDurations("http", samples) for index in range(1_500)
        }
        assert store.put("wf_1", replace(KNOWN, nodes=nodes))
        assert store.get("wf_1").nodes == nodes
