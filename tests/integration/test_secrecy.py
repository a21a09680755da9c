"""A credential is used, and its value appears nowhere: tables, bucket, histories, logs, answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, http_node, node, workflow
from tests.integration.workflow_api import WorkflowApi, results

TOKEN = "tok3n-that-must-not-show"


def everything_stored(stack: LocalStack) -> Iterator[tuple[str, str]]:
    """(where, text) of all that the stack keeps, but for the secret store itself."""
    tables = local_client(stack.endpoint, "dynamodb")
    for name in tables.list_tables()["TableNames"]:
        for page in tables.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                yield f"table {name}", "".join(spelled(item))
    storage = local_client(stack.endpoint, "s3")
    for bucket in storage.list_buckets()["Buckets"]:
        if "code" in bucket["Name"]:
            continue
        for entry in storage.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            if entry["Size"] < 1_000_000:
                body = storage.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
                yield f"object {entry['Key']}", body.decode("utf-8", "replace")
    machines = local_client(stack.endpoint, "stepfunctions")
    for machine in machines.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        yield f"definition of {arn}", machines.describe_state_machine(stateMachineArn=arn)["definition"]
        for execution in machines.list_executions(stateMachineArn=arn)["executions"]:
            history = machines.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)
            yield f"history of {arn}", json.dumps(history["events"], default=str)
    logs = local_client(stack.endpoint, "logs")
    for group in logs.describe_log_groups()["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            for event in page["events"]:
                yield f"log {group['logGroupName']}", event["message"]


def spelled(value: Any) -> Iterator[str]:
    """Every text in an item, compressed ones too."""
    if isinstance(value, dict):
        for part in value.values():
            yield from spelled(part)
    elif isinstance(value, list):
        for part in value:
            yield from spelled(part)
    elif isinstance(value, bytes):
        try:
            yield gzip.decompress(value).decode("utf-8", "replace")
        except OSError:
            yield value.decode("utf-8", "replace")
    else:
        yield str(value)


def test_a_credential_is_used_and_its_value_appears_nowhere(api: WorkflowApi, stack: LocalStack) -> None:
    put = api.http.put("/credentials/echoed", json={"kind": "bearer", "values": {"token": TOKEN}})
    assert put.status_code == 201
    document = chain(
        http_node("get", f"{stack.data_url}/echo?given={{{{word.output}}}}", credential="echoed"),
        node("out", "output", value="{{get.output.headers.authorization}}"),
    )
    document["nodes"].insert(0, node("word", "input", name="word", default="w0rd-that-does-show"))
    document["connections"].append({"source": "word", "target": "get"})
    ended = api.run(document)
    assert ended["status"] == "succeeded"
    # The server got it: it sends back what it was sent, and that is masked.
    assert ended["output"] == {"out": "Bearer ***"}
    assert results(ended)["get"]["output"]["headers"]["authorization"] == "Bearer ***"
    failed = api.run(
        workflow(
            http_node("get", f"{stack.data_url}/status/401", credential="echoed"),
            name="Fails with a credential",
        )
    )
    assert failed["status"] == "failed"
    answers = [put.text, json.dumps([ended, failed]), api.http.get("/credentials").text]
    assert not any(TOKEN in text for text in answers)
    places = list(everything_stored(stack))
    kinds = {where.split()[0] for where, _ in places}
    assert kinds >= {"table", "definition", "history", "log"}
    # What is not secret is found in this way, so that what is not found is not there.
    assert any("w0rd-that-does-show" in text for where, text in places if where.startswith("table"))
    assert any(ended["id"] in text for where, text in places if where.startswith("log"))
    assert [where for where, text in places if TOKEN in text] == []
    # Nor does what users say go where only names belong.
    assert [where for where, text in places if "w0rd-that" in text and not where.startswith("table")] == []


def test_a_deleted_credential_is_gone_for_the_nodes_that_name_it(api: WorkflowApi, stack: LocalStack) -> None:
    api.http.put("/credentials/gone", json={"kind": "bearer", "values": {"token": TOKEN}})
    assert api.http.delete("/credentials/gone").status_code == 204
    ended = api.run(workflow(http_node("get", f"{stack.data_url}/echo", credential="gone")))
    assert (ended["status"], ended["error"]["field"]) == ("failed", "config.credential")
    assert "there is no credential 'gone'" in ended["error"]["message"]
