"""for_each nodes that share a Map, one of whose items stops the execution: what stands of the others."""

from __future__ import annotations

from typing import Any

import pytest

from engine.node import NodeResult
from tests.unit.api.api_bench import ApiBench
from tests.unit.api.test_partial_run import called, save, statuses
from tests.unit.engine_bench import node


def items_of(bench: ApiBench, execution_id: str, node_id: str) -> list[tuple[str, Any]]:
    listed = bench.send("GET", f"/executions/{execution_id}/nodes/{node_id}/items").json()["items"]
    return [(item["status"], (item["result"] or {}).get("output")) for item in listed]


@pytest.mark.parametrize(
    ("failing", "blamed", "a", "b"),
    [
        (
            "a-z",
            "a",
            [("succeeded", "a-x"), ("succeeded", "a-y"), ("failed", None)],
            [("succeeded", "b-a-x"), ("succeeded", "b-a-y")],
        ),
        (
            "b-a-y",
            "b",
            [("succeeded", "a-x"), ("succeeded", "a-y")],
            [("succeeded", "b-a-x"), ("failed", None)],
        ),
    ],
)
def test_later_nodes_may_have_run_for_some_items_when_another_item_stops_the_execution(
    bench: ApiBench,
    failing: str,
    blamed: str,
    a: list[tuple[str, Any]],
    b: list[tuple[str, Any]],
) -> None:
    def run(config: dict[str, Any], *_: Any) -> NodeResult:
        if config["value"] == failing:
            raise ValueError("as asked")
        return NodeResult({"output": config["value"]})

    bench.scripts.run = run
    one_by_one = {"max_concurrency": 1}
    workflow_id = save(
        bench,
        node("a", value="a-{{item}}", for_each={"items": ["x", "y", "z"], **one_by_one}),
        node("b", value="b-{{item}}", for_each={"items": "{{a.output}}", **one_by_one}),
        node("c", value="{{b.output}}"),
        links=("a>b", "b>c"),
    )
    ended = bench.send("POST", f"/workflows/{workflow_id}/execute?wait=1").json()
    assert ended["status"] == "failed"
    assert (ended["error"]["node_id"], ended["error"]["message"][:7]) == (
        blamed,
        f"item {len(a if blamed == 'a' else b) - 1}:",
    )
    other = "b" if blamed == "a" else "a"
    assert statuses(ended) == {blamed: "failed", other: "aborted", "c": "aborted"}
    assert (items_of(bench, ended["id"], "a"), items_of(bench, ended["id"], "b")) == (a, b)
    # None of what was done is done again.
    called(bench)
    bench.scripts.run = lambda config, *_: NodeResult({"output": config["value"]})
    again = bench.send("POST", f"/executions/{ended['id']}/retry").json()
    assert bench.send("GET", f"/executions/{again['id']}").json()["output"] == {
        "c": ["b-a-x", "b-a-y", "b-a-z"]
    }
    done = sum(status == "succeeded" for status, _ in (*a, *b))
    assert len(called(bench)) == 6 - done + 1
