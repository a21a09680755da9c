"""One attempt at a node: resolve its config, ask the cache, run it, check what it gave."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from engine.cache import ResultCache, cache_key, ttl_seconds
from engine.errors import MiniN8nError, NodeError, NodeTimeoutError, NotFoundError
from engine.execution import LogLine, NodeRun, NodeStatus
from engine.expression import resolve
from engine.json_value import JsonObject
from engine.node import ERROR, BaseNode, NodeContext, NodeInputs, NodeResult
from engine.ports import Clock
from engine.registry import NodeRegistry
from engine.runner.context import ContextMaker
from engine.runner.failure import foreign_error
from engine.runner.masking import Mask
from engine.runner.node_log import NodeLog
from engine.runner.records import NodeReading, NodeRecords
from engine.values import to_json_text

log = logging.getLogger("mini_n8n.runner")


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave: the result, its JSON text, where it came from, and what was logged."""

    result: NodeResult
    text: str
    cache: Literal["hit", "miss"] | None
    logs: tuple[LogLine, ...]


class AttemptMaker:
    """Prepares attempts."""

    def __init__(
        self,
        records: NodeRecords,
        registry: NodeRegistry,
        contexts: ContextMaker,
        cache: ResultCache,
        clock: Clock,
    ) -> None:
        """All that an attempt stands on."""
        self.records, self.registry, self.contexts = records, registry, contexts
        self.cache, self.clock = cache, clock

    def prepare(self, reading: NodeReading, run: NodeRun) -> Attempt:
        """Resolve the config and make the node; NodeError names the field that does not fit."""
        node_type = self._node_type(reading.node.type)
        scope = self.records.scope(reading)
        config = resolve(
            reading.node.config,
            scope,
            node_id=reading.node.id,
            skip=node_type.plain_fields() | {*node_type.late_fields},
            optional=node_type.optional_fields(reading.node.config),
        )
        credentials = self.contexts.read_credentials(node_type, config, reading.execution, reading.node.id)
        mask = Mask(credentials.values())
        limit = reading.node.timeout_seconds or node_type.default_timeout_seconds
        node_log = NodeLog(self.clock, mask, run.logs)
        base = NodeContext(
            node_id=reading.node.id,
            item_index=run.item,
            attempt=run.attempts,
            timeout_seconds=float(limit),
            logger=node_log,
            resolve=lambda value, field, round_: resolve(
                value, replace(scope, round=round_), field, node_id=reading.node.id
            ),
        )
        context = self.contexts.make(base, reading.execution, scope.inputs, credentials)
        return Attempt(
            self, reading, run, node_type, config, self._inputs(reading, node_type), context, mask, node_log
        )

    def _node_type(self, name: str) -> type[BaseNode]:
        try:
            return self.registry.get(name)
        except NotFoundError:
            refused = self.registry.refused.get(name)
            message = f"there is no node type '{name}' any more; install its package again or change the node"
            if refused is not None:
                message = f"the package {refused.package} is refused: {refused.reason}; mend the package"
            raise NodeError(message, field="type") from None

    def _inputs(self, reading: NodeReading, node_type: type[BaseNode]) -> NodeInputs:
        """Results of the live sources, for a type that reads them."""
        if not node_type.reads_inputs:
            return {}
        sources = reading.live_sources()
        return {source: self.records.result_of(reading.source_run(source)) for source in sources}


