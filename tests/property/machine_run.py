"""Runs a workflow as it would run: compiled, on an interpreter of ASL, by the real runner, in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
from engine.execution import Execution, NodeRun
from engine.json_value import JsonObject, dump_json
from engine.ports import WorkflowHead, WorkflowVersion
from engine.registry import NodeRegistry
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.service import ExecutionFinisher
from engine.service.express import told_end
from engine.task import FinishTask, Task
from engine.values import ValueStore
from engine.workflow import Workflow
from infra.local.asl import AslExecution, run_definition
from tests.property.flow_world import FlowWorld, ScriptedDesk, ScriptedStarter

EXECUTION_ID, WORKFLOW_ID = "exe_1", "wf_1"
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


class _Executor:
    """Answers the machine's calls with the real runner, and watches the order."""

    def __init__(self, workflow: Workflow, registry: NodeRegistry) -> None:
        clock, blobs = ManualClock(), MemoryBlobStore()
        self.executions = MemoryExecutionStore(clock)
        self.too_early: list[str] = []
        self._workflow, self._lock = workflow, Lock()
        workflows = MemoryWorkflowStore()
        now = clock.now()
        workflows.commit(
            WorkflowHead(WORKFLOW_ID, workflow.name, 1, 1, now, now, len(workflow.nodes)),
            WorkflowVersion(WORKFLOW_ID, 1, workflow, now, "", ""),
            None,
        )
        self.executions.create(
            Execution(
                execution_id=EXECUTION_ID,
                workflow_id=WORKFLOW_ID,
                workflow_name=workflow.name,
                version=1,
                started_at=now,
                timeout_seconds=60,
            )
        )
        self._clock, values = clock, ValueStore(blobs)
        self._finisher = ExecutionFinisher(workflows, self.executions, values, clock, MemoryMetrics())
        stores = Stores(workflows, self.executions, MemoryCacheStore(), values)
        world = FlowWorld(self.executions, clock, self._wake)
        contexts = ContextMaker(
            MemoryCredentialStore(),
            blobs,
            clock,
            NodeEnvironment(public_url="http://test"),
            starter=ScriptedStarter(world),
            desk=ScriptedDesk(world),
        )
        self._runner = Runner(
            stores,
            registry,
            contexts,
            clock,
            MemoryMetrics(),
            answer_token=self._answer,
            latches=MemoryLatchStore(),
        )

    def begin(self, execution: AslExecution) -> None:
        """What the tokens are of."""
        self._execution = execution

    def _wake(self, name: str) -> None:
        token = self.executions.wake(EXECUTION_ID, name)
        if token is not None:
            self._answer(token, {})

    def _answer(self, token: str, output: JsonObject) -> bool:
        return self._execution.send_task_success(token, dump_json(output))

    def invoke(self, function: str, payload: Any) -> Any:
        """Answer one Task."""
        del function
        if payload.get("step") == "finish":
            task = FinishTask.model_validate(payload)
            return {"finished": self._finisher.finish(task.execution_id, told_end(task, self._clock.now()))}
        task = Task.model_validate(payload)
        self._clock.advance(TASK_SECONDS)
        if task.step in ("run", "expand"):
            for position, node_id in enumerate(task.nodes):
                self._check_order(node_id, set(task.nodes[:position]))
        return self._runner.run(task).as_payload()

    def runs(self) -> dict[str, NodeRun]:
        """The node runs that were recorded."""
        return {run.node_id: run for run in self.executions.list_node_runs(EXECUTION_ID).items}

    def items(self) -> dict[str, list[NodeRun]]:
        """The item runs of each for_each node."""
        return {
            node.id: list(self.executions.list_node_runs(EXECUTION_ID, node_id=node.id).items)
            for node in self._workflow.nodes
            if node.for_each is not None
        }

    def _check_order(self, node_id: str, before: set[str]) -> None:
        """``before``: nodes that the same Task runs first."""
        sources = {c.source for c in self._workflow.connections if c.target == node_id} - before
        _, found = self.executions.read_nodes(EXECUTION_ID, [(source, None) for source in sources])
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
    executor = _Executor(workflow, registry)
    start = {"execution_id": EXECUTION_ID, "workflow_id": WORKFLOW_ID, "version": 1}
    succeeded, events = interpret(compiled.definition, start, executor)
    execution = executor.executions.get(EXECUTION_ID)
    return MachineRun(succeeded, executor.runs(), events, execution, executor.items(), executor.too_early)
