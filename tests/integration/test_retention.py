"""Executions go by their time or a delete, and what they made goes with them: rows, results, files."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, node
from tests.integration.trigger_api import ECHO, make_trigger, save_live
from tests.integration.workflow_api import WorkflowApi

# The local AWS looks for expired items every three seconds; the machine may be busy.
GONE_SECONDS = 60.0
LARGE = "x" * 40_000


def failing() -> dict[str, Any]:
    """A large result and a picture, then a failure."""
    return chain(
        node("big", "transform", value=LARGE),
        node("picture", "image", prompt="A lighthouse"),
        node("broken", "transform", value="{{ inputs.none.at.all }}"),
    )


class Kept:
    """What is kept of executions, as the services have it."""

    def __init__(self, stack: LocalStack) -> None:
        outputs = stack.deployment.outputs
        self.table, self.bucket = outputs["ExecutionsTableName"], outputs["ArtifactsBucketName"]
        self.dynamodb, self.s3 = (local_client(stack.endpoint, name) for name in ("dynamodb", "s3"))

    def rows(self, execution_id: str) -> set[str]:
        """The sort keys of the rows of an execution."""
        found = self.dynamodb.query(
            TableName=self.table,
            KeyConditionExpression="execution_id = :id",
            ExpressionAttributeValues={":id": {"S": execution_id}},
        )
        return {item["sk"]["S"] for item in found["Items"]}

    def objects(self, execution_id: str) -> set[str]:
        """The keys of what it made."""
        return {
            one["Key"]
            for prefix in ("executions", "files")
            for one in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{prefix}/{execution_id}/").get(
                "Contents", []
            )
        }

    def end_its_time(self, execution_id: str) -> None:
        """Let the record expire now."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"execution_id": {"S": execution_id}, "sk": {"S": "META"}},
            UpdateExpression="SET expires_at_epoch_seconds = :now",
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )

    def wait_until_gone(self, execution_id: str, rows: set[str]) -> None:
        """Until nothing is left but these rows."""
        deadline = time.monotonic() + GONE_SECONDS
        while self.rows(execution_id) != rows or self.objects(execution_id):
            left = (self.rows(execution_id), self.objects(execution_id))
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def kept(stack: LocalStack) -> Kept:
    return Kept(stack)


def test_the_tables_keep_their_time_to_live(stack: LocalStack, kept: Kept) -> None:
    for name in ("Workflows", "Executions", "Cache", "Access"):
        table = stack.deployment.outputs[f"{name}TableName"]
        found = kept.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        wanted = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at_epoch_seconds"}
        assert found == wanted


def test_a_deleted_execution_goes_with_its_rows_results_and_files(api: WorkflowApi, kept: Kept) -> None:
    execution = api.run(failing())
    assert execution["status"] == "failed"
    execution_id = execution["id"]
    file_url = next(
        run["result"]["images"][0]["url"] for run in execution["nodes"] if run["node_id"] == "picture"
    )
    assert httpx.get(file_url, follow_redirects=True).status_code == 200
    assert {key.split("/")[0] for key in kept.objects(execution_id)} == {"executions", "files"}
    assert api.http.delete(f"/executions/{execution_id}").status_code == 204
    assert api.http.get(f"/executions/{execution_id}").status_code == 404
    kept.wait_until_gone(execution_id, {"REMOVED"})
    assert httpx.get(file_url, follow_redirects=True).status_code == 404


def test_an_execution_whose_time_is_over_goes_but_for_what_its_retry_shares(
    api: WorkflowApi, kept: Kept
) -> None:
    first = api.run(failing())["id"]
    second = api.end(api.http.post(f"/executions/{first}/retry").json()["id"])
    assert {run["kept_from"] for run in second["nodes"]} == {first, None}
    made = kept.objects(first)
    kept.end_its_time(first)
    deadline = time.monotonic() + GONE_SECONDS
    while kept.rows(first) != {"HELD"}:
        assert time.monotonic() < deadline, kept.rows(first)
        time.sleep(0.1)
    assert api.http.get(f"/executions/{first}").status_code == 404
    assert kept.objects(first) == made
    shown = api.http.get(f"/executions/{second['id']}/nodes/big").json()
    assert httpx.get(shown["result_url"]).json()["output"] == LARGE
    kept.end_its_time(second["id"])
    kept.wait_until_gone(second["id"], set())
    kept.wait_until_gone(first, set())


def test_files_that_a_webhook_took_go_with_the_execution_that_they_started(
    stack: LocalStack, api: WorkflowApi, kept: Kept
) -> None:
    make_trigger(api, save_live(api, ECHO), type="webhook", path="kept-files")
    url = f"{stack.api_url}/webhooks/kept-files"
    answer = httpx.post(url, files={"scan": ("a.bin", b"123", "image/png")}, timeout=40)
    execution_id = answer.json()["execution_id"]
    api.end(execution_id)
    assert len([key for key in kept.objects(execution_id) if key.endswith("/a.bin")]) == 1
    assert api.http.delete(f"/executions/{execution_id}").status_code == 204
    kept.wait_until_gone(execution_id, {"REMOVED"})