@dataclass(frozen=True)
class Attempt:
    """An attempt that is ready to run."""

    maker: AttemptMaker
    reading: NodeReading
    run: NodeRun
    node_type: type[BaseNode]
    config: JsonObject
    inputs: NodeInputs
    context: NodeContext
    mask: Mask
    node_log: NodeLog

    @property
    def _ttl(self) -> int:
        return ttl_seconds(self.reading.node, self.node_type)

    @property
    def _key(self) -> str:
        return cache_key(self.node_type, self.config, self.inputs)

    @property
    def _holder(self) -> str:
        """Of the mark in the cache: the node run, so that an attempt takes over from one that died."""
        return self.context.idempotency_key

    def begin(self) -> NodeRun | None:
        """Record that the attempt begins; the stored node run if it has ended meanwhile.

        Nothing is recorded for a light node: its end follows in milliseconds.
        """
        if self.node_type.light or self.run.status is NodeStatus.WAITING:
            return None
        return self.maker.records.start(self.run, self.reading.later)

    def execute(self) -> Outcome:
        """Run the node, or take its result from the cache; NodeError says what went wrong."""
        began = self.maker.clock.now()
        try:
            node = self.node_type(self.config)
            if self._ttl <= 0:
                return self._run(node, None, began)
            if self.run.status is NodeStatus.WAITING:
                return self._run_holding(node, began)
            if self.reading.execution.bypass_cache:
                self.maker.cache.take_mark(self._key, self.node_type.type, self._holder)
                return self._run_holding(node, began)
            found = self.maker.cache.look_up(
                self._key, self.node_type.type, self._holder, self.context.timeout_seconds
            )
            return self._run_holding(node, began) if found is None else self._outcome(found, "hit")
        except NodeError as error:
            raise self._told(error) from error

    def _run_holding(self, node: BaseNode, began: datetime) -> Outcome:
        cache, type_name = self.maker.cache, self.node_type.type
        with cache.holding(self._key, type_name, self._holder):
            outcome = self._run(node, "miss", began)
            if outcome.result.pending_work is None:
                cache.store(self._key, type_name, outcome.result, outcome.text, self._ttl)
        if outcome.result.pending_work is not None:
            # Nobody renews a lease between polls: equal work waits no longer than the lease.
            cache.release(self._key, self._holder)
        return outcome

    def _run(self, node: BaseNode, cache: Literal["miss"] | None, began: datetime) -> Outcome:
        try:
            result = asyncio.run(self._call_in_time(node, self._seconds_left(began)))
        except MiniN8nError:
            raise
        # CancelledError: of a task that the node itself cancelled; nobody cancels the node.
        except (Exception, asyncio.CancelledError) as error:
            trace = "".join(traceback.format_exception(error))
            log.error("node type %s raised:\n%s", self.node_type.type, self.mask.text(trace))
            raise foreign_error(error, self.run.node_id) from error
        return self._outcome(result, cache)

    async def _call_in_time(self, node: BaseNode, seconds: float) -> NodeResult:
        """Run or poll; NodeTimeoutError after so many seconds, never for a TimeoutError of the node's own."""
        if seconds <= 0:
            raise self._timeout()
        waiting = self.run.status is NodeStatus.WAITING
        try:
            async with asyncio.timeout(seconds) as limit:
                if waiting:
                    return await node.poll(self.run.poll_state or {}, self.context)
                return await node.run(self.inputs, self.context)
        except TimeoutError:
            if limit.expired():
                raise self._timeout() from None
            raise

    def _timeout(self) -> NodeTimeoutError:
        limit = self.context.timeout_seconds
        return NodeTimeoutError(
            f"the node took longer than its timeout of {limit:g} s; raise timeout_seconds or do less",
            field="timeout_seconds",
        )

    def _seconds_left(self, began: datetime) -> float:
        """Of the node's timeout: a polling node has it from its first attempt on."""
        since = self.run.started_at if self.run.status is NodeStatus.WAITING else None
        passed = (self.maker.clock.now() - (since or began)).total_seconds()
        return self.context.timeout_seconds - passed

    def _outcome(self, result: NodeResult, cache: Literal["hit", "miss"] | None) -> Outcome:
        if not isinstance(result, NodeResult):
            raise NodeError(
                f"node type '{self.node_type.type}' returned {type(result).__name__}, not a NodeResult; "
                "end run() with self.create_result(output=…)"
            )
        known = {*self.node_type.outputs_for(self.reading.node.config), ERROR}
        if result.pending_work is None and result.output_name not in known:
            raise NodeError(
                f"node type '{self.node_type.type}' left through '{result.output_name}', "
                f"which is none of its outputs: {', '.join(sorted(known - {ERROR}))}"
            )
        if result.pending_work is not None and result.pending_work.wake and not self.node_type.wakes:
            raise NodeError(
                f"node type '{self.node_type.type}' names what wakes it, and does not say `wakes = True`"
            )
        if "output" not in result.values or not all(isinstance(name, str) for name in result.values):
            raise NodeError(
                f"node type '{self.node_type.type}' returned values without an `output`, or with names that "
                "are no texts; end run() with self.create_result(output=…)"
            )
        text = to_json_text(result.values)
        # Looked for in the text, which is quick, and replaced in the values, which stay JSON.
        if not self.mask.hides_nothing and self.mask.text(text) != text:
            result = replace(result, values=self.mask.value(result.values))
            text = to_json_text(result.values)
        return Outcome(result, text, cache, self.node_log.lines)

    def _told(self, error: NodeError) -> NodeError:
        """The error with secrets masked, and with what the node logged before it."""
        error.args = tuple(self.mask.text(str(argument)) for argument in error.args)
        error.log_lines = self.node_log.lines
        return error
