"""Runs a workflow as it would run: compiled, on an interpreter of ASL, by the real runner, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from engine.adapters.memory import (
    ManualClock,
    MemoryBlobStore,
    MemoryCacheStore,
    MemoryCredentialStore,
    MemoryExecutionStore,
    MemoryLatchStore,
    MemoryMetrics,
    MemoryWorkflowStore,
)
from engine.compiler import Compiled
from engine.execution import Execution, ExecutionStatus, NodeRun
from engine.json_value import JsonObject, dump_json
from engine.machine import MachineExecution
from engine.ports import WorkflowHead, WorkflowVersion
from engine.registry import NodeRegistry
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.service.express import told_end
from engine.service.finish import ExecutionFinisher
from engine.service.partial_run import PartialRunPlanner
from engine.service.preparation import Preparation
from engine.service.retry import RetryPlanner
from engine.task import FinishTask, Task
from engine.values import ValueStore
from engine.workflow import Workflow
from infra.local.asl import AslExecution, run_definition
from tests.property.flow_world import FlowWorld, ScriptedDesk, ScriptedStarter

WORKFLOW_ID = "wf_1"
# Between two calls, so that moments come; all of them together within the shortest timeout of a poll.
TASK_SECONDS = 0.01


@dataclass
class MachineRun:
    """What one execution came to."""

    succeeded: bool
    runs: dict[str, NodeRun]
    events: int
    """Of the history; 0 from an interpreter that keeps none."""
    execution: Execution
    """Its record, which an express machine ends by itself."""
    items: dict[str, list[NodeRun]]
    too_early: list[str] = field(default_factory=list)
    """Nodes whose Task came before all of their sources had ended."""
    called: list[str] = field(default_factory=list)
    """Nodes that a Task was there for."""


@dataclass
class World:
    """What outlives an execution."""

    clock: ManualClock = field(default_factory=ManualClock)
    blobs: MemoryBlobStore = field(default_factory=MemoryBlobStore)
    workflows: MemoryWorkflowStore = field(default_factory=MemoryWorkflowStore)

    def __post_init__(self) -> None:
        self.executions = MemoryExecutionStore(self.clock)
        self.values = ValueStore(self.blobs)

    def save(self, workflow: Workflow, version: int) -> WorkflowHead:
        """The workflow as its next version."""
        now = self.clock.now()
        head = WorkflowHead(WORKFLOW_ID, workflow.name, version, version, now, now, len(workflow.nodes))
        saved = WorkflowVersion(WORKFLOW_ID, version, workflow, now, "", "")
        self.workflows.commit(head, saved, version - 1 or None)
        return head

    def execution(self, workflow: Workflow, version: int, **more: Any) -> Execution:
        """The record of an execution of that version."""
        return Execution(
            execution_id=f"exe_{version}",
            workflow_id=WORKFLOW_ID,
            workflow_name=workflow.name,
            version=version,
            started_at=self.clock.now(),
            timeout_seconds=60,
            **more,
        )


class _Executor:
    """Answers the machine's calls with the real runner, and watches the order."""

    def __init__(
        self, workflow: Workflow, registry: NodeRegistry, world: World, execution: Execution
    ) -> None:
        self.executions, self.execution_id = world.executions, execution.execution_id
        self.too_early: list[str] = []
        self.called: list[str] = []
        self._workflow, self._lock = workflow, Lock()
        self._clock = world.clock
        self.finisher = ExecutionFinisher(
            world.workflows, self.executions, world.values, world.clock, MemoryMetrics()
        )
        stores = Stores(world.workflows, self.executions, MemoryCacheStore(), world.values)
        flow = FlowWorld(self.executions, world.clock, self._wake)
        contexts = ContextMaker(
            MemoryCredentialStore(),
            world.blobs,
            world.clock,
            NodeEnvironment(public_url="http://test"),
            starter=ScriptedStarter(flow),
            desk=ScriptedDesk(flow),
        )
        self._runner = Runner(
            stores,
            registry,
            contexts,
            world.clock,
            MemoryMetrics(),
            answer_token=self._answer,
            latches=MemoryLatchStore(),
        )

    def begin(self, execution: AslExecution) -> None:
        """What the tokens are of."""
        self._execution = execution

    def _wake(self, name: str) -> None:
        token = self.executions.wake(self.execution_id, name)
        if token is not None:
            self._answer(token, {})

    def _answer(self, token: str, output: JsonObject) -> bool:
        return self._execution.send_task_success(token, dump_json(output))

    def invoke(self, function: str, payload: Any) -> Any:
        """Answer one Task."""
        del function
        if payload.get("step") == "finish":
            task = FinishTask.model_validate(payload)
            return {"finished": self.finisher.finish(task.execution_id, told_end(task, self._clock.now()))}
        task = Task.model_validate(payload)
        self._clock.advance(TASK_SECONDS)
        if task.step in ("run", "expand"):
            self.called.extend(task.nodes)
            for position, node_id in enumerate(task.nodes):
                self._check_order(node_id, set(task.nodes[:position]))
        return self._runner.run(task).as_payload()

    def runs(self) -> dict[str, NodeRun]:
        """The node runs that were recorded."""
        return {run.node_id: run for run in self.executions.list_node_runs(self.execution_id).items}

    def items(self) -> dict[str, list[NodeRun]]:
        """The item runs of each for_each node."""
        return {
            node.id: list(self.executions.list_node_runs(self.execution_id, node_id=node.id).items)
            for node in self._workflow.nodes
            if node.for_each is not None
        }

    def _check_order(self, node_id: str, before: set[str]) -> None:
        """``before``: nodes that the same Task runs first."""
        sources = {c.source for c in self._workflow.connections if c.target == node_id} - before
        _, found = self.executions.read_nodes(self.execution_id, [(source, None) for source in sources])
        if any((source, None) not in found or not found[source, None].status.ended for source in sources):
            with self._lock:
                self.too_early.append(node_id)


