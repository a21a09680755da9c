"""Reads and writes the node runs of one task: departures, results, how a node run ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from engine.connections import is_live, should_run
from engine.errors import ExecutionEndedError, MiniN8nError
from engine.execution import Claim, ErrorInfo, Execution, NodeRun, NodeStatus, node_value_key
from engine.expression import Scope
from engine.item_flow import Follow
from engine.json_value import JsonObject, JsonValue
from engine.node import ERROR, MAIN
from engine.ports import ExecutionStore
from engine.runner.prepared import PreparedWorkflow
from engine.task import Task
from engine.values import ValueStore
from engine.workflow import Connection, Node, Pin

Key = tuple[str, int | None]


class OvertakenError(Exception):
    """Another call of the same task had ended nodes first: what stands must be read, and gone on from."""


@dataclass(frozen=True)
class NodeReading:
    """What was read before a node run: the node, its execution, and the records around it."""

    task: Task
    node: Node
    prepared: PreparedWorkflow
    execution: Execution
    records: dict[Key, NodeRun] = field(default_factory=dict)
    later: dict[Key, NodeRun] = field(default_factory=dict)
    """Where ends are kept that are written together."""

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

    @property
    def follow(self) -> Follow | None:
        """What the node takes its items from, one by one, if any of that has items."""
        follow = self.prepared.flow.follows.get(self.node.id)
        return follow if follow and any(map(self._has_items, follow.sources)) else None

    def followed_count(self) -> int:
        """How many items the followed nodes have."""
        sources = self.follow.sources if self.follow else ()
        runs = (self.records[source, None] for source in sources if self._has_items(source))
        return next((run.item_count or 0 for run in runs), 0)

    def _has_items(self, source: str) -> bool:
        """Whether a for_each node runs, or ran, its items."""
        record = self.records.get((source, None))
        return (
            record is not None
            and record.item_count is not None
            and record.status in (NodeStatus.RUNNING, NodeStatus.SUCCEEDED)
        )

    def source_run(self, source: str) -> NodeRun:
        """The node run that decides about this one: of the source, or of its item of the same index.

        An undecided one is a fault of the definition, never of the user.
        """
        is_item = self.task.item is not None and source in self.prepared.item_sources(self.node.id)
        item = self.task.item if is_item and self._has_items(source) else None
        record = self.records.get((source, item))
        if record is None or not record.status.ended:
            raise MiniN8nError(
                f"node '{self.node.id}' was started before '{source}' was decided: "
                "the state machine's definition is wrong"
            )
        return record

    def runs(self) -> bool:
        """Whether the connections let the node, or the item of it, run."""
        incoming = self.prepared.incoming[self.node.id]
        return should_run(self.node, [self._is_live(connection) for connection in incoming])

    def live_sources(self) -> tuple[str, ...]:
        """Sources with a live connection."""
        live = (c.source for c in self.prepared.incoming[self.node.id] if self._is_live(c))
        return tuple(dict.fromkeys(live))

    def _is_live(self, connection: Connection) -> bool:
        """As a whole a node follows whatever runs; which of its items run is decided for each of them."""
        flow = self.prepared.flow
        if self.task.item is None and flow.is_itemwise(connection) and self._has_items(connection.source):
            return True
        return is_live(connection, self.source_run(connection.source).output_name)


@dataclass(frozen=True)
class TaskReading:
    """What was read before a task: its execution, and the records around all of its nodes."""

    task: Task
    prepared: PreparedWorkflow
    execution: Execution
    records: dict[Key, NodeRun]
    later: dict[Key, NodeRun] = field(default_factory=dict)

    def of(self, node: Node) -> NodeReading:
        """For one of the task's nodes; what is noted there is seen by all."""
        return NodeReading(self.task, node, self.prepared, self.execution, self.records, self.later)

    def of_item(self, item: int) -> TaskReading:
        """For one item of a batch."""
        return replace(self, task=self.task.of_item(item))


