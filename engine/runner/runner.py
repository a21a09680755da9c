"""The runner: what an executor function does with a task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.cache import ResultCache
from engine.errors import ExecutionEndedError, NodeError, NodeTimeoutError
from engine.execution import NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.node import MAIN
from engine.ports import CacheStore, Clock, ExecutionStore, Metrics, WorkflowStore
from engine.registry import NodeRegistry
from engine.runner.attempt import Attempt, AttemptMaker, Outcome
from engine.runner.context import ContextMaker
from engine.runner.failure import describe_error, wire_error
from engine.runner.for_each import ForEachSteps
from engine.runner.prepared import VersionReader
from engine.runner.records import NodeReading, NodeRecords, failed_result
from engine.task import Task, TaskAnswer
from engine.values import ValueStore

log = logging.getLogger("mini_n8n.runner")

# What an attempt waits for a Retry-After at most: a Lambda that waits is paid for.
MAX_RETRY_AFTER_SECONDS = 60.0


@dataclass(frozen=True)
class Stores:
    """The stores that a runner stands on."""

    workflows: WorkflowStore
    executions: ExecutionStore
    cache: CacheStore
    values: ValueStore


class Runner:
    """Runs tasks. One per process; safe to use from several threads."""

    def __init__(
        self, stores: Stores, registry: NodeRegistry, contexts: ContextMaker, clock: Clock, metrics: Metrics
    ) -> None:
        """``contexts`` hands nodes what they may use."""
        self._versions = VersionReader(stores.workflows)
        self._registry, self._clock, self._metrics = registry, clock, metrics
        self._records = NodeRecords(stores.executions, stores.values)
        cache = ResultCache(stores.cache, stores.values, clock, metrics)
        self._attempts = AttemptMaker(self._records, registry, contexts, cache, clock)
        self._for_each = ForEachSteps(self._records, clock)

    def run(self, task: Task) -> TaskAnswer:
        """Run the task's nodes in order; the answer of the last.

        Raises RetryableNodeError, NodeTimeoutError or NodeError with a terse message (what went wrong
        stands in the node run, not in the state machine's history), ExecutionEndedError when it came
        too late, UnavailableError when a store is away.
        """
        prepared = self._versions.read(task.workflow_id, task.version)
        steps: dict[str, Callable[[NodeReading], TaskAnswer]] = {
            "run": self._run,
            "expand": self._expand,
            "item": self._item,
            "collect": self._for_each.collect,
            "settle": self._settle,
        }
        answer = TaskAnswer()
        for node_id in task.nodes:
            reading = self._records.read(prepared, task, prepared.nodes[node_id])
            answer = steps[task.step](reading)
        return answer

    def _run(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is not None and own.status.ended:
            return self._stored_answer(own)
        if not reading.runs():
            return self._skip(reading)
        if reading.node.disabled:
            return self._pass_through(reading)
        return self._attempt(reading)

    def _expand(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is not None and (own.status.ended or own.item_count is not None):
            return self._for_each.indexes(own)
        if not reading.runs():
            self._skip(reading)
            return TaskAnswer(indexes=())
        if reading.node.disabled:
            self._pass_through(reading)
            return TaskAnswer(indexes=())
        try:
            items = self._for_each.resolve_items(reading)
        except NodeError as error:
            raise self._fail(self._new_run(reading), error, reading) from error
        return self._for_each.expand(self._new_run(reading), items)

    def _item(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is not None and own.status.ended:
            return self._stored_answer(own)
        return self._attempt(reading)

    def _settle(self, reading: NodeReading) -> TaskAnswer:
        """A node failed for good and its author said: go on."""
        own = reading.own
        if own is not None and own.status.ended and own.output_name is not None:
            return self._stored_answer(own)
        run = own or self._new_run(reading)
        caught = reading.task.error_name or "NodeError"
        error = run.error or describe_error(
            NodeError(f"the function that ran the node ended with {caught}"),
            reading.node.id,
            type_name=caught,
        )
        leaves_by = "error" if reading.node.on_error == "output" and run.item is None else MAIN
        return self._finish(
            run, NodeStatus.FAILED, output_name=leaves_by, error=error, result=failed_result(error)
        )

    def _attempt(self, reading: NodeReading) -> TaskAnswer:
        run = self._new_run(reading)
        self._wait_for_retry_after(reading.own)
        try:
            attempt = self._attempts.prepare(reading, run)
            ended = attempt.begin()
            if ended is not None:
                return self._stored_answer(ended)
            outcome = attempt.execute()
        except ExecutionEndedError:
            raise
        except NodeError as error:
            raise self._fail(run, error, reading) from error
        return self._keep(attempt, outcome)

    def _keep(self, attempt: Attempt, outcome: Outcome) -> TaskAnswer:
        run, pending = attempt.run, outcome.result.pending_work
        if pending is not None:
            waiting = {"status": NodeStatus.WAITING, "poll_state": pending.state, "logs": outcome.logs}
            self._records.start(run.model_copy(update=waiting))
            return TaskAnswer(pending=True, poll_after_seconds=max(1, pending.poll_after_seconds))
        run = run.model_copy(update={"logs": outcome.logs, "cache": outcome.cache, "poll_state": None})
        return self._finish(
            run,
            NodeStatus.SUCCEEDED,
            output_name=outcome.result.output_name,
            result=outcome.result.values,
            text=outcome.text,
        )

    def _fail(self, run: NodeRun, error: NodeError, reading: NodeReading) -> NodeError:
        """Note what went wrong; the error to raise, which says no more than which node it was.

        The record stays running where a retry or a Catch decides what becomes of the node.
        """
        now = self._clock.now()
        told = describe_error(error, run.node_id)
        retry_after = getattr(error, "retry_after_seconds", None)
        not_before = (
            now + timedelta(seconds=min(retry_after, MAX_RETRY_AFTER_SECONDS)) if retry_after else None
        )
        run = run.model_copy(update={"error": told, "not_before": not_before, "logs": error.log_lines})
        if told.retryable or reading.node.on_error != "stop":
            self._records.start(run)
        else:
            status = NodeStatus.TIMED_OUT if isinstance(error, NodeTimeoutError) else NodeStatus.FAILED
            self._finish(run, status, error=told)
        log.warning("node failed: %s", told.type)
        return wire_error(error, run.node_id)

    def _skip(self, reading: NodeReading) -> TaskAnswer:
        return self._finish(self._new_run(reading, attempts=0), NodeStatus.SKIPPED)

    def _pass_through(self, reading: NodeReading) -> TaskAnswer:
        """A disabled node hands on what came in first."""
        output: object = None
        for source in reading.live_sources():
            output = self._records.result_of(reading.records[(source, None)]).get("output")
            break
        run = self._new_run(reading, attempts=0)
        return self._finish(run, NodeStatus.SKIPPED, output_name=MAIN, result={"output": output})

    def _finish(
        self,
        run: NodeRun,
        status: NodeStatus,
        *,
        output_name: str | None = None,
        result: JsonObject | None = None,
        text: str | None = None,
        error: object = None,
    ) -> TaskAnswer:
        now = self._clock.now()
        ended = run.model_copy(
            update={
                "status": status,
                "output_name": output_name,
                "result": result,
                "error": error,
                "started_at": run.started_at or now,
                "ended_at": now,
            }
        )
        stored = self._records.finish(ended, text)
        self._metrics.count("NodeRuns", status=status.value)
        self._metrics.milliseconds("NodeDuration", _elapsed_milliseconds(ended))
        return self._stored_answer(stored)

    def _new_run(self, reading: NodeReading, attempts: int | None = None) -> NodeRun:
        """The record of the attempt that begins now; a node that waits goes on with the one it has."""
        own = reading.own
        if own is not None and own.status is NodeStatus.WAITING:
            return own
        made = (own.attempts if own else 0) + 1 if attempts is None else attempts
        return NodeRun(
            execution_id=reading.task.execution_id,
            node_id=reading.node.id,
            item=reading.task.item,
            status=NodeStatus.RUNNING,
            started_at=own.started_at if own and own.started_at else self._clock.now(),
            attempts=made,
            error=own.error if own else None,
        )

    def _wait_for_retry_after(self, own: NodeRun | None) -> None:
        if own is not None and own.not_before is not None:
            seconds = (own.not_before - self._clock.now()).total_seconds()
            if seconds > 0:
                self._clock.sleep(min(seconds, MAX_RETRY_AFTER_SECONDS))

    def _stored_answer(self, run: NodeRun) -> TaskAnswer:
        """What a node run that has ended answers, however often it is asked."""
        if run.status in (NodeStatus.FAILED, NodeStatus.TIMED_OUT) and run.output_name is None:
            raise wire_error(NodeError(run.error.message if run.error else "failed"), run.node_id)
        return TaskAnswer(output_name=run.output_name)


def _elapsed_milliseconds(run: NodeRun) -> float:
    started: datetime | None = run.started_at
    ended: datetime | None = run.ended_at
    return 0.0 if started is None or ended is None else (ended - started).total_seconds() * 1000