def interpret_in_process(definition: Any, start: Any, executor: _Executor) -> tuple[bool, int]:
    """Moto's interpreter, as the local AWS has it."""
    outcome = run_definition(definition, start, executor.invoke, on_start=executor.begin)
    return outcome.status == "SUCCEEDED", len(outcome.events)


def run_machine(
    workflow: Workflow,
    compiled: Compiled,
    registry: NodeRegistry,
    interpret: Callable[[Any, Any, _Executor], tuple[bool, int]] = interpret_in_process,
) -> MachineRun:
    """Run a compiled workflow to its end; ``interpret`` answers whether it succeeded, and its events."""
    world = World()
    world.save(workflow, 1)
    execution = world.execution(workflow, 1)
    world.executions.create(execution)
    return _run(_Executor(workflow, registry, world, execution), compiled, 1, interpret)


def run_and_retry(
    first: Workflow, second: Workflow, compiler: Callable[[Workflow], Compiled], registry: NodeRegistry
) -> tuple[MachineRun, MachineRun, Compiled]:
    """Run a workflow, and try that again by a second version: both runs, and the second's machine."""
    world = World()
    world.save(first, 1)
    failed = world.execution(first, 1)
    world.executions.create(failed)
    executor = _Executor(first, registry, world, failed)
    earlier = _run(executor, compiler(first), 1, interpret_in_process)
    now = world.clock.now()
    status = ExecutionStatus.SUCCEEDED if earlier.succeeded else ExecutionStatus.FAILED
    executor.finisher.finish(failed.execution_id, MachineExecution(status, now, now))
    # What ran on while the machine ended counts until then.
    earlier = replace(earlier, runs=executor.runs())
    head = world.save(second, 2)
    published: list[Compiled] = []

    def publish(_: WorkflowHead, part: Workflow, execution_id: str) -> tuple[str, JsonObject]:
        published.append(compiler(part))
        return f"arn:{execution_id}", published[0].report

    preparation = Preparation(
        world.executions,
        world.values,
        PartialRunPlanner(world.executions, registry),
        RetryPlanner(world.workflows, world.executions, world.values),
        publish,
        world.clock,
    )
    execution = world.execution(second, 2, retry_of=failed.execution_id)
    part = preparation.left_of(execution, second)
    execution = preparation.with_machine(execution, head, second, part)
    world.executions.create(execution)
    preparation.settle(execution, second, {}, part)
    machine = published[0] if published else compiler(second)
    retried = _Executor(second, registry, world, execution)
    return earlier, _run(retried, machine, 2, interpret_in_process), machine


def _run(
    executor: _Executor,
    compiled: Compiled,
    version: int,
    interpret: Callable[[Any, Any, _Executor], tuple[bool, int]],
) -> MachineRun:
    start = {"execution_id": executor.execution_id, "workflow_id": WORKFLOW_ID, "version": version}
    succeeded, events = interpret(compiled.definition, start, executor)
    execution = executor.executions.get(executor.execution_id)
    runs, items = executor.runs(), executor.items()
    return MachineRun(succeeded, runs, events, execution, items, executor.too_early, executor.called)
