"""Puts the execution that the node task events name into the tables, at its beginning, as often as wanted.

`python -m infra.events.seed` seeds the local AWS of `infra/dev up`; another address is its argument.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.adapters.aws_clients import AwsClients
from engine.errors import NotFoundError
from engine.execution import Execution
from engine.json_value import JsonObject
from engine.ports import WorkflowHead, WorkflowVersion
from engine.settings import read_settings
from engine.workflow import Workflow
from functions.bootstrap import Root

EVENTS = Path(__file__).parent
LOCAL_AWS = "http://127.0.0.1:4566"


def read_event(name: str) -> dict[str, Any]:
    """The event of infra/events/`name`.json."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return event


def seed(endpoint: str, inputs: Mapping[str, str]) -> None:
    """Store the workflow and its execution; ``inputs`` go before the defaults of the document.

    Node runs, and whatever else an earlier seeding left of the execution, are removed.
    """
    variables = {"SECRETS_PREFIX": "mini-n8n/local", **read_event("environment")["Parameters"]}
    settings = read_settings(variables)
    root = Root(settings, AwsClients(settings.region, endpoint))
    task = read_event("core_task")
    workflow = Workflow.model_validate(read_event("workflow"))
    now = datetime.now(UTC)
    workflow_id, number, execution_id = task["workflow_id"], task["version"], task["execution_id"]
    try:
        root.workflows.get_head(workflow_id)
    except NotFoundError:
        head = WorkflowHead(workflow_id, workflow.name, 1, number, now, now, len(workflow.nodes))
        version = WorkflowVersion(workflow_id, number, workflow, now, "", "")
        root.workflows.commit(head, version, None)
    _forget(root, execution_id)
    defaults = {
        node.config["name"]: node.config["default"] for node in workflow.nodes if node.type == "input"
    }
    given: JsonObject = {**defaults, **inputs}
    root.executions.create(
        Execution(
            execution_id=execution_id,
            workflow_id=workflow_id,
            workflow_name=workflow.name,
            version=number,
            inputs=given,
            started_at=now,
            timeout_seconds=3600,
        )
    )


def _forget(root: Root, execution_id: str) -> None:
    table = root.settings.executions_table
    found = root.clients.dynamodb.query(
        TableName=table,
        KeyConditionExpression="execution_id = :id",
        ExpressionAttributeValues={":id": {"S": execution_id}},
        ProjectionExpression="execution_id, sk",
    )
    for key in found["Items"]:
        root.clients.dynamodb.delete_item(TableName=table, Key=key)


def main(arguments: list[str]) -> None:
    """Seed the local AWS."""
    # It takes any credentials; the SDK wants some.
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    endpoint = arguments[0] if arguments else LOCAL_AWS
    seed(endpoint, {})
    print(f"{endpoint}: the execution {read_event('core_task')['execution_id']} waits for its events")


if __name__ == "__main__":
    main(sys.argv[1:])
