"""The steps of a for_each node around its items: expand before, collect after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import NodeError
from engine.execution import ErrorInfo, ExecutionCost, NodeRun, NodeStatus
from engine.expression import resolve
from engine.json_type import describe_type
from engine.json_value import JsonObject, JsonValue
from engine.node import ERROR, MAIN
from engine.pricing import add_up
from engine.runner.records import NodeReading, NodeRecords
from engine.task import Task, TaskAnswer
from engine.workflow import MAX_ITEMS, ForEach


@dataclass(frozen=True)
class Gathered:
    """The result of a for_each node, the output that it leaves through, and what its items cost."""

    values: JsonObject
    output_name: str
    cost: ExecutionCost


class ForEachSteps:
    """Expand and collect."""

    def __init__(self, records: NodeRecords) -> None:
        """``records`` reads and writes node runs."""
        self._records = records

    def resolve_items(self, reading: NodeReading) -> list[JsonValue]:
        """The items; NodeError when they are no list, or too many."""
        for_each = reading.node.for_each
        assert for_each is not None  # noqa: S101 - the compiler emits these steps for such nodes alone
        items = resolve(for_each.items, self._records.scope(reading), field="for_each.items")
        if not isinstance(items, list):
            told = f"for_each needs an array, and this is {describe_type(items)}"
            raise NodeError(told, field="for_each.items")
        if len(items) > MAX_ITEMS:
            message = f"for_each has {len(items):,} items, over the limit of {MAX_ITEMS:,}: split the list"
            raise NodeError(message, field="for_each.items")
        return items

    def expand(self, run: NodeRun, items: list[JsonValue], reading: NodeReading) -> TaskAnswer:
        """Record the items, and answer the indexes of them or of their batches."""
        run = self._records.with_items(run, items)
        stored = self._records.start(run) or run
        reading.note(stored)
        return self.indexes(stored, reading)

    def expand_followed(self, run: NodeRun, reading: NodeReading) -> TaskAnswer:
        """Record as many items as the followed nodes have: each of them is read where it stands."""
        run = run.model_copy(update={"item_count": reading.followed_count()})
        stored = self._records.start(run) or run
        reading.note(stored)
        return self.indexes(stored, reading)

    def indexes(self, run: NodeRun, reading: NodeReading) -> TaskAnswer:
        """What the Map walks: nothing for a node that has ended without running."""
        if run.status is NodeStatus.FAILED and run.output_name is None:
            raise NodeError(f"node '{run.node_id}' failed; its node run says why", node_id=run.node_id)
        return self._answer(
            0 if run.status.ended else run.item_count or 0, reading.task, reading.node.for_each
        )

    def nothing(self, reading: NodeReading) -> TaskAnswer:
        """The answer of a node that does not run."""
        return self._answer(0, reading.task, reading.node.for_each)

    def _answer(self, count: int, task: Task, for_each: ForEach | None) -> TaskAnswer:
        indexes = tuple(range(0, count, for_each.batch_size if for_each else 1))
        most = task.inline_items
        return TaskAnswer(indexes=indexes, distributed=None if most is None else len(indexes) > most)

    def gather(self, reading: NodeReading, own: NodeRun) -> Gathered:
        """The items' results in order, as the result of the node; its output; what the items cost.

        NodeError where an item stopped the node, or more failed than ``for_each`` tolerates.
        """
        runs = self._records.item_runs(reading.task.execution_id, reading.node.id)
        self._check_end(own, runs)
        failed = [run for run in runs if run.status in (NodeStatus.FAILED, NodeStatus.TIMED_OUT)]
        self._check_tolerance(reading, failed, len(runs))
        skipped = NodeStatus.SKIPPED
        results = [None if run.status is skipped else self._records.result_of(run) for run in runs]
        values: JsonObject = {
            "output": [result and result.get("output") for result in results],
            "items": results,
            "count": len(results),
        }
        if any(run.output_name not in (None, MAIN, ERROR) for run in runs):
            values["outputs"] = [run.output_name for run in runs]
        for_each = reading.node.for_each
        tolerated = for_each is not None and for_each.has_tolerance
        leaves_by_error = failed and reading.node.on_error == "output" and not tolerated
        return Gathered(values, ERROR if leaves_by_error else MAIN, add_up(runs))

    def _check_end(self, own: NodeRun, runs: Sequence[NodeRun]) -> None:
        """NodeError where an item did not end, or ended so that nothing goes on from it."""
        for run in runs:
            if run.error is not None and (not run.status.ended or run.output_name is None):
                raise _item_error(run, run.error)
        missing = (own.item_count or 0) - sum(1 for run in runs if run.status.ended)
        if missing:
            raise NodeError(f"{missing:,} items never ended: their function was stopped; try again")

    def _check_tolerance(self, reading: NodeReading, failed: Sequence[NodeRun], count: int) -> None:
        for_each = reading.node.for_each
        if for_each is None or not for_each.has_tolerance or for_each.tolerates(len(failed), count):
            return
        first = failed[0]
        message = (
            f"{len(failed):,} of {count:,} items failed, more than for_each tolerates; item {first.item}"
        )
        told = first.error.message if first.error else "failed"
        field = (
            "tolerated_failures"
            if for_each.tolerated_failures is not None
            else "tolerated_failure_percentage"
        )
        raise NodeError(f"{message}: {told}", field=f"for_each.{field}")


def _item_error(run: NodeRun, error: ErrorInfo) -> NodeError:
    told = NodeError(f"item {run.item}: {error.message}", field=error.field)
    told.foreign_type = error.type
    return told
