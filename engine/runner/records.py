"""Reads and writes the node runs of one task: departures, results, how a node run ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.connections import live_sources, should_run
from engine.errors import ExecutionEndedError, MiniN8nError
from engine.execution import Claim, ErrorInfo, Execution, NodeRun, NodeStatus, node_value_key
from engine.expression import Scope
from engine.json_value import JsonObject, JsonValue
from engine.ports import ExecutionStore
from engine.runner.prepared import PreparedWorkflow
from engine.task import Task
from engine.values import ValueStore
from engine.workflow import Node, Pin

Key = tuple[str, int | None]


@dataclass(frozen=True)
class NodeReading:
    """What was read before a node run: the node, its execution, and the records around it."""

    task: Task
    node: Node
    prepared: PreparedWorkflow
    execution: Execution
    records: dict[Key, NodeRun] = field(default_factory=dict)

    @property
    def own(self) -> NodeRun | None:
        """The record of this node run, if there is one."""
        return self.records.get((self.node.id, self.task.item))

    @property
    def parent(self) -> NodeRun | None:
        """Inside a Map: the record of the for_each node itself."""
        return self.records.get((self.node.id, None))

    @property
    def pin(self) -> Pin | None:
        """The result that stands in for a run of the node, where the execution goes by pins."""
        selection = self.execution.selection
        return self.node.pinned if selection.uses_pins and self.node.id != selection.target else None

    def note(self, run: NodeRun) -> None:
        """How a node run ended, for the nodes of the same task that come after it."""
        self.records[run.node_id, run.item] = run

    def departures(self) -> dict[str, str | None]:
        """How each source left; an undecided one is a fault of the definition, never of the user."""
        left: dict[str, str | None] = {}
        for source in self.prepared.sources(self.node.id):
            record = self.records.get((source, None))
            if record is None or not record.status.ended:
                raise MiniN8nError(
                    f"node '{self.node.id}' was started before '{source}' was decided: "
                    "the state machine's definition is wrong"
                )
            left[source] = record.output_name
        return left

    def runs(self) -> bool:
        """Whether the connections let the node run."""
        return should_run(self.node, self.prepared.incoming[self.node.id], self.departures())

    def live_sources(self) -> tuple[str, ...]:
        """Sources with a live connection."""
        return live_sources(self.prepared.incoming[self.node.id], self.departures())


@dataclass(frozen=True)
class TaskReading:
    """What was read before a task: its execution, and the records around all of its nodes."""

    task: Task
    prepared: PreparedWorkflow
    execution: Execution
    records: dict[Key, NodeRun]

    def of(self, node: Node) -> NodeReading:
        """For one of the task's nodes; what is noted there is seen by all."""
        return NodeReading(self.task, node, self.prepared, self.execution, self.records)


class NodeRecords:
    """The execution store as the runner uses it."""

    def __init__(self, executions: ExecutionStore, values: ValueStore) -> None:
        """``values`` holds what is too large for a record."""
        self._executions, self._values = executions, values

    def read(self, prepared: PreparedWorkflow, task: Task) -> TaskReading:
        """One batch read of all that a task needs; ExecutionEndedError if it came too late."""
        wanted = [key for node_id in task.nodes for key in prepared.reads(node_id)]
        if task.item is not None:
            wanted += [(node_id, task.item) for node_id in task.nodes]
        execution, records = self._executions.read_nodes(task.execution_id, wanted)
        if execution.status.ended:
            raise ExecutionEndedError(f"execution '{task.execution_id}' has ended: {execution.status}")
        return TaskReading(task, prepared, execution, records)

    def result_of(self, record: NodeRun) -> JsonObject:
        """The result of an ended node run, loaded if it is large."""
        result: JsonObject = self._values.load(record.result, record.claim)
        return result

    def inputs_of(self, execution: Execution) -> JsonObject:
        """The inputs of an execution, loaded if they are large."""
        inputs: JsonObject = self._values.load(execution.inputs, execution.inputs_claim)
        return inputs

    def items_of(self, record: NodeRun) -> list[JsonValue]:
        """The items of a for_each node."""
        return list(self._values.load(record.items, record.items_claim) or ())

    def scope(self, reading: NodeReading) -> Scope:
        """What expressions of the node may name; results that it does not name are not loaded."""
        results: dict[str, JsonObject] = {}
        for name in reading.prepared.references(reading.node.id):
            record = reading.records.get((name, None))
            if record is not None and (record.result is not None or record.claim is not None):
                results[name] = self.result_of(record)
        execution = reading.execution
        about = {
            "id": execution.execution_id,
            "workflow_id": execution.workflow_id,
            "workflow_name": execution.workflow_name,
            "version": execution.version,
            "started_at": execution.started_at.isoformat(),
        }
        node_ids = frozenset(reading.prepared.nodes)
        inputs = self.inputs_of(execution)
        if reading.task.item is None or reading.parent is None:
            return Scope(results=results, inputs=inputs, execution=about, node_ids=node_ids)
        item = self.items_of(reading.parent)[reading.task.item]
        index = reading.task.item
        return Scope(
            results=results, inputs=inputs, execution=about, item=item, index=index, node_ids=node_ids
        )

    def wait_for(self, run: NodeRun, name: str, token: str) -> bool:
        """Keep the token that ends the wait of a pending node; whether it was woken before."""
        return self._executions.wait_for(run.execution_id, name, token)

    def start(self, run: NodeRun) -> NodeRun | None:
        """Record an attempt; the stored node run if that one has ended."""
        return self._executions.start_node(run)

    def finish(self, run: NodeRun, text: str | None = None) -> NodeRun:
        """Record the end, the result by claim where it is large; the node run that stands now.

        ExecutionEndedError when the end of the execution came first.
        """
        if run.result is not None:
            claim = self._claim(run, "result", run.result, text)
            if claim is not None:
                run = run.model_copy(update={"result": None, "claim": claim})
        stored = self._executions.finish_node(run)
        if stored is not None and stored.status is NodeStatus.ABORTED:
            raise ExecutionEndedError(f"node '{run.node_id}' finished after its execution had ended")
        return stored or run

    def skip(self, runs: Sequence[NodeRun]) -> None:
        """Record nodes that were skipped; those that ended before are left as they are."""
        self._executions.finish_nodes(runs)

    def with_items(self, run: NodeRun, items: list[JsonValue]) -> NodeRun:
        """The node run with its items, by claim where they are large."""
        claim = self._claim(run, "items", items, None)
        kept = None if claim else tuple(items)
        return run.model_copy(update={"item_count": len(items), "items": kept, "items_claim": claim})

    def item_runs(self, execution_id: str, node_id: str) -> list[NodeRun]:
        """The item records of a for_each node, in order."""
        found: list[NodeRun] = []
        cursor: str | None = None
        while True:
            page = self._executions.list_node_runs(execution_id, node_id=node_id, cursor=cursor)
            found.extend(page.items)
            cursor = page.cursor
            if cursor is None:
                return found

    def _claim(self, run: NodeRun, what: str, value: JsonValue, text: str | None) -> Claim | None:
        return self._values.store(node_value_key(run, what), value, text)


def failed_result(error: ErrorInfo) -> JsonObject:
    """The result of a node that failed and whose author said: go on."""
    return {"output": None, "error": error.model_dump(mode="json", exclude_none=True)}
