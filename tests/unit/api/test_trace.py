from __future__ import annotations

from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import node

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def test_a_call_is_followed_to_its_execution(bench: ApiBench) -> None:
    saved = bench.send("POST", "/workflows/", json={"name": "A", "nodes": [node("a", value=1)]}).json()
    answer = bench.send("POST", f"/workflows/{saved['id']}/execute", headers=HEADERS)
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert answer.json()["trace_id"] == TRACE
    shown = bench.send("GET", f"/executions/{answer.json()['id']}")
    assert shown.json()["trace_id"] == TRACE
    assert TRACE not in shown.headers["traceparent"]
    (listed,) = bench.send("GET", "/executions").json()["items"]
    assert listed["trace_id"] == TRACE
    assert listed["cost"]["usd"] == shown.json()["cost"]["usd"] > 0
    assert shown.json()["nodes"][0]["cost"]["models_usd"] == 0


def test_problems_name_their_trace(bench: ApiBench) -> None:
    answer = bench.send("GET", "/executions/ex_none", headers=HEADERS)
    assert (answer.status_code, answer.json()["trace_id"]) == (404, TRACE)
    assert answer.headers["traceparent"].startswith(f"00-{TRACE}-")
    nobody = bench.send_bare("GET", "/api/v1/executions", headers={"traceparent": "junk"})
    assert nobody.status_code == 401
    assert nobody.json()["trace_id"] == nobody.headers["traceparent"].split("-")[1] != TRACE
