"""The HTTP API as the integration tests use it: save, execute, wait for the end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

# An execution takes seconds, on a machine that does much else half a minute; what takes this long hangs.
END_TIMEOUT_SECONDS = 120.0
# Who looks twenty times a second takes from the machine what a long execution needs: looks become rarer.
LOOK_GROWTH, LONGEST_LOOK_SECONDS = 1.25, 0.5


@dataclass(frozen=True)
class WorkflowApi:
    """``http`` carries the API key, and stands at ``/api/v1``."""

    http: httpx.Client

    def save(self, document: dict[str, Any]) -> str:
        """The id of a new workflow."""
        answer = self.http.post("/workflows/", json=document)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def start(self, workflow_id: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A new execution as it stands right after its start."""
        answer = self.http.post(f"/workflows/{workflow_id}/execute", json={"inputs": inputs or {}} | more)
        assert answer.status_code == 202, answer.text
        started: dict[str, Any] = answer.json()
        return started

    def end(
        self,
        execution_id: str,
        timeout_seconds: float = END_TIMEOUT_SECONDS,
        look_seconds: float = 0.05,
    ) -> dict[str, Any]:
        """The execution once it has ended; between two looks pass ``look_seconds``, later more."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            answer = self.http.get(f"/executions/{execution_id}")
            assert answer.status_code == 200, answer.text
            execution: dict[str, Any] = answer.json()
            if execution["status"] != "running":
                return execution
            assert time.monotonic() < deadline, f"still running: {json.dumps(execution, indent=1)[:4000]}"
            time.sleep(look_seconds)
            look_seconds = max(look_seconds, min(look_seconds * LOOK_GROWTH, LONGEST_LOOK_SECONDS))

    def execute(self, workflow_id: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A new execution once it has ended."""
        return self.end(self.start(workflow_id, inputs, **more)["id"])

    def run(
        self, document: dict[str, Any], inputs: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Save and execute."""
        return self.execute(self.save(document), inputs, **more)


def statuses(execution: dict[str, Any]) -> dict[str, str]:
    """The status of each node, by its id."""
    return {run["node_id"]: run["status"] for run in execution["nodes"]}


def results(execution: dict[str, Any]) -> dict[str, Any]:
    """The result of each node that has one, by its id."""
    return {run["node_id"]: run["result"] for run in execution["nodes"] if run["result"] is not None}
