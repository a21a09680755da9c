"""The runner: what an executor function does with a task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.cache import ResultCache
from engine.errors import ExecutionEndedError, MiniN8nError, NodeError, NodeTimeoutError
from engine.execution import ErrorInfo, Execution, NodeCost, NodeRun, NodeStatus
from engine.json_value import JsonObject
from engine.latch import LatchStore
from engine.node import ERROR, MAIN
from engine.ports import CacheStore, Clock, ExecutionStore, Metrics, WorkflowStore
from engine.pricing import Pricing
from engine.registry import NodeRegistry
from engine.runner.attempt import Attempt, AttemptMaker, Outcome
from engine.runner.batch import run_batch
from engine.runner.context import ContextMaker
from engine.runner.failure import describe_error, stored_error, wire_error
from engine.runner.for_each import ForEachSteps
from engine.runner.latches import AnswerToken, Latches
from engine.runner.led_node import leads, longer_list
from engine.runner.prepared import VersionReader
from engine.runner.records import NodeReading, NodeRecords, TaskReading, failed_result
from engine.runner.together import run_together
from engine.task import Task, TaskAnswer
from engine.values import ValueStore
from engine.workflow import Pin

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
        self,
        stores: Stores,
        registry: NodeRegistry,
        contexts: ContextMaker,
        clock: Clock,
        metrics: Metrics,
        *,
        answer_token: AnswerToken | None = None,
        pricing: Pricing | None = None,
        observe: Callable[[Execution], None] = lambda _: None,
        latches: LatchStore | None = None,
    ) -> None:
        """``contexts`` hands nodes what they may use; ``answer_token`` ends the wait of a Task.

        ``observe`` is told the execution of each task.
        """
        self._pricing, self._observe = pricing or Pricing(), observe
        self._answer_token = answer_token
        self._latches = Latches(latches, answer_token) if latches and answer_token else None
        self._versions = VersionReader(stores.workflows)
        self._registry, self._clock, self._metrics = registry, clock, metrics
        self._records = NodeRecords(stores.executions, stores.values)
        cache = ResultCache(stores.cache, stores.values, clock, metrics)
        self._attempts = AttemptMaker(self._records, registry, contexts, cache, clock)
        self._for_each = ForEachSteps(self._records)

    def run(self, task: Task) -> TaskAnswer:
        """Run the task's nodes in order; the answer of the last, or of the one that a fork follows.

        What comes after a node that is pending waits for it.

        Raises RetryableNodeError, NodeTimeoutError or NodeError with a terse message (what went wrong
        stands in the node run, not in the state machine's history), ExecutionEndedError when it came
        too late, UnavailableError when a store is away.
        """
        if task.step == "await":
            self._latch(task).register(task)
            return TaskAnswer()
        prepared = self._versions.read(task.workflow_id, task.version)
        around = self._records.read(prepared, task)
        self._observe(around.execution)
        if task.item is None or task.batch == 1:
            return run_together(around, self._run_nodes, self._records)
        if all(self._registry.is_light(prepared.nodes[node_id].type) for node_id in task.nodes):
            return run_together(around, lambda all_: run_batch(all_, self._run_nodes), self._records)
        return run_batch(around, lambda item: run_together(item, self._run_nodes, self._records))

    def _run_nodes(self, around: TaskReading) -> TaskAnswer:
        task = around.task
        steps: dict[str, Callable[[NodeReading], TaskAnswer]] = {
            "run": self._run,
            "expand": self._expand,
            "item": self._item,
            "collect": self._collect,
            "settle": self._settle,
            "wait": self._wait,
        }
        answer, forked, listed = TaskAnswer(), None, None
        for node_id in task.nodes:
            node = around.prepared.nodes[node_id]
            step = steps[task.step] if leads(node, task) else steps[task.others_step]
            answer = step(around.of(node))
            if answer.pending:
                return answer
            listed = longer_list(listed, answer)
            if task.arrives or task.fork == node_id:
                self._records.write(around.later)  # others go on from it
            if task.arrives and task.step not in ("collect", "settle"):
                self._latch(task).arrive(task, node_id)
            if task.fork == node_id:
                of_item = task.item is not None
                skipped = around.prepared.skipped_after(node_id, answer.output_name, of_item=of_item)
                self._skip_ways(skipped, task)
                forked = TaskAnswer(output_name=answer.output_name or "")
        if task.arrives and task.step in ("collect", "settle"):
            # Nodes that share a Map are waited for by the name of the first: all of them have ended now.
            for node_id in task.nodes:
                self._latch(task).arrive(task, node_id)
        return forked or listed or answer

    def _latch(self, task: Task) -> Latches:
        if self._latches is None:
            raise MiniN8nError(f"execution '{task.execution_id}' waits in a function that keeps no waits")
        return self._latches

    def _skip_ways(self, node_ids: Sequence[str], task: Task) -> None:
        """Record as skipped what no state will come to."""
        self._records.skip(task, node_ids, self._clock.now())
        if node_ids:
            self._metrics.count("NodeRuns", len(node_ids), status=NodeStatus.SKIPPED.value)

    def _run(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is not None and own.status.ended:
            return self._stored_answer(own)
        if not reading.runs():
            return self._skip(reading)
        if reading.node.disabled:
            return self._pass_through(reading)
        if reading.pin is not None:
            return self._take_pin(reading, reading.pin)
        return self._attempt(reading)

    def _expand(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is not None and (own.status.ended or own.item_count is not None):
            return self._for_each.indexes(own, reading)
        if not reading.runs():
            self._skip(reading)
        elif reading.node.disabled:
            self._pass_through(reading)
        elif reading.pin is not None:
            self._take_pin(reading, reading.pin)
        else:
            return self._list_items(reading)
        return self._for_each.nothing(reading)

    def _list_items(self, reading: NodeReading) -> TaskAnswer:
        run = self._new_run(reading)
        try:
            if reading.follow is not None:
                return self._for_each.expand_followed(run, reading)
            return self._for_each.expand(run, self._for_each.resolve_items(reading), reading)
        except NodeError as error:
            self._fail(run, error, reading)
            return self._for_each.nothing(reading)

    def _collect(self, reading: NodeReading) -> TaskAnswer:
        own = reading.own
        if own is None or own.status.ended:
            return TaskAnswer(output_name=own.output_name if own else None)
        try:
            gathered = self._for_each.gather(reading, own)
            own = own.model_copy(update={"items_cost": gathered.cost})
            left = gathered.output_name
            return self._finish(reading, own, NodeStatus.SUCCEEDED, output_name=left, result=gathered.values)
        except NodeError as error:
            return self._fail(own, error, reading)

    def _item(self, reading: NodeReading) -> TaskAnswer:
        own, parent = reading.own, reading.parent
        if own is not None and own.status.ended:
            return self._stored_answer(own)
        if parent is not None and parent.status.ended:
            if parent.status is NodeStatus.SKIPPED or parent.output_name is not None:
                # In the Map of others: the node was skipped, is pinned, or failed before its first item.
                return TaskAnswer(output_name=parent.output_name)
            raise ExecutionEndedError(f"an item of node '{parent.node_id}' came after its node had ended")
        if reading.prepared.item_sources(reading.node.id) and not reading.runs():
            return self._skip(reading)
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
        return self._settle_run(reading, run, error)

    def _settle_run(self, reading: NodeReading, run: NodeRun, error: ErrorInfo) -> TaskAnswer:
        leaves_by = ERROR if reading.node.on_error == "output" else MAIN
        return self._finish(
            reading, run, NodeStatus.FAILED, output_name=leaves_by, error=error, result=failed_result(error)
        )

    def _wait(self, reading: NodeReading) -> TaskAnswer:
        """Keep the token of the wait for who wakes the node; end it at once where that has happened."""
        own, token = reading.own, reading.task.token
        if token is None or self._answer_token is None:
            raise MiniN8nError(f"node '{reading.node.id}' waits in a function that cannot end its wait")
        waits = own is not None and own.status is NodeStatus.WAITING and own.wake is not None
        if own is None or own.wake is None or not waits or self._records.wait_for(own, own.wake, token):
            self._answer_token(token, {})
        return TaskAnswer()

    def _attempt(self, reading: NodeReading) -> TaskAnswer:
        run = self._new_run(reading)
        began = self._clock.now()
        self._wait_for_retry_after(reading.own)
        try:
            attempt = self._attempts.prepare(reading, run)
            ended = attempt.begin()
            if ended is not None:
                return self._stored_answer(ended)
            outcome = attempt.execute()
            run = self._pay(run, began)
            if attempt.node_type.category == "ai" and outcome.cache != "hit":
                cost = self._pricing.add_model(run.cost or NodeCost(), outcome.result.values)
                run = run.model_copy(update={"cost": cost})
            return self._keep(replace(attempt, run=run), outcome)
        except NodeError as error:
            return self._fail(self._pay(run, began), error, reading)

    def _pay(self, run: NodeRun, began: datetime) -> NodeRun:
        """The node run with the cost of the time since ``began``."""
        seconds = (self._clock.now() - began).total_seconds()
        return run.model_copy(update={"cost": self._pricing.add_time(run.cost, seconds)})

    def _keep(self, attempt: Attempt, outcome: Outcome) -> TaskAnswer:
        run, pending = attempt.run, outcome.result.pending_work
        if pending is not None:
            waiting = {
                "status": NodeStatus.WAITING,
                "poll_state": pending.state,
                "wake": pending.wake,
                "logs": outcome.logs,
                "error": None,
                "not_before": None,
            }
            ended = self._records.start(run.model_copy(update=waiting))
            if ended is not None:
                return self._stored_answer(ended)
            return TaskAnswer(pending=True, poll_after_seconds=max(1, pending.poll_after_seconds))
        run = run.model_copy(update={"logs": outcome.logs, "cache": outcome.cache})
        return self._finish(
            attempt.reading,
            run,
            NodeStatus.SUCCEEDED,
            output_name=outcome.result.output_name,
            result=outcome.result.values,
            text=outcome.text,
        )

    def _fail(self, run: NodeRun, error: NodeError, reading: NodeReading) -> TaskAnswer:
        """Note what went wrong, and raise an error that says no more than which node it was.

        Should the node run have ended meanwhile, its answer as it is stored.

        The record stays running where a retry or a Catch decides what becomes of the node: a timeout is
        tried again where the document asks for a retry (see `engine.compiler.retry`).
        """
        told = describe_error(error, run.node_id)
        retry_after = min(getattr(error, "retry_after_seconds", None) or 0, MAX_RETRY_AFTER_SECONDS)
        not_before = self._clock.now() + timedelta(seconds=retry_after) if retry_after else None
        run = run.model_copy(
            update={"error": told, "not_before": not_before, "logs": error.log_lines or run.logs}
        )
        timed_out = isinstance(error, NodeTimeoutError)
        tried_again = told.retryable or (timed_out and reading.node.retry is not None)
        log.warning("node failed: %s", told.type)
        settles = reading.node.settles_items if run.item is not None else reading.node.on_error != "stop"
        if not tried_again and settles and reading.task.step in ("expand", "item", "collect"):
            # Others of its Task go on, and no further call is needed.
            return self._settle_run(reading, run, told)
        if not tried_again and not settles:
            status = NodeStatus.TIMED_OUT if timed_out else NodeStatus.FAILED
            return self._finish(reading, run, status, error=told)
        ended = self._records.start(run)
        if ended is not None:
            return self._stored_answer(ended)
        raise wire_error(error, run.node_id) from error

    def _skip(self, reading: NodeReading) -> TaskAnswer:
        return self._finish(reading, self._new_run(reading, attempts=0), NodeStatus.SKIPPED)

    def _pass_through(self, reading: NodeReading) -> TaskAnswer:
        """A disabled node hands on what came in first."""
        output: object = None
        for source in reading.live_sources():
            output = self._records.result_of(reading.source_run(source)).get("output")
            break
        run = self._new_run(reading, attempts=0)
        return self._finish(reading, run, NodeStatus.SKIPPED, output_name=MAIN, result={"output": output})

    def _take_pin(self, reading: NodeReading, pin: Pin) -> TaskAnswer:
        """The pinned result instead of a run; the cache neither gives nor gets it."""
        run = self._new_run(reading, attempts=0).model_copy(update={"pinned": True})
        status = NodeStatus.SUCCEEDED
        return self._finish(reading, run, status, output_name=pin.output_name, result=pin.result)

    def _finish(
        self,
        reading: NodeReading,
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
                "items": None,
                "items_claim": None,
                "poll_state": None,
                "wake": None,
                "not_before": None,
                "started_at": run.started_at or now,
                "ended_at": now,
            }
        )
        has_ended = reading.own is not None and reading.own.status.ended
        harmless = not run.attempts or self._registry.is_light(reading.node.type)
        # An end may wait, and be lost, where to run again does no harm.
        stored = self._records.finish(ended, text, reading.later if harmless and not has_ended else None)
        reading.note(stored)
        self._metrics.count("NodeRuns", status=status.value)
        # What was waited for is no time of this function, and may be days.
        if status is not NodeStatus.SKIPPED and run.status is not NodeStatus.WAITING:
            self._metrics.milliseconds("NodeDuration", ended.elapsed_milliseconds())
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
            logs=own.logs if own else (),
            cost=own.cost if own else None,
        )

    def _wait_for_retry_after(self, own: NodeRun | None) -> None:
        if own is not None and own.not_before is not None:
            seconds = (own.not_before - self._clock.now()).total_seconds()
            if seconds > 0:
                self._clock.sleep(min(seconds, MAX_RETRY_AFTER_SECONDS))

    def _stored_answer(self, run: NodeRun) -> TaskAnswer:
        """What a node run that has ended answers, however often it is asked."""
        if run.status is NodeStatus.ABORTED:
            raise ExecutionEndedError(f"node '{run.node_id}' was started after its execution had ended")
        if run.status in (NodeStatus.FAILED, NodeStatus.TIMED_OUT) and run.output_name is None:
            raise stored_error(run.error, run.node_id, timed_out=run.status is NodeStatus.TIMED_OUT)
        return TaskAnswer(output_name=run.output_name)
