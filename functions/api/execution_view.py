"""Executions and node runs as the API shows them: small values in place, large ones by link."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from engine.connections import is_live
from engine.execution import (
    ChildLink,
    Claim,
    ErrorInfo,
    Execution,
    ExecutionCost,
    ExecutionStatus,
    LogLine,
    NodeCost,
    NodeRun,
    NodeStatus,
    ParentLink,
)
from engine.json_value import JsonObject, JsonValue, dump_json
from engine.ports import BlobStore
from engine.workflow import MachineType, Node, Workflow

# Lambda answers with 6 MB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html),
# and JSON in JSON doubles its quotation marks; values over the budget are given by link.
ANSWER_BUDGET_BYTES = 2 * 1024 * 1024
# A link to a large value works this long; ask again for another.
LINK_SECONDS = 3_600


class ExecutionSummary(BaseModel):
    """An execution in a list."""

    id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: ExecutionStatus
    mode: MachineType = Field(description="The type of its state machine.")
    trigger: str
    parent: ParentLink | None = Field(description="The execution, and its node, that started this one.")
    retry_of: str | None = Field(description="The execution that this one tries again.")
    until: str | None = Field(description="It ran up to this node, and nothing else.")
    only: str | None = Field(description="It ran this node alone.")
    started_by: str | None = Field(description="key:…, user:… or bootstrap; null: a trigger.")
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: float | None
    expires_at: datetime = Field(
        description="When it goes with all that it made; while it runs, at the latest."
    )
    error: ErrorInfo | None
    cost: ExecutionCost | None = Field(description="US dollars, once it has ended.")
    trace_id: str | None = Field(description="The trace of the request that started it.")

    @classmethod
    def of(cls, execution: Execution) -> ExecutionSummary:
        """From the record."""
        return cls(**_summary(execution))


class PendingApproval(BaseModel):
    """What a waiting node asks a person; links are for those who may run executions."""

    title: str
    message: str
    form: JsonObject | None
    asked_at: datetime
    expires_at: datetime
    approve_url: str | None = Field(None, description="Who has it, has the right; null: not for you.")
    reject_url: str | None = None


class NodeRunView(BaseModel):
    """A node in an execution, or an item of one."""

    node_id: str
    item: int | None = None
    type: str
    name: str | None
    status: NodeStatus
    output_name: str | None = Field(description="The output that the node left through.")
    inputs: list[str] = Field(description="Ids of the nodes whose results came in.")
    result: JsonObject | None = Field(description="What the node made; null with a result_url.")
    result_url: str | None = Field(None, description="Where a result lies that is too large for this answer.")
    result_size_bytes: int | None = None
    error: ErrorInfo | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    attempts: int
    kept_from: str | None = Field(None, description="The execution that ran it, where this one is its retry.")
    pinned: bool = Field(False, description="Whether the result was pinned, and the node did not run.")
    cache: str | None = Field(description="hit, miss, or null where the cache was not asked.")
    item_count: int | None
    cost: NodeCost | None = Field(description="US dollars, all attempts together.")
    approval: PendingApproval | None = Field(None, description="In the detail of a node that waits for one.")
    logs: list[LogLine] = Field(description="The last lines; none with a logs_url.")
    logs_url: str | None = Field(None, description="Where lines lie that are too long for this answer.")


class ExecutionDetail(ExecutionSummary):
    """An execution with its node runs."""

    inputs: JsonObject | None
    inputs_url: str | None = None
    output: JsonValue = Field(description="Outputs by name, once it has succeeded; null with an output_url.")
    output_url: str | None = None
    bypass_cache: bool
    pinned_nodes: list[str] = Field(description="Nodes whose results were pinned: they did not run.")
    results_of: str | None = Field(description="The execution whose results stood before the one node.")
    execution_arn: str | None
    nodes: list[NodeRunView]


class ExecutionList(BaseModel):
    """A page of executions, newest first."""

    items: list[ExecutionSummary]
    cursor: str | None = Field(description="Ask for the next page with it; null: this was the last.")


class ChildList(BaseModel):
    """A page of the executions that an execution started; without a node, one that handles its failure."""

    items: list[ChildLink]
    cursor: str | None


class NodeRunList(BaseModel):
    """A page of item runs."""

    items: list[NodeRunView]
    cursor: str | None


@dataclass
class Budget:
    """How much of an answer is left for values."""

    left_bytes: int = ANSWER_BUDGET_BYTES

    def take(self, value: JsonValue) -> bool:
        """Whether the value still fits; if so, its size is taken off."""
        size = len(dump_json(value).encode("utf-8", "surrogatepass"))
        if size > self.left_bytes:
            return False
        self.left_bytes -= size
        return True


@dataclass(frozen=True)
class ExecutionViewer:
    """Builds views; ``public_url`` is where links to our own routes start."""

    blobs: BlobStore
    public_url: str

    def detail(self, execution: Execution, workflow: Workflow, runs: dict[str, NodeRun]) -> ExecutionDetail:
        """An execution with a node run for every node of its document."""
        budget = Budget()
        inputs, inputs_url = self._value(execution.inputs, execution.inputs_claim, budget, None)
        own = f"{self.public_url}/api/v1/executions/{execution.execution_id}"
        output, output_url = self._value(execution.output, execution.output_claim, budget, None)
        return ExecutionDetail(
            **_summary(execution),
            inputs=inputs,
            inputs_url=inputs_url,
            output=output,
            output_url=output_url,
            bypass_cache=execution.bypass_cache,
            pinned_nodes=[node.id for node in workflow.nodes if node.id in runs and runs[node.id].pinned],
            results_of=execution.selection.results_of,
            execution_arn=execution.execution_arn,
            nodes=[
                self.node_run(
                    node,
                    workflow,
                    runs,
                    runs.get(node.id),
                    budget=budget,
                    own_url=f"{own}/nodes/{node.id}",
                )
                for node in workflow.nodes
            ],
        )

    def node_run(
        self,
        node: Node,
        workflow: Workflow,
        runs: dict[str, NodeRun],
        run: NodeRun | None,
        *,
        budget: Budget,
        own_url: str | None = None,
    ) -> NodeRunView:
        """One node run; ``own_url`` serves it alone, where it does not fit here."""
        run = run or NodeRun(execution_id="", node_id=node.id, status=NodeStatus.PENDING)
        result, result_url = self._value(run.result, run.claim, budget, own_url)
        has_room = own_url is None or budget.take([line.message for line in run.logs])
        return NodeRunView(
            node_id=node.id,
            item=run.item,
            type=node.type,
            name=node.name,
            status=run.status,
            output_name=run.output_name,
            inputs=_live_inputs(node, workflow, runs),
            result=result,
            result_url=result_url,
            result_size_bytes=run.claim.size_bytes if run.claim else None,
            error=run.error,
            started_at=run.started_at,
            ended_at=run.ended_at,
            duration_seconds=_seconds(run.started_at, run.ended_at),
            attempts=run.attempts,
            kept_from=run.kept_from,
            pinned=run.pinned,
            cache=run.cache,
            item_count=run.item_count,
            cost=run.cost,
            logs=list(run.logs) if has_room else [],
            logs_url=None if has_room else own_url,
        )

    def _value(
        self, inline: JsonValue, claim: Claim | None, budget: Budget, own_url: str | None
    ) -> tuple[JsonValue, str | None]:
        if claim is not None:
            return None, self.blobs.link(claim.key, LINK_SECONDS)
        if own_url is not None and not budget.take(inline):
            return None, own_url
        return _shown(inline), None


def _shown(value: JsonValue) -> JsonValue:
    """The value; with question marks for lone surrogates, which no answer in UTF-8 can hold."""
    text = dump_json(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return value


def _live_inputs(node: Node, workflow: Workflow, runs: dict[str, NodeRun]) -> list[str]:
    found: dict[str, None] = {}
    for connection in workflow.connections:
        source = runs.get(connection.source)
        if connection.target != node.id or source is None or not source.status.ended:
            continue
        if is_live(connection, source.output_name):
            found[connection.source] = None
    return list(found)


def _seconds(started: datetime | None, ended: datetime | None) -> float | None:
    return None if started is None or ended is None else round((ended - started).total_seconds(), 3)


def _summary(execution: Execution) -> dict[str, object]:
    return {
        "id": execution.execution_id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "version": execution.version,
        "status": execution.status,
        "mode": execution.mode,
        "trigger": execution.trigger,
        "parent": execution.parent,
        "retry_of": execution.retry_of,
        "until": execution.selection.until,
        "only": execution.selection.only,
        "started_by": execution.started_by,
        "started_at": execution.started_at,
        "ended_at": execution.ended_at,
        "duration_seconds": _seconds(execution.started_at, execution.ended_at),
        "expires_at": execution.expires_at,
        "error": execution.error,
        "cost": execution.cost,
        "trace_id": execution.trace_id,
    }
