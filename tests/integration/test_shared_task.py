"""Fewer Tasks than nodes, seen from outside: what shares one, what has none, what is not taken."""

from __future__ import annotations

import json
from typing import Any

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import connect, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi, results, statuses


def called(stack: LocalStack, execution: dict[str, Any]) -> list[list[str]]:
    """The nodes of each Lambda call of an execution, in order, as its history has them."""
    client = local_client(stack.endpoint, "stepfunctions")
    history = client.get_execution_history(executionArn=execution["execution_arn"], maxResults=1000)
    scheduled = (event.get("taskScheduledEventDetails") for event in history["events"])
    return [json.loads(details["parameters"])["Payload"]["nodes"] for details in scheduled if details]


def test_a_way_that_is_not_taken_calls_no_function_and_is_shown_as_skipped(
    api: WorkflowApi, stack: LocalStack
) -> None:
    url = f"{stack.data_url}/slow?seconds=0"
    workflow_id = api.save(
        workflow(
            node("yes", "input", name="yes", type="boolean"),
            node("pick", "conditional", left="{{yes.output}}", operator="is_true"),
            http_node("taken", url),
            http_node("more", url),
            http_node("other", url),
            node("end", "output", value="{{taken.status_code || other.status_code}}"),
            connections=connect(
                "yes>pick", "pick.true>taken", "taken>more", "pick.false>other", "more>end", "other>end"
            ),
        )
    )
    taken, other = (api.execute(workflow_id, {"yes": yes}) for yes in (True, False))
    assert called(stack, taken) == [["pick"], ["taken"], ["more"], ["end"]]
    assert called(stack, other) == [["pick"], ["other"], ["end"]]
    assert statuses(taken) | {"other": "skipped"} == statuses(taken)
    assert statuses(other) == {
        "yes": "succeeded",
        "pick": "succeeded",
        "taken": "skipped",
        "more": "skipped",
        "other": "succeeded",
        "end": "succeeded",
    }
    assert results(taken)["end"]["output"] == results(other)["end"]["output"] == 200


def test_inputs_are_known_at_the_start_and_light_nodes_share_a_call(
    api: WorkflowApi, stack: LocalStack
) -> None:
    ended = api.run(
        workflow(
            node("who", "input", name="who", default="you"),
            node("greeting", "transform", value="Hello, {{who.output}}!"),
            http_node("get", f"{stack.data_url}/slow?seconds=0"),
            node("out", "output", value="{{greeting.output}}"),
            connections=connect("who>greeting", "greeting>get", "get>out"),
        )
    )
    assert called(stack, ended) == [["greeting", "get", "out"]]
    assert ended["output"] == {"out": "Hello, you!"}


def test_a_large_input_is_known_at_the_start_too(api: WorkflowApi) -> None:
    text = "x" * 200_000
    document = workflow(
        node("text", "input", name="text"),
        node("out", "output", value="{{text.value}}"),
        connections=connect("text>out"),
    )
    ended = api.execute(api.save(document), {"text": text})
    assert ended["status"] == "succeeded"
    run = api.http.get(f"/executions/{ended['id']}/nodes/out").json()
    assert run["status"] == "succeeded"
