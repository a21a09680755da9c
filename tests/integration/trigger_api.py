"""Workflows and triggers for the integration tests of triggers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.integration.workflow_api import WorkflowApi

T = TypeVar("T")
# Deliveries take a second or two, those that are tried again a few more.
DELIVERY_TIMEOUT_SECONDS = 40.0

ECHO: dict[str, Any] = {
    "name": "Echo",
    "nodes": [
        {"id": "event", "type": "input", "config": {"name": "event", "type": "object", "required": True}},
        {"id": "echo", "type": "output", "config": {"value": "{{event.output}}"}},
    ],
    "connections": [{"source": "event", "target": "echo"}],
}


def save_live(api: WorkflowApi, document: dict[str, Any] = ECHO) -> str:
    """The id of a new workflow whose first version is live."""
    workflow_id = api.save(document)
    answer = api.http.post(f"/workflows/{workflow_id}/publish")
    assert answer.status_code == 200, answer.text
    return workflow_id


def make_trigger(api: WorkflowApi, workflow_id: str, **settings: Any) -> dict[str, Any]:
    """A new trigger."""
    answer = api.http.post(f"/workflows/{workflow_id}/triggers", json=settings)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def read_trigger(api: WorkflowApi, trigger: dict[str, Any]) -> dict[str, Any]:
    """The trigger as it stands."""
    answer = api.http.get(f"/workflows/{trigger['workflow_id']}/triggers/{trigger['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def executions_of(api: WorkflowApi, workflow_id: str) -> list[dict[str, Any]]:
    """The executions of a workflow, newest first."""
    found: list[dict[str, Any]] = api.http.get(f"/workflows/{workflow_id}/executions").json()["items"]
    return found


def wait_for(look: Callable[[], T], timeout_seconds: float = DELIVERY_TIMEOUT_SECONDS) -> T:
    """What ``look`` gives as soon as that is something."""
    deadline = time.monotonic() + timeout_seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)
    return found


def dump(value: Any) -> bytes:
    """JSON, as a sender spells it."""
    return json.dumps(value).encode()
