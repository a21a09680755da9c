"""Executions and node runs in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.adapters.cursor import check_limit, decode_cursor, encode_cursor
from engine.adapters.execution_filter import listing_of, matches
from engine.adapters.memory.clock import ManualClock
from engine.adapters.memory.execution_links import MemoryLinks
from engine.adapters.memory.execution_removal import MemoryRemoval
from engine.adapters.record import dump_record, load_record
from engine.errors import ConflictError, NotFoundError
from engine.execution import Claim, ErrorInfo, Execution, ExecutionCost, ExecutionStatus, NodeRun
from engine.json_value import JsonValue
from engine.ports import Clock, ExecutionFilter, IdempotencyMark, Page
from engine.workflow import MAX_ITEMS


class MemoryExecutionStore(MemoryLinks, MemoryRemoval):
    """Keeps ExecutionStore's promises; ``clock`` says when an idempotency mark has expired.

    Executions are kept until they are removed: only tables have a retention.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        MemoryLinks.__init__(self)
        MemoryRemoval.__init__(self)
        self._clock = clock or ManualClock()
        self._executions: dict[str, str] = {}
        self._runs: dict[str, dict[tuple[str, int | None], str]] = {}
        self._marks: dict[str, tuple[IdempotencyMark, datetime]] = {}

    def create(self, execution: Execution) -> None:
        """Write a new execution; ConflictError if the id is taken."""
        with self._lock:
            if execution.execution_id in self._executions:
                raise ConflictError(f"There is an execution '{execution.execution_id}' already.")
            self._executions[execution.execution_id] = dump_record(execution)

    def get(self, execution_id: str) -> Execution:
        """The execution; NotFoundError."""
        text = self._executions.get(execution_id)
        if text is None:
            raise NotFoundError("execution", execution_id)
        return load_record(Execution, text)

    def set_execution_arn(self, execution_id: str, execution_arn: str) -> None:
        """Note what Step Functions calls the execution; NotFoundError."""
        with self._lock:
            changed = self.get(execution_id).model_copy(update={"execution_arn": execution_arn})
            self._executions[execution_id] = dump_record(changed)

    def finish(
        self,
        execution_id: str,
        status: ExecutionStatus,
        ended_at: datetime,
        *,
        output: JsonValue = None,
        output_claim: Claim | None = None,
        error: ErrorInfo | None = None,
        cost: ExecutionCost | None = None,
    ) -> bool:
        """End a running execution; False if it had ended already. NotFoundError."""
        if not status.ended:
            raise ValueError(f"an execution does not end with the status {status}")
        with self._lock:
            stored = self.get(execution_id)
            if stored.status.ended:
                return False
            end = {"status": status, "ended_at": ended_at, "output": output, "cost": cost}
            changed = stored.model_copy(update={**end, "output_claim": output_claim, "error": error})
            self._executions[execution_id] = dump_record(changed)
            return True

    def list_executions(
        self, wanted: ExecutionFilter, limit: int, cursor: str | None = None
    ) -> Page[Execution]:
        """Executions, newest first; RequestError on a cursor that is not ours."""
        check_limit(limit)
        listing = listing_of(wanted)
        position = decode_cursor(listing, cursor, parts=1)
        with self._lock:
            texts = sorted(self._executions.items(), reverse=True)
        records = (
            load_record(Execution, text) for key, text in texts if position is None or key < position[0]
        )
        found = [record for record in records if matches(record, wanted)]
        more = encode_cursor(listing, [found[limit - 1].execution_id]) if len(found) > limit else None
        return Page(tuple(found[:limit]), more)

    def list_due(self, before: datetime, limit: int) -> tuple[str, ...]:
        """Ids of executions that still run by their records, and whose time was over before then."""
        with self._lock:
            records = [load_record(Execution, text) for text in self._executions.values()]
        due = [record for record in records if not record.status.ended and record.due_at < before]
        due.sort(key=lambda record: record.due_at)
        return tuple(record.execution_id for record in due[:limit])

    def read_nodes(
        self, execution_id: str, keys: Iterable[tuple[str, int | None]]
    ) -> tuple[Execution, dict[tuple[str, int | None], NodeRun]]:
        """The execution and those of the node runs that exist, by (node id, item); NotFoundError."""
        with self._lock:
            execution, runs = self.get(execution_id), self._runs.get(execution_id, {})
            return execution, {key: load_record(NodeRun, runs[key]) for key in keys if key in runs}

    def list_node_runs(
        self,
        execution_id: str,
        *,
        node_id: str | None = None,
        limit: int = MAX_ITEMS,
        cursor: str | None = None,
    ) -> Page[NodeRun]:
        """Node runs by node id, or with ``node_id`` the items of that node in order."""
        check_limit(limit)
        listing = f"node runs:{execution_id}:{node_id or ''}"
        position = decode_cursor(listing, cursor, parts=2)
        with self._lock:
            kept = self._runs.get(execution_id, {})
            rows = sorted((name, -1 if item is None else item, text) for (name, item), text in kept.items())
        wanted = [
            row
            for row in rows
            if (row[1] < 0 if node_id is None else row[0] == node_id and row[1] >= 0)
            and (position is None or row[:2] > (position[0], int(position[1])))
        ]
        more = [wanted[limit - 1][0], str(wanted[limit - 1][1])] if len(wanted) > limit else None
        found = tuple(load_record(NodeRun, text) for _, _, text in wanted[:limit])
        return Page(found, encode_cursor(listing, more) if more else None)

    def start_node(self, run: NodeRun) -> NodeRun | None:
        """Record that an attempt begins. None when recorded; the stored node run when that one has ended."""
        if run.status.ended:
            raise ValueError(f"an attempt does not begin with the status {run.status}")
        return self._write(run)

    def finish_node(self, run: NodeRun) -> NodeRun | None:
        """Record how the node run ended. None when recorded; the stored one when it ended before."""
        if not run.status.ended:
            raise ValueError(f"a node run does not end with the status {run.status}")
        return self._write(run)

    def write_nodes(self, runs: Sequence[NodeRun]) -> bool:
        """Record how several node runs of one execution stand; False, and none is, where one had ended."""
        with self._lock:
            if any(self._ended(run) is not None for run in runs):
                return False
            for run in runs:
                self._write(run)
            return True

    def finish_nodes(self, runs: Sequence[NodeRun]) -> None:
        """Record how several node runs of one execution ended; those that ended before are left alone."""
        for run in runs:
            self.finish_node(run)

    def _write(self, run: NodeRun) -> NodeRun | None:
        with self._lock:
            ended = self._ended(run)
            if ended is None:
                self._runs.setdefault(run.execution_id, {})[run.node_id, run.item] = dump_record(run)
            return ended

    def _ended(self, run: NodeRun) -> NodeRun | None:
        """The node run as it is stored, if it has ended."""
        stored = self._runs.get(run.execution_id, {}).get((run.node_id, run.item))
        standing = load_record(NodeRun, stored) if stored is not None else None
        return standing if standing is not None and standing.status.ended else None

    def remove(self, execution_id: str, until: datetime) -> None:
        """Take an ended execution away, and leave the mark. NotFoundError; ConflictError while it runs."""
        with self._lock:
            if not self.get(execution_id).status.ended:
                raise ConflictError(f"Execution '{execution_id}' is running.")
            del self._executions[execution_id]
            self.mark_removed(execution_id, until)

    def delete_rows(self, execution_id: str) -> None:
        """Delete what is kept of an execution that is gone."""
        with self._lock:
            self._runs.pop(execution_id, None)
            self.forget_links(execution_id)
            self.forget_held(execution_id)

    def mark_idempotency(self, key: str, mark: IdempotencyMark, expires_at: datetime) -> IdempotencyMark:
        """Store the mark if ``key`` has none; the mark that stands now."""
        with self._lock:
            standing = self._marks.get(key)
            if standing is None or standing[1] <= self._clock.now():
                standing = self._marks[key] = (mark, expires_at)
            return standing[0]