class NodeRecords:
    """The execution store as the runner uses it."""

    def __init__(self, executions: ExecutionStore, values: ValueStore) -> None:
        """``values`` holds what is too large for a record."""
        self._executions, self._values = executions, values

    def read(self, prepared: PreparedWorkflow, task: Task) -> TaskReading:
        """One batch read of all that a task needs; ExecutionEndedError if it came too late."""
        wanted = [key for node_id in task.nodes for key in prepared.reads(node_id)]
        for node_id in task.nodes if task.item is not None else ():
            read = [node_id, *prepared.item_sources(node_id)]
            wanted += [(name, index) for name in read for index in task.indexes]
        execution, records = self._executions.read_nodes(task.execution_id, wanted)
        if execution.status.ended:
            raise ExecutionEndedError(f"execution '{task.execution_id}' has ended: {execution.status}")
        if task.item is not None:
            sources = {name for node_id in task.nodes for name in prepared.item_sources(node_id)}
            for source in sorted(sources):
                self._make_up_items(prepared.nodes[source], task.indexes, records)
        return TaskReading(task, prepared, execution, records)

    def _make_up_items(self, node: Node, indexes: range, records: dict[Key, NodeRun]) -> None:
        """Items of a node that was kept from an earlier execution without them, by its result."""
        whole = records.get((node.id, None))
        missing = [index for index in indexes if (node.id, index) not in records]
        if whole is None or whole.status is not NodeStatus.SUCCEEDED or whole.item_count is None:
            return
        result = self.result_of(whole) if missing else {}
        for index in missing:
            if index < whole.item_count:
                item = result["items"][index]
                failed = item is not None and node.on_error == "output" and "error" in item
                left = result.get("outputs", {index: ERROR if failed else MAIN})[index]
                status = NodeStatus.SKIPPED if item is None else NodeStatus.SUCCEEDED
                end = {"output_name": left if item is not None else None, "result": item, "item": index}
                records[node.id, index] = NodeRun(
                    execution_id=whole.execution_id, node_id=node.id, status=status, **end
                )

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
        index = reading.task.item
        item = self._item(reading, reading.parent, index)
        return Scope(
            results=results, inputs=inputs, execution=about, item=item, index=index, node_ids=node_ids
        )

    def wait_for(self, run: NodeRun, name: str, token: str) -> bool:
        """Keep the token that ends the wait of a pending node; whether it was woken before."""
        return self._executions.wait_for(run.execution_id, name, token)

    def _item(self, reading: NodeReading, parent: NodeRun, index: int) -> JsonValue:
        """The item of that index: of the node's own list, or the first that a followed node gives."""
        if reading.follow is None:
            return self.items_of(parent)[index]
        for source in reading.follow.sources:
            record = reading.records.get((source, index))
            if record is not None and record.output_name is not None:
                item = reading.follow.item_of(self.result_of(record))
                if item is not None:
                    return item
        return None

    def start(self, run: NodeRun, later: dict[Key, NodeRun] | None = None) -> NodeRun | None:
        """Record an attempt, and with it the ends in ``later``; the stored node run if that one has ended.

        OvertakenError where there are others to write, and one of all had ended.
        """
        if not later:
            return self._executions.start_node(run)
        later[run.node_id, run.item] = run
        self.write(later)
        return None

    def write(self, later: dict[Key, NodeRun]) -> None:
        """Record the ends that were kept, and keep them no more; OvertakenError where one had ended."""
        runs = list(later.values())
        later.clear()
        if not self._executions.write_nodes(runs):
            raise OvertakenError

    def finish(
        self, run: NodeRun, text: str | None = None, later: dict[Key, NodeRun] | None = None
    ) -> NodeRun:
        """Record the end, the result by claim where it is large; the node run that stands now.

        ``later`` takes it, where it is given, to be written with others. ExecutionEndedError when the end of
        the execution came first.
        """
        if run.result is not None:
            claim = self._claim(run, "result", run.result, text)
            if claim is not None:
                run = run.model_copy(update={"result": None, "claim": claim})
        if later is not None:
            later[run.node_id, run.item] = run
            return run
        stored = self._executions.finish_node(run)
        if stored is not None and stored.status is NodeStatus.ABORTED:
            raise ExecutionEndedError(f"node '{run.node_id}' finished after its execution had ended")
        return stored or run

    def skip(self, task: Task, node_ids: Sequence[str], now: datetime) -> None:
        """Record nodes, or the item of them, as skipped; those that ended before are left as they are."""
        end = {"status": NodeStatus.SKIPPED, "started_at": now, "ended_at": now}
        of = {"execution_id": task.execution_id, "item": task.item, **end}
        self._executions.finish_nodes([NodeRun.model_validate({"node_id": n, **of}) for n in node_ids])

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
