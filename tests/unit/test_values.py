from __future__ import annotations

import pytest

import engine.values
from engine.adapters.memory import MemoryBlobStore
from engine.errors import NodeError
from engine.values import ValueStore, to_json_text


def test_a_small_value_stays_in_its_record() -> None:
    values = ValueStore(MemoryBlobStore())
    assert values.store("k", {"output": "small"}) is None
    assert values.load({"output": "small"}, None) == {"output": "small"}


@pytest.mark.parametrize("size", [40_000, 300_000, 5_000_000])
def test_a_large_value_goes_by_claim_and_comes_back_equal(size: int) -> None:
    values = ValueStore(MemoryBlobStore())
    value = {"output": "é" * size}
    claim = values.store("k", value)
    assert claim is not None
    assert claim.key == "k"
    assert claim.size_bytes > size
    assert ValueStore(values._blobs).load(None, claim) == value


def test_a_value_over_the_limit_is_refused_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.values, "MAX_VALUE_BYTES", 100_000)
    with pytest.raises(NodeError, match="store it as a file"):
        ValueStore(MemoryBlobStore()).store("k", "x" * 200_000)


def test_large_values_that_were_read_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.values, "CACHED_BYTES", 150_000)
    blobs = MemoryBlobStore()
    values = ValueStore(blobs)
    claims = [values.store(f"k{number}", [number, "x" * 100_000]) for number in range(3)]
    assert [values.load(None, claim)[0] for claim in claims] == [0, 1, 2]
    assert len(values._cached) == 1


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_json_cannot_spell_is_a_failure_of_the_node(value: object) -> None:
    with pytest.raises(NodeError, match="not JSON"):
        to_json_text(value)
