from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.dynamodb.attribute import MAX_RECORD_BYTES, packed, unpacked
from engine.adapters.record import dump_record, dump_value, load_record
from engine.execution import Execution, NodeRun, NodeStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_every_json_value_comes_back_exactly(value: dict[str, object]) -> None:
    run = NodeRun(execution_id="ex_1", node_id="a", status=NodeStatus.SUCCEEDED, result=value)
    found = load_record(NodeRun, unpacked(packed(dump_record(run))))
    assert found == run
    assert dump_value(found.result) == dump_value(value)


def test_a_record_is_small_and_readable() -> None:
    execution = Execution(
        execution_id="ex_1",
        workflow_id="wf_1",
        workflow_name="Über",
        version=1,
        started_at=NOW,
        timeout_seconds=5,
    )
    assert json.loads(dump_record(execution)) == {
        "execution_id": "ex_1",
        "workflow_id": "wf_1",
        "workflow_name": "Über",
        "version": 1,
        "started_at": "2026-01-02T03:04:05.678901+00:00",
        "timeout_seconds": 5,
    }
    assert "Über" in dump_record(execution)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"bytes"])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        dump_value({"value": value})


def test_text_that_utf_8_cannot_carry_stays_escaped() -> None:
    assert dump_value("ü") == '"ü"'
    assert dump_value("ü\ud800") == '"\\u00fc\\ud800"'


def test_small_records_stay_text_and_large_ones_are_compressed() -> None:
    assert packed("small") == {"S": "small"}
    large = "word " * 10_000
    assert len(packed(large)["B"]) < 500
    assert unpacked(packed(large)) == large


def test_a_record_that_no_item_holds_is_refused() -> None:
    noise = random.Random(1).randbytes(500_000).hex()
    with pytest.raises(ValueError, match=f"{MAX_RECORD_BYTES:,}"):
        packed(noise)
