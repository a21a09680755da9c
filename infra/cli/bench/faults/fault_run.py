"""One fault: executions started while it lasts, then everything held against what must be true."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import httpx

from engine.json_value import JsonObject
from infra.cli.api_client import ApiClient
from infra.cli.bench.faults.fault import Fault
from infra.cli.bench.faults.stage import FaultStage
from infra.cli.bench.load.agreement import disagreements, machine_statuses, wait_for_ends

CREDENTIAL = "bench-faults"
# More than a record holds (engine.values.MAX_INLINE_BYTES), so that it goes through S3.
LARGE_CHARACTERS = 40_000
CALLERS = 5
START_ATTEMPTS = 40
START_PAUSE_SECONDS = 0.5
START_TIMEOUT_SECONDS = 40.0
# The end of an execution whose event was lost is found 30 s after its last node (engine.service.executions).
END_TIMEOUT_SECONDS = 180.0
# The fault lasts on for this long after the last start was accepted.
LINGER_SECONDS = 2.0
SIDE_EFFECTS = ("first", "second")
NODE_IDS = frozenset({"number", "first", "large", "second", "out"})


def faulty_workflow(data_url: str, run: str) -> JsonObject:
    """Two calls that are counted, made with a credential, and a large result between them."""

    def call(node_id: str) -> JsonObject:
        url = f"{data_url}/flaky/{run}-{{{{number.output}}}}-{node_id}?failures=0"
        config = {"url": url, "method": "POST", "credential": CREDENTIAL}
        return {"id": node_id, "type": "http", "config": config}

    text = "x" * LARGE_CHARACTERS
    ids = ["number", "first", "large", "second", "out"]
    return {
        "name": f"Bench: {run}",
        "nodes": [
            {"id": "number", "type": "input", "config": {"name": "number", "type": "number"}},
            call("first"),
            {"id": "large", "type": "transform", "config": {"set": {"text": text}}},
            call("second"),
            {
                "id": "out",
                "type": "output",
                "config": {"value": "{{ [number.output, length(large.output.text)] }}"},
            },
        ],
        "connections": [{"source": a, "target": b} for a, b in pairwise(ids)],
    }


@dataclass
class FaultResult:
    """What came of the executions that were started during one fault."""

    name: str
    asked: int
    accepted: dict[str, int] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    injected: int = 0
    repeated: int = 0
    # Why executions did not succeed, and how many for each reason.
    reasons: Counter[str] = field(default_factory=Counter)
    unkept: list[str] = field(default_factory=list)
    refusals: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def stuck(self) -> int:
        """Executions that never ended."""
        return self.ended["running"]

    @property
    def lost(self) -> int:
        """Executions that were accepted, and of which nobody knows."""
        return len(self.accepted) - sum(self.ended.values())

    @property
    def is_kept(self) -> bool:
        """Whether every promise was."""
        return not (self.unkept or self.repeated or self.stuck or self.lost) and bool(self.accepted)


class FaultRun:
    """Starts executions while a fault lasts, and judges them."""

    def __init__(self, stage: FaultStage, client: ApiClient, executions: int) -> None:
        self._stage, self._client, self._executions = stage, client, executions
        self._api_key = stage.stack.api_key()
        self._lock = threading.Lock()

    def run(self, name: str, fault: Fault) -> FaultResult:
        """Start, end, judge."""
        began = time.monotonic()
        key = "".join(letter for letter in name.lower() if letter.isalnum())
        result = FaultResult(name, self._executions)
        document = faulty_workflow(self._stage.stack.data_url, key)
        workflow_id = self._client.create_workflow(document)["id"]
        before = self._stage.injected
        with fault(self._stage):
            with ThreadPoolExecutor(CALLERS) as pool:
                list(pool.map(lambda n: self._start(result, workflow_id, n), range(self._executions)))
            time.sleep(LINGER_SECONDS)
        result.injected = self._stage.injected - before
        self._judge(result, workflow_id, key)
        result.seconds = time.monotonic() - began
        return result

    def _start(self, result: FaultResult, workflow_id: str, number: int) -> None:
        """Start one; the same request again, by its Idempotency-Key, while it is refused with a 503."""
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Idempotency-Key": f"{workflow_id}-{number}",
        }
        body = {"inputs": {"number": number}, "bypass_cache": True}
        url = f"{self._client.url}/api/v1/workflows/{workflow_id}/execute"
        for _ in range(START_ATTEMPTS):
            try:
                answer = httpx.post(
                    url, json=body, headers=headers, timeout=START_TIMEOUT_SECONDS, trust_env=False
                )
            except httpx.TransportError:
                time.sleep(START_PAUSE_SECONDS)
                continue
            with self._lock:
                if answer.is_success:
                    result.accepted[answer.json()["id"]] = number
                    return
                result.refusals[answer.status_code] += 1
                if answer.status_code not in (500, 502, 503, 504):
                    result.unkept.append(
                        f"start {number} was answered {answer.status_code}: {answer.text[:200]}"
                    )
                    return
                if answer.status_code == 500 and "urn:mini-n8n" in answer.text:
                    result.unkept.append(f"start {number} was an error of ours: {answer.text[:200]}")
            time.sleep(START_PAUSE_SECONDS)

    def _judge(self, result: FaultResult, workflow_id: str, key: str) -> None:
        ended = wait_for_ends(self._client, result.accepted, END_TIMEOUT_SECONDS)
        result.ended = Counter(str(execution["status"]) for execution in ended.values())
        errors = [execution["error"] for execution in ended.values() if execution.get("error")]
        result.reasons = Counter(f"{error['type']}: {error['message']}" for error in errors)
        machines = machine_statuses(self._stage.endpoint, workflow_id)
        result.unkept += disagreements(
            ended, machines, NODE_IDS, lambda name: {"out": [result.accepted[name], LARGE_CHARACTERS]}
        )
        ghosts = set(machines) - set(result.accepted)
        if len(result.accepted) == result.asked and ghosts:
            result.unkept.append(f"{len(ghosts)} executions run that nobody was told of")
        for execution in ended.values():
            number = result.accepted[execution["id"]]
            for told in self._repeats(execution, key, number):
                result.repeated += 1
                result.unkept.append(told)

    def _repeats(self, execution: JsonObject, key: str, number: int) -> Iterator[str]:
        """Side effects that happened again after their result was stored: the counter says so."""
        models = self._stage.stack.models
        assert models is not None  # noqa: S101 - the stack runs
        runs = {run["node_id"]: run for run in execution.get("nodes") or ()}
        for node_id in SIDE_EFFECTS:
            run = runs.get(node_id)
            if run is None or run["status"] != "succeeded":
                continue
            calls = models.ledger.next_attempt("/data/flaky", f"{key}-{number}-{node_id}") - 1
            stored = run["result"]["output"]["attempt"]
            if calls != stored:
                yield f"{execution['id']}: {node_id} stored call {stored}, and was called {calls} times"
