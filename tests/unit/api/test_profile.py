"""GET …/profile and POST …/recompile."""

from __future__ import annotations

import json
from pathlib import Path

from engine.durations import Durations, NodeDurations
from infra.cli.compilation import compile_file
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import connect, node
from tests.unit.service.test_recompile import crossed, know, uneven


def save(bench: ApiBench) -> str:
    return str(bench.send("POST", "/workflows/", json=crossed()).json()["id"])


def test_a_profile_shows_seconds_and_samples(bench: ApiBench) -> None:
    workflow_id = save(bench)
    empty = bench.send("GET", f"/workflows/{workflow_id}/profile").json()
    assert empty == {
        "workflow_id": workflow_id, "updated_at": None, "nodes": [], "durations": {}, "type_durations": {},
    }  # fmt: skip
    bench.send("POST", f"/workflows/{workflow_id}/execute")
    shown = bench.send("GET", f"/workflows/{workflow_id}/profile").json()
    assert shown["nodes"][0] == {"node_id": "a", "type": "call", "seconds": 0.0, "samples": [0.0]}
    assert set(shown["durations"]) == set("abcdefg")


def test_a_profile_file_is_what_the_command_line_compiles_with(bench: ApiBench, tmp_path: Path) -> None:
    document = {
        "name": "Two",
        "nodes": [node("a", "http", url="https://example.com"), node("b", "http", url="https://example.com")],
        "connections": connect("a>b"),
    }
    workflow_id = bench.send("POST", "/workflows/", json=document).json()["id"]
    nodes = {"a": NodeDurations("http", (2.0,)), "b": NodeDurations("http", (3.0,))}
    assert bench.durations.put(workflow_id, Durations(1, bench.clock.now(), nodes))
    answer = bench.send("GET", f"/workflows/{workflow_id}/profile?format=file")
    assert f'filename="{workflow_id}.profile.json"' in answer.headers["content-disposition"]
    (tmp_path / "profile.json").write_bytes(answer.content)
    (tmp_path / "two.json").write_text(json.dumps(document))
    compiled = compile_file(tmp_path / "two.json", tmp_path / "profile.json")
    assert compiled.report["predicted"]["critical_path_seconds"] == 5.0


def test_recompiling_answers_what_it_gains(bench: ApiBench) -> None:
    workflow_id = save(bench)
    path = f"/workflows/{workflow_id}/recompile"
    nothing = bench.send("POST", path).json()
    assert (nothing["changed"], nothing["version"], nothing["gain_seconds"]) == (False, 1, None)
    assert "No execution has ended yet" in nothing["reason"]
    know(bench, workflow_id, **uneven())
    dry = bench.send("POST", f"{path}?dry_run=true").json()
    assert (dry["changed"], dry["version"], dry["dry_run"]) == (True, 1, True)
    answer = bench.send("POST", f"{path}?message=Faster", headers={"If-Match": '"1"'})
    found = answer.json()
    assert (answer.status_code, answer.headers["etag"], found["version"]) == (200, '"2"', 2)
    assert found["gain_seconds"] == dry["gain_seconds"] > 0
    assert found["before"]["makespan_seconds"] - found["after"]["makespan_seconds"] == found["gain_seconds"]
    version = bench.send("GET", f"/workflows/{workflow_id}/versions").json()["items"][0]
    assert (version["version"], version["message"]) == (2, "Faster")
    assert bench.send("POST", path, headers={"If-Match": '"1"'}).status_code == 412
    assert bench.send("POST", path).json()["changed"] is False
    diff = bench.send("GET", f"/workflows/{workflow_id}/diff?from=1&to=2").json()
    assert diff["nodes"] == diff["connections"] == []


def test_what_cannot_be_asked_is_refused(bench: ApiBench) -> None:
    workflow_id = save(bench)
    assert bench.send("GET", f"/workflows/{workflow_id}/profile?format=xml").status_code == 422
    assert bench.send("POST", f"/workflows/{workflow_id}/recompile?dry_run=maybe").status_code == 422
    assert bench.send("GET", "/workflows/wf_none/profile").status_code == 404
    assert bench.send("POST", "/workflows/wf_none/recompile").status_code == 404
