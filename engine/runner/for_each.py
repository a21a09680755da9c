"""The steps of a for_each node around its items: expand before, collect after."""

from __future__ import annotations

from engine.errors import NodeError
from engine.execution import NodeRun, NodeStatus
from engine.expression import resolve
from engine.json_value import JsonObject, JsonValue
from engine.node import ERROR, MAIN
from engine.runner.records import NodeReading, NodeRecords
from engine.task import TaskAnswer

# An item of an inline Map adds about 7 events to a history that holds 25,000
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html); the rest is the workflow's.
MAX_ITEMS = 2_500


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
            kind = type(items).__name__
            raise NodeError(f"for_each needs a list, and this is a {kind}", field="for_each.items")
        if len(items) > MAX_ITEMS:
            message = f"for_each has {len(items):,} items, over the limit of {MAX_ITEMS:,}: split the list"
            raise NodeError(message, field="for_each.items")
        return items

    def expand(self, run: NodeRun, items: list[JsonValue]) -> TaskAnswer:
        """Record the items, and answer their indexes."""
        run = self._records.with_items(run, items)
        return self.indexes(self._records.start(run) or run)

    def indexes(self, run: NodeRun) -> TaskAnswer:
        """The indexes that the Map walks: none for a node that has ended without running."""
        if run.status is NodeStatus.FAILED and run.output_name is None:
            raise NodeError(f"node '{run.node_id}' failed; its node run says why", node_id=run.node_id)
        return TaskAnswer(indexes=tuple(range(0 if run.status.ended else run.item_count or 0)))

    def gather(self, reading: NodeReading) -> tuple[JsonObject, str]:
        """The items' results in order, as the result of the node; and the output that it leaves through."""
        runs = self._records.item_runs(reading.task.execution_id, reading.node.id)
        results = [self._records.result_of(run) for run in runs]
        failed = any(run.status is NodeStatus.FAILED for run in runs)
        values: JsonObject = {
            "output": [result.get("output") for result in results],
            "items": results,
            "count": len(results),
        }
        return values, ERROR if failed and reading.node.on_error == "output" else MAIN
