"""A credential is used, and its value appears nowhere: tables, bucket, histories, logs, answers."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from infra.local.deployment import local_client
from infra.local.stack import LocalStack
from tests.integration.documents import chain, http_node, node, workflow
from tests.integration.trigger_api import make_trigger, save_live
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


MARK = "m4rk/3d+and se&cret"
# Every kind of credential, with a marked secret in the place that is secret.
MARKED: dict[str, dict[str, str]] = {
    "bearer": {"token": f"{MARK}-bearer"},
    "basic": {"username": "ann", "password": f"{MARK}-basic"},
    "header": {"name": "X-Odd-Name", "value": f"{MARK}-header"},
    "query": {"name": "odd_key", "value": f"{MARK}-query"},
    "api_key": {"api_key": f"{MARK}-model"},
    "hmac": {"secret": f"{MARK}-hmac"},
}


def spellings(secret: str) -> set[str]:
    """A secret as it is, as a URL, a form and JSON spell it, and within basic authentication."""
    basic = base64.b64encode(f"ann:{secret}".encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        basic,
    }


def answers_of(api: WorkflowApi, workflow_id: str, execution_ids: list[str]) -> Iterator[tuple[str, str]]:
    """(where, text) of what the API tells: of a workflow, executions of it, credentials, the audit trail."""
    paths = [f"/workflows/{workflow_id}{part}" for part in ("", "/versions", "/plan", "/export", "/triggers")]
    paths += ["/credentials", *(f"/credentials/marked-{kind}" for kind in MARKED), "/audit?limit=100", "/me"]
    for name in execution_ids:
        paths += [f"/executions/{name}", f"/executions/{name}/workflow"]
    for path in paths:
        answer = api.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        yield f"answer {path}", answer.text


def marked_documents(stack: LocalStack) -> Iterator[dict[str, Any]]:
    """Each kind that a node takes: answered with what it sent, refused, and not answered at all."""
    urls = {
        "echoes": f"{stack.data_url}/echo",
        "refuses": f"{stack.data_url}/status/401",
        "fails": f"{stack.data_url}/status/500",
        "nobody": f"http://localhost:1/{'x' * 20}",
    }
    for kind in ("bearer", "basic", "header", "query"):
        for name, url in urls.items():
            more = {"retry": {"max_attempts": 1}}
            yield workflow(http_node("get", url, credential=f"marked-{kind}", **more), name=f"{kind} {name}")
    for prompt in ("Hello", "Refused [[fault:400]]", "Broken [[fault:garbage]]"):
        ask = node("ask", "llm", prompt=prompt, credential="marked-api_key", retry={"max_attempts": 1})
        yield workflow(ask, name=f"model: {prompt[:7]}")


def test_no_kind_of_credential_shows_in_any_place(api: WorkflowApi, stack: LocalStack) -> None:
    told: list[tuple[str, str]] = []
    for kind, values in MARKED.items():
        put = api.http.put(f"/credentials/marked-{kind}", json={"kind": kind, "values": values})
        assert put.status_code in (200, 201), put.text
        told.append((f"put {kind}", put.text))
    count = 0
    for document in marked_documents(stack):
        workflow_id = api.save(document)
        ended = api.execute(workflow_id)
        told += answers_of(api, workflow_id, [ended["id"]])
        count += 1
    hooked = save_live(api)
    for kind, auth in (("hmac", {"type": "github"}), ("header", {"type": "header"})):
        path = f"marked-{kind}"
        make_trigger(api, hooked, type="webhook", path=path, auth=auth | {"credential": f"marked-{kind}"})
        refused = httpx.post(
            f"{stack.api_url}/webhooks/{path}", json={}, headers={"X-Odd-Name": "no"}, timeout=40
        )
        assert refused.status_code == 401
        told.append((f"webhook {kind}", refused.text + str(refused.headers)))
    header = {"X-Odd-Name": MARKED["header"]["value"]}
    taken = httpx.post(f"{stack.api_url}/webhooks/marked-header", json={}, headers=header, timeout=40)
    assert taken.status_code == 202
    told += answers_of(api, hooked, [api.end(taken.json()["execution_id"])["id"]])
    kept = list(everything_stored(stack))
    wanted = {form for values in MARKED.values() for text in values.values() for form in spellings(text)}
    wanted -= {form for text in ("ann", "X-Odd-Name", "odd_key") for form in spellings(text)}
    print(
        f"{len(wanted)} spellings of {len(MARKED)} secrets, {count} workflows, {len(kept) + len(told)} texts"
    )
    assert [where for where, text in (*told, *kept) if any(form in text for form in wanted)] == []
