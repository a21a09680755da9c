"""Many items over HTTP: 10,000 of them in batches, and as many at once as only a Distributed Map allows."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.integration.documents import chain, node
from tests.integration.workflow_api import WorkflowApi

LONG_SECONDS = 900.0
pytestmark = pytest.mark.timeout(1_200)


def for_each_number(node_id: str, value: str, *then: dict[str, Any], **more: int) -> dict[str, Any]:
    """A workflow with a node that runs for each of the ``numbers``; ``more`` is for its ``for_each``."""
    items = {"items": "{{ numbers.output }}", **more}
    return chain(
        node("numbers", "input", type="array"),
        node(node_id, "transform", value=value, for_each=items),
        *then,
    )


def item_outputs(api: WorkflowApi, execution_id: str, node_id: str, pages: int) -> list[object]:
    """Outputs of the first items, as the API lists them page by page."""
    found: list[object] = []
    query: dict[str, str | int] = {"limit": 100}
    for _ in range(pages):
        page = api.http.get(f"/executions/{execution_id}/nodes/{node_id}/items", params=query).json()
        found += [run["result"]["output"] for run in page["items"]]
        query["cursor"] = page["cursor"]
    return found


def test_ten_thousand_items_run_and_stand_in_order(api: WorkflowApi) -> None:
    numbers = list(range(10_000))
    document = for_each_number(
        "double",
        "{{ multiply(item, `2`) }}",
        node("out", "output", value="{{ {count: double.count, sum: sum(double.output)} }}"),
        batch_size=500,
        max_concurrency=4,
    )
    started = time.monotonic()
    execution = api.start(api.save(document), {"numbers": numbers})
    # Who looks twenty times a second takes from the machine what the items need.
    ended = api.end(execution["id"], LONG_SECONDS, look_seconds=0.5)
    print(f"10,000 items in batches of 500: {time.monotonic() - started:.1f} s")
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["output"] == {"out": {"count": 10_000, "sum": sum(numbers) * 2}}
    run = next(run for run in ended["nodes"] if run["node_id"] == "double")
    assert run["item_count"] == 10_000
    gathered = httpx.get(run["result_url"], timeout=60).json()
    assert gathered["output"] == [2 * number for number in numbers]
    assert item_outputs(api, execution["id"], "double", 3) == gathered["output"][:300]


def test_more_items_at_once_than_an_inline_map_runs(api: WorkflowApi) -> None:
    workflow_id = api.save(for_each_number("same", "{{item}}", max_concurrency=100, tolerated_failures=0))
    for count in (0, 3, 45):
        ended = api.end(api.start(workflow_id, {"numbers": list(range(count))})["id"], LONG_SECONDS)
        assert ended["output"] == {"same": list(range(count))}
    plan = api.http.get(f"/workflows/{workflow_id}/plan").json()
    assert plan["report"]["per_item"]["same"]["maps"] == ["inline", "distributed"]


def test_items_that_fail_in_a_distributed_map_are_counted_and_named(api: WorkflowApi) -> None:
    workflow_id = api.save(
        for_each_number("divide", "{{ divide(`10`, item) }}", max_concurrency=50, tolerated_failures=1)
    )
    numbers = [1] * 40
    one_bad = [0, *numbers]
    ended = api.end(api.start(workflow_id, {"numbers": one_bad})["id"], LONG_SECONDS)
    assert ended["output"] == {"divide": [None, *([10] * 40)]}
    ended = api.end(api.start(workflow_id, {"numbers": [0, *one_bad]})["id"], LONG_SECONDS)
    assert ended["status"] == "failed"
    assert ended["error"]["message"].startswith(
        "2 of 42 items failed, more than for_each tolerates; item 0: "
    )
