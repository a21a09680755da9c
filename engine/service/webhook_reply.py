"""What a webhook answers once its execution is started: at once, at the end, or when a node says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine.execution import Execution, ExecutionStatus, NodeStatus
from engine.json_value import JsonObject
from engine.ports import BlobStore
from engine.service.executions import ExecutionService
from engine.webhook.request import WebhookAnswer, json_answer, problem_answer

# The HTTP API waits 30 s (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
MAX_WAIT_SECONDS = 25.0
# Between two looks for the respond node.
FIRST_LOOK_SECONDS, MAX_LOOK_SECONDS = 0.03, 0.25
# Lambda answers with 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), as JSON
# in which quotation marks take twice their room.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
LINK_SECONDS = 3_600
# The API's own pages stand at the same address: what a workflow sends runs no script there.
_CONFINED = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}


@dataclass(frozen=True)
class WebhookReplier:
    """Waits, and puts answers together."""

    executions: ExecutionService
    blobs: BlobStore

    def reply(self, execution: Execution, response: str, respond_ids: Sequence[str]) -> WebhookAnswer:
        """The answer; ``respond_ids`` are the respond nodes of the version that runs."""
        if response == "finished":
            return self._finished(self.executions.wait(execution.execution_id, MAX_WAIT_SECONDS))
        if response == "respond":
            return self._respond(execution.execution_id, respond_ids)
        return self._accepted(execution)

    def _accepted(self, execution: Execution) -> WebhookAnswer:
        told = {"execution_id": execution.execution_id, "status": execution.status.value}
        return json_answer(202, told, _marks(execution.execution_id))

    def _finished(self, execution: Execution) -> WebhookAnswer:
        if not execution.status.ended:
            return self._accepted(execution)
        if execution.status is not ExecutionStatus.SUCCEEDED:
            return _failed(execution)
        marks = _marks(execution.execution_id)
        claim = execution.output_claim
        if claim is not None and claim.size_bytes > MAX_ANSWER_BYTES:
            return WebhookAnswer(303, b"", {**marks, "location": self.blobs.link(claim.key, LINK_SECONDS)})
        return json_answer(200, self.executions.values.load(execution.output, claim), marks)

    def _respond(self, execution_id: str, respond_ids: Sequence[str]) -> WebhookAnswer:
        clock = self.executions.clock
        deadline = clock.now() + timedelta(seconds=MAX_WAIT_SECONDS)
        look = FIRST_LOOK_SECONDS
        keys = [(node_id, None) for node_id in respond_ids]
        while True:
            execution, runs = self.executions.executions.read_nodes(execution_id, keys)
            ran = [run for run in runs.values() if run.status is NodeStatus.SUCCEEDED]
            if ran:
                first = min(ran, key=lambda run: (run.ended_at is None, run.ended_at))
                return _answer(execution_id, self.executions.values.load(first.result, first.claim))
            if execution.status.ended:
                return _failed(execution)
            if clock.now() >= deadline:
                message = f"Execution '{execution_id}' goes on; its respond node did not run in time."
                headers = {"x-execution-id": execution_id}
                return problem_answer(504, "timeout", message, headers=headers, execution_id=execution_id)
            clock.sleep(look)
            look = min(look * 1.3, MAX_LOOK_SECONDS)


def _answer(execution_id: str, result: JsonObject) -> WebhookAnswer:
    """The answer that a respond node made."""
    body = result["output"]
    given = {name.lower(): value for name, value in result["headers"].items()}
    if isinstance(body, str):
        data, kind = body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    elif body is None:
        data, kind = b"", ""
    else:
        data, kind = json_answer(200, body).body, "application/json"
    if len(data) > MAX_ANSWER_BYTES:
        message = f"The answer has {len(data):,} bytes, over the {MAX_ANSWER_BYTES:,} that fit; send a link."
        return problem_answer(500, "too-large", message, execution_id=execution_id)
    content_type = {"content-type": kind} if kind else {}
    return WebhookAnswer(result["status"], data, {**content_type, **given, **_marks(execution_id)})


def _failed(execution: Execution) -> WebhookAnswer:
    """Why stands in the execution: who calls a webhook need not be who may read that."""
    name = execution.execution_id
    if execution.status is ExecutionStatus.SUCCEEDED:
        message = f"Execution '{name}' succeeded without running a respond node."
    else:
        message = f"Execution '{name}' ended as {execution.status.value}; its record says why."
    headers = {"x-execution-id": name}
    return problem_answer(500, "execution-failed", message, headers=headers, execution_id=name)


def _marks(execution_id: str) -> dict[str, str]:
    return {**_CONFINED, "x-execution-id": execution_id}
