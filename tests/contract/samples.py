"""Records to store, with values that a careless store would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from engine.execution import Execution, NodeRun, NodeStatus
from engine.ports import Page, WorkflowHead, WorkflowVersion
from engine.workflow import Workflow

T = TypeVar("T")

NOW = datetime(2035, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)
# Numbers past 64 bits and 38 digits, floats, what JSON can spell and UTF-8 cannot, empty and nested values.
VALUES: dict[str, Any] = {
    "big": 10**40 + 1,
    "small": -1e-300,
    "float": 0.1,
    "whole": 1.0,
    "text": "naïve 漢字 \U0001f600 \x00 \ud800",
    "empty": {"text": "", "list": [], "object": {}},
    "null": None,
    "yes": True,
    "nested": [[1, [2, {"three": 3}]]],
}


def workflow_of(*node_ids: str, config: dict[str, Any] | None = None) -> Workflow:
    nodes = [{"id": node_id, "type": "transform", "config": config or {}} for node_id in node_ids]
    return Workflow.model_validate({"name": "Orders", "tags": ["a", "b"], "nodes": nodes})


def head_of(workflow_id: str, revision: int = 1) -> WorkflowHead:
    return WorkflowHead(
        workflow_id=workflow_id,
        name="Orders",
        revision=revision,
        version=revision,
        created_at=NOW,
        updated_at=NOW,
        node_count=1,
        description="What people ordered",
        tags=("a", "b"),
        live_version=1,
        published_at=NOW,
        published_by="ada",
    )


def version_of(workflow_id: str, version: int = 1, workflow: Workflow | None = None) -> WorkflowVersion:
    return WorkflowVersion(
        workflow_id=workflow_id,
        version=version,
        workflow=workflow or workflow_of("first", config=VALUES),
        created_at=NOW,
        definition_digest="0" * 64,
        state_machine_version_arn=f"arn:aws:states:us-east-1:1:stateMachine:{workflow_id}:{version}",
        report={"makespan_seconds": 1.5},
        profile=VALUES,
        author="ada",
        message="Orders of \u00fcmlaut",
        restored_from=version - 1 or None,
    )


def execution_of(execution_id: str, **changes: Any) -> Execution:
    fields: dict[str, Any] = {
        "execution_id": execution_id,
        "workflow_id": "wf_1",
        "workflow_name": "Orders",
        "version": 3,
        "inputs": VALUES,
        "started_at": NOW,
        "timeout_seconds": 60,
    }
    return Execution(**(fields | changes))


def run_of(node_id: str, status: NodeStatus, item: int | None = None, **changes: Any) -> NodeRun:
    fields: dict[str, Any] = {"execution_id": "ex_1", "node_id": node_id, "item": item, "status": status}
    return NodeRun(**(fields | changes))


def read_pages(read: Callable[[str | None], Page[T]], most_pages: int = 100) -> list[T]:
    """All items of a list, page by page."""
    found: list[T] = []
    cursor = None
    for _ in range(most_pages):
        page = read(cursor)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found
    raise AssertionError(f"the list did not end within {most_pages} pages")


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """What ``act(0)``, ``act(1)``, ... gave in as many threads."""
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(act, range(count)))


def spoiled(cursor: str) -> Sequence[str]:
    """Cursors that nobody gave out."""
    other = "A" if cursor[20] != "A" else "B"
    return [
        "",
        "x",
        "???",
        "漢",
        cursor[:-2],
        cursor[:20] + other + cursor[21:],
        cursor + "AAAA",
        "AAAA" * 20,
    ]


def moved(head: WorkflowHead, revision: int) -> WorkflowHead:
    return replace(head, revision=revision, version=revision)
