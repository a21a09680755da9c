"""Executions: start, read (and repair what is overdue), cancel, wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from engine.access.principal import Principal
from engine.errors import (
    ConflictError,
    MiniN8nError,
    NodeError,
    NotFoundError,
    RequestError,
    UnavailableError,
)
from engine.execution import (
    ErrorInfo,
    Execution,
    ExecutionStatus,
    NodeRun,
    value_key,
)
from engine.json_value import JsonObject
from engine.machine import StateMachines
from engine.moment import made_at
from engine.ports import (
    Clock,
    ExecutionFilter,
    ExecutionStore,
    Metrics,
    Page,
    WorkflowHead,
    WorkflowStore,
    WorkflowVersion,
)
from engine.registry import NodeRegistry
from engine.service.express import has_begun, runs_at_once
from engine.service.finish import ExecutionFinisher
from engine.service.idempotency import mark_request
from engine.service.inputs import input_names, resolve_inputs
from engine.service.limits import LimitService
from engine.service.parentage import note_child, retried_parent
from engine.service.partial_run import PartialRun, PartialRunPlanner
from engine.service.preparation import Preparation, PublishPart
from engine.service.repair import ExecutionRepairer
from engine.service.retry import RetryPlanner, RetryReport, check_retry
from engine.service.start_request import RetryRequest, StartRequest
from engine.service.version_choice import choose_version
from engine.task import ExecutionInput
from engine.values import ValueStore
from engine.workflow import DEFAULT_RETENTION_DAYS, Workflow

# A request that reserved a place has ended within its 29 s: what has no record after this time never will.
LOST_SECONDS = 120.0
# What the error of an execution starts with whose state machine never ran.
NOT_STARTED = "the execution was not started"
# Between two looks of someone who waits: 30 ms at first, then up to a quarter of a second.
FIRST_LOOK_SECONDS, MAX_LOOK_SECONDS = 0.03, 0.25


@dataclass(frozen=True)
class ExecutionService:
    """Use cases of executions."""

    workflows: WorkflowStore
    executions: ExecutionStore
    machines: StateMachines
    registry: NodeRegistry
    values: ValueStore
    finisher: ExecutionFinisher
    clock: Clock
    metrics: Metrics
    parts: PartialRunPlanner
    publish_part: PublishPart
    limits: LimitService | None = None
    trace_id: Callable[[], str | None] = lambda: None
    retention_days: int = DEFAULT_RETENTION_DAYS
    """Of executions whose workflow does not say; see `engine.settings`."""

    def start(self, request: StartRequest) -> tuple[Execution, bool]:
        """Start an execution of the version asked for; the execution, and whether it is new.

        NotFoundError; ConflictError for the live version where none is; RequestError when the inputs do not
        fit the input nodes, or when the Idempotency-Key was used for another request; LimitExceededError;
        UnavailableError when it could not be started.
        """
        head = self.workflows.get_head(request.workflow_id)
        version = self.workflows.get_version(head.workflow_id, choose_version(head, request.version))
        request = request.settled()
        part: PartialRun | None = None
        if request.selection.target is not None:
            part = self.parts.plan(version.workflow, request.selection, request.pins)
        inputs = self._inputs(request, version.workflow, part)
        execution_id = request.execution_id or self.clock.new_id("ex")
        if request.idempotency_key is not None:
            execution_id, earlier = mark_request(request, execution_id, self.executions, self.clock.now())
            if earlier is not None:
                return self._started(earlier), False
        holds_place = self._admit(request.principal, execution_id)
        try:
            execution = self._record(request, head, version, execution_id, inputs)
            execution = execution.model_copy(update={"holds_place": holds_place})
            part = self._preparation.left_of(execution, version.workflow, part)
            execution = self._preparation.with_machine(execution, head, version.workflow, part)
            self.executions.create(execution)
        except ConflictError:
            # The same Idempotency-Key twice at once: the other one was a moment faster, and holds the place.
            self._uncount(request.principal)
            return self._started(self.executions.get(execution_id)), False
        except MiniN8nError:
            self._uncount(request.principal, execution_id)
            raise
        if request.idempotency_key is None and runs_at_once(execution, request.wait_seconds):
            return self._run_machine(execution, version, part), True
        may_repeat = request.idempotency_key is not None
        return self._start_machine(execution, version, part, may_repeat=may_repeat), True

    def get(self, execution_id: str, workflow_id: str | None = None) -> Execution:
        """The execution, repaired if it is overdue; NotFoundError, also when it is another workflow's."""
        execution = self.executions.get(execution_id)
        if workflow_id is not None and execution.workflow_id != workflow_id:
            raise NotFoundError("execution", execution_id)
        return self._repairer.repair_overdue(execution)

    def document(self, execution: Execution) -> WorkflowVersion:
        """The version that the execution ran."""
        return self.workflows.get_version(execution.workflow_id, execution.version)

    def inputs_of(self, execution: Execution) -> JsonObject:
        """The inputs that the execution was started with, defaults filled in."""
        found: JsonObject = self.values.load(execution.inputs, execution.inputs_claim)
        return found

    def list_executions(self, wanted: ExecutionFilter, limit: int, cursor: str | None) -> Page[Execution]:
        """Executions, newest first."""
        return self.executions.list_executions(wanted, limit, cursor)

    def node_runs(self, execution_id: str, limit: int, cursor: str | None) -> Page[NodeRun]:
        """Node runs of an execution, by node id, without items."""
        return self.executions.list_node_runs(execution_id, limit=limit, cursor=cursor)

    def some_node_runs(self, execution_id: str, node_ids: Iterable[str]) -> dict[str, NodeRun]:
        """Those of the node runs that exist, by node id; NotFoundError."""
        keys = dict.fromkeys((node_id, None) for node_id in node_ids)
        _, found = self.executions.read_nodes(execution_id, keys)
        return {node_id: run for (node_id, _), run in found.items()}

    def item_runs(self, execution_id: str, node_id: str, limit: int, cursor: str | None) -> Page[NodeRun]:
        """Item runs of a for_each node, in order."""
        return self.executions.list_node_runs(execution_id, node_id=node_id, limit=limit, cursor=cursor)

    def item_run(self, execution_id: str, node_id: str, item: int) -> NodeRun:
        """One item run; NotFoundError."""
        _, found = self.executions.read_nodes(execution_id, [(node_id, item)])
        if (node_id, item) not in found:
            raise NotFoundError("item", f"{node_id}/{item}")
        return found[node_id, item]

    def cancel(self, execution_id: str) -> Execution:
        """Stop a running execution; ConflictError if it has ended. NotFoundError."""
        execution = self.get(execution_id)
        if execution.status.ended:
            raise ConflictError(f"Execution '{execution_id}' has ended already: {execution.status.value}.")
        return self.stop(execution, "Cancelled", "the execution was cancelled")

    def stop(self, execution: Execution, error: str, cause: str) -> Execution:
        """Stop an execution, and how it stands then; one that has ended is left as it is."""
        return self._repairer.stop(execution, error, cause)

    def wait(self, execution_id: str, seconds: float) -> Execution:
        """The execution as soon as it ends, or as it stands after ``seconds``."""
        deadline = self.clock.now() + timedelta(seconds=seconds)
        look = FIRST_LOOK_SECONDS
        execution = self.executions.get(execution_id)
        while not execution.status.ended and self.clock.now() < deadline:
            self.clock.sleep(look)
            look = min(look * 1.3, MAX_LOOK_SECONDS)
            execution = self.executions.get(execution_id)
        return execution

    def retry(self, execution_id: str, asked: RetryRequest = RetryRequest()) -> tuple[Execution, bool]:
        """Try an execution again: the results that hold are kept, the rest runs.

        The new execution, and whether it is new. ConflictError if it runs, or if it has succeeded and neither
        its version nor its inputs are others now; as `start`.
        """
        earlier = self.get(execution_id)
        head = self.workflows.get_head(earlier.workflow_id)
        version = earlier.version if asked.version is None else choose_version(head, asked.version)
        check_retry(earlier, same=version == earlier.version and not asked.inputs)
        return self.start(asked.of(earlier, version, self._preparation.pins(earlier)))

    def retry_report(self, execution: Execution) -> RetryReport:
        """What a retry kept of the execution before it, and why the rest was not."""
        return self._retries.report(execution, self.document(execution).workflow)

    @property
    def _preparation(self) -> Preparation:
        return Preparation(
            self.executions, self.values, self.parts, self._retries, self.publish_part, self.clock
        )

    @property
    def _retries(self) -> RetryPlanner:
        return RetryPlanner(self.workflows, self.executions, self.values)

    def _inputs(self, request: StartRequest, workflow: Workflow, part: PartialRun | None) -> JsonObject:
        given, earlier = request.inputs, request.retry_of
        if earlier is not None:
            before = self.inputs_of(earlier)
            if request.version == earlier.version and not given:
                return before
            names = input_names(workflow)
            given = {name: value for name, value in before.items() if name in names} | given
        needed = None if part is None else part.inputs | part.runs
        return resolve_inputs(workflow, self.registry, given, needed=needed)

    def _started(self, execution: Execution) -> Execution:
        """The execution, whose start is repeated where nobody knows whether it came about."""
        if execution.execution_arn is not None or execution.status.ended:
            return execution
        version = self.document(execution)
        if execution.mode == "express" and has_begun(self.executions, execution, version.workflow):
            # Step Functions would run it a second time.
            return execution
        return self._start_machine(execution, version, None, may_repeat=True)

    def _admit(self, principal: Principal | None, execution_id: str) -> bool:
        if self.limits is None or principal is None:
            return False
        return self.limits.admit(principal, execution_id, self._has_ended)

    def _uncount(self, principal: Principal | None, execution_id: str | None = None) -> None:
        """An execution that was admitted did not begin; with its id, its place is given back too."""
        if self.limits is not None and principal is not None:
            self.limits.uncount(principal, execution_id)

    def _has_ended(self, execution_id: str) -> bool:
        """Whether it holds its place no more; one without a record may be about to be written."""
        try:
            return self.get(execution_id).status.ended
        except NotFoundError:
            return made_at(execution_id) < self.clock.now() - timedelta(seconds=LOST_SECONDS)

    def _record(
        self,
        request: StartRequest,
        head: WorkflowHead,
        version: WorkflowVersion,
        execution_id: str,
        inputs: JsonObject,
    ) -> Execution:
        pins = request.pins_as_json()
        try:
            claim = self.values.store(value_key(execution_id, "inputs"), inputs)
            pins_claim = self.values.store(value_key(execution_id, "pins"), pins) if pins else None
        except NodeError as error:
            raise RequestError(str(error), "inputs") from None
        return Execution(
            execution_id=execution_id,
            workflow_id=version.workflow_id,
            workflow_name=version.workflow.name,
            version=version.version,
            trigger=request.trigger,
            inputs={} if claim else inputs,
            inputs_claim=claim,
            started_at=self.clock.now(),
            timeout_seconds=version.workflow.settings.longest_seconds(version.mode),
            mode=version.mode,
            bypass_cache=request.bypass_cache,
            state_machine_version_arn=version.state_machine_version_arn,
            started_by=request.principal.subject if request.principal else None,
            owner=head.ownership.owner,
            groups=head.ownership.groups,
            trace_id=self.trace_id(),
            retry_of=request.retry_of.execution_id if request.retry_of else None,
            selection=request.selection,
            pins={} if pins_claim else pins,
            pins_claim=pins_claim,
            parent=request.parent or retried_parent(request.retry_of),
            retention_days=version.workflow.settings.retention_days or self.retention_days,
        )

    def _start_machine(
        self, execution: Execution, version: WorkflowVersion, part: PartialRun | None, *, may_repeat: bool
    ) -> Execution:
        """Start the state machine; an execution that cannot be started ends as failed, with the reason.

        ``may_repeat``: an Idempotency-Key stands for it, so it is left open for the request that comes again.
        """
        try:
            note_child(self.executions, execution)
            self._preparation.settle(execution, version.workflow, self.inputs_of(execution), part)
            arn = self.machines.start(
                execution.state_machine_version_arn or "", execution.execution_id, _task_input(execution)
            )
        except (NotFoundError, UnavailableError) as error:
            if may_repeat and isinstance(error, UnavailableError):
                raise UnavailableError(
                    f"Execution '{execution.execution_id}' could not be started; send the same request "
                    f"again. {error}"
                ) from error
            raise self._not_started(execution, error) from error
        # It runs: a note that cannot be taken is made up for when it is read (see _arn).
        with suppress(UnavailableError):
            self.executions.set_execution_arn(execution.execution_id, arn)
        # The kind alone: an id would make a metric of its own for every trigger.
        self.metrics.count("ExecutionsStarted", trigger=execution.trigger.partition(":")[0])
        return execution.model_copy(update={"execution_arn": arn})

    def _run_machine(self, execution: Execution, version: WorkflowVersion, part: PartialRun) -> Execution:
        """Run an express machine to its end, which it told by itself, or else ran out of time."""
        try:
            self._preparation.settle(execution, version.workflow, self.inputs_of(execution), part)
            self.metrics.count("ExecutionsStarted", trigger=execution.trigger.partition(":")[0])
            arn, ended = self.machines.run_express(
                execution.state_machine_version_arn or "", execution.execution_id, _task_input(execution)
            )
        except (NotFoundError, UnavailableError) as error:
            raise self._not_started(execution, error) from error
        with suppress(UnavailableError):
            self.executions.set_execution_arn(execution.execution_id, arn)
        self.finisher.finish(execution.execution_id, ended)
        return self.executions.get(execution.execution_id)

    def _not_started(self, execution: Execution, error: MiniN8nError) -> UnavailableError:
        """The execution ends as failed; what to tell. Should it run all the same, it comes too late."""
        told = ErrorInfo(type=type(error).__name__, message=f"{NOT_STARTED}: {error}")
        now = self.clock.now()
        self.executions.finish(execution.execution_id, ExecutionStatus.FAILED, now, error=told)
        self.finisher.release_place(execution)
        return UnavailableError(
            f"Execution '{execution.execution_id}' could not be started; start it again. {error}"
        )

    @property
    def _repairer(self) -> ExecutionRepairer:
        return ExecutionRepairer(
            self.workflows, self.executions, self.machines, self.finisher, self.clock, self.metrics
        )


def _task_input(execution: Execution) -> JsonObject:
    """What the state machine is started with."""
    named: JsonObject = ExecutionInput(
        execution_id=execution.execution_id, workflow_id=execution.workflow_id, version=execution.version
    ).model_dump()
    return named
