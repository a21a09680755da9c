"""for_each nodes that take their items from one another run in one Map."""

from __future__ import annotations

from tests.integration.documents import chain, connect, node, workflow
from tests.integration.workflow_api import WorkflowApi, results


def test_items_take_different_ways_and_meet_again_in_one_map(api: WorkflowApi) -> None:
    document = workflow(
        node("numbers", "input", type="array"),
        node("double", "transform", value="{{ multiply(item, `2`) }}", for_each="{{ numbers.output }}"),
        node(
            "large",
            "conditional",
            left="{{ item }}",
            operator="greater",
            right=10,
            for_each="{{ double.output }}",
        ),
        node("cut", "transform", value=10, for_each="{{ double.output }}"),
        node("all", "transform", value="{{ item }}", for_each="{{ merge_items(cut.output, double.output) }}"),
        node("out", "output", value="{{ all.output }}"),
        connections=connect(
            "numbers>double",
            "double>large",
            "large.true>cut",
            "double>cut",
            "cut>all",
            "double>all",
            "all>out",
        ),
    )
    document["nodes"][3] |= {"join": "all"}
    workflow_id = api.save(document)
    plan = api.http.get(f"/workflows/{workflow_id}/plan").json()
    assert plan["report"]["fused_maps"] == {"double": ["double", "large", "cut", "all"]}
    ended = api.execute(workflow_id, {"numbers": [1, 9, 3]})
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["output"] == {"out": [2, 10, 6]}
    found = results(ended)
    assert found["large"]["outputs"] == ["false", "true", "false"]
    assert found["cut"]["output"] == [None, 10, None]
    items = api.http.get(f"/executions/{ended['id']}/nodes/cut/items").json()["items"]
    assert [run["status"] for run in items] == ["skipped", "succeeded", "skipped"]


def test_the_stages_of_an_item_do_not_wait_for_other_items(api: WorkflowApi) -> None:
    one_at_a_time = {"max_concurrency": 1}
    document = chain(
        node("a", "transform", value="{{ item }}", for_each={"items": [1, 2, 3], **one_at_a_time}),
        node("b", "transform", value="{{ item }}", for_each={"items": "{{ a.output }}", **one_at_a_time}),
    )
    ended = api.run(document)
    assert ended["output"] == {"b": [1, 2, 3]}
    first, second = (
        api.http.get(f"/executions/{ended['id']}/nodes/{name}/items").json()["items"] for name in "ab"
    )
    assert second[0]["started_at"] < first[1]["started_at"]
