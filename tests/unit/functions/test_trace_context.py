from __future__ import annotations

import pytest

from functions.trace_context import TRACE_HEADER, begin_trace, current_trace_id

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture(autouse=True)
def no_xray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRACE_HEADER, raising=False)


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (GOOD, "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f" {GOOD}\t", "01"),
        (f"cc-{TRACE}-{SPAN}-ff-more", "01"),
    ],
)
def test_a_trace_goes_on_under_a_span_of_ours(header: str, flags: str) -> None:
    trace = begin_trace(header)
    assert (trace.trace_id, trace.flags, current_trace_id()) == (TRACE, flags, TRACE)
    assert trace.span_id != SPAN
    assert trace.traceparent == f"00-{TRACE}-{trace.span_id}-{flags}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        GOOD.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"{GOOD}-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\r\nX-Evil: 1",
        f"01-{TRACE}-{SPAN}-01-" + "a" * 500,
        "00-" + "\u0661" * 32 + f"-{SPAN}-01",
        "{{ x }}",
    ],
)
def test_what_is_malformed_or_hostile_is_let_go(header: str | None) -> None:
    trace = begin_trace(header)
    assert trace.trace_id != TRACE
    assert len(trace.trace_id) == 32
    assert int(trace.trace_id, 16)
    assert begin_trace(header).trace_id != trace.trace_id


def test_without_a_header_the_trace_is_xrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACE_HEADER, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8")
    assert begin_trace(None).trace_id == "5759e988bd862e3fe1be46a994272793"
    assert begin_trace(GOOD).trace_id == TRACE
    monkeypatch.setenv(TRACE_HEADER, "Root=nonsense")
    assert len(begin_trace(None).trace_id) == 32
