"""What stands before the first Task of an execution: its machine, and the records that nothing runs for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import DocumentError
from engine.execution import Execution, NodeRun, node_value_key
from engine.json_value import JsonObject
from engine.ports import Clock, ExecutionStore, WorkflowHead
from engine.service.partial_run import PartialRun, PartialRunPlanner
from engine.service.retry import RetryPlanner
from engine.service.shared_results import hold_results
from engine.settled import settled_runs
from engine.values import ValueStore
from engine.workflow import Pin, Workflow

# What a plan says of costs; see `engine.service.cost`.
_PLANNED = ("state_transitions", "lambda_invocations", "per_item")

PublishPart = Callable[[WorkflowHead, Workflow, str], tuple[str, JsonObject]]
"""Makes a machine of a part of a workflow for an execution: the ARN of its version, and its report."""


@dataclass(frozen=True)
class Preparation:
    """Prepares executions; the same again when a start is repeated."""

    executions: ExecutionStore
    values: ValueStore
    parts: PartialRunPlanner
    retries: RetryPlanner
    publish: PublishPart
    clock: Clock

    def pins(self, execution: Execution) -> dict[str, Pin]:
        """The pinned results that were given with its request."""
        stored = self.values.load(execution.pins, execution.pins_claim)
        return {name: Pin.model_validate(pin) for name, pin in stored.items()}

    def left_of(
        self, execution: Execution, workflow: Workflow, chosen: PartialRun | None = None
    ) -> PartialRun:
        """What runs: all of the workflow or what its selection says, but for what a retry keeps.

        ``chosen`` is what the selection comes to, where that is known.
        """
        if execution.selection.target is None:
            part = PartialRun.whole(workflow)
        else:
            part = chosen or self.parts.plan(workflow, execution.selection, self.pins(execution))
        if execution.retry_of is None:
            return part
        return part.keeping(self.retries.kept_runs(execution, workflow))

    def with_machine(
        self, execution: Execution, head: WorkflowHead, workflow: Workflow, part: PartialRun
    ) -> Execution:
        """The execution on a machine of its own where only a part runs: a standard one, whatever it was."""
        selects = execution.selection.target is not None
        if not selects and part.runs == PartialRun.whole(workflow).runs:
            return execution
        try:
            arn, report = self.publish(head, part.part_of(workflow), execution.execution_id)
        except DocumentError:
            if selects:
                raise
            # Over a limit by itself, as a standard machine of what was an express one may be: the machine
            # of the whole does the same, since executors go by the records.
            return execution
        machine = {
            "state_machine_version_arn": arn,
            "own_plan": {name: report[name] for name in _PLANNED if name in report},
            "mode": "standard",
            "timeout_seconds": workflow.settings.longest_seconds("standard"),
        }
        return execution.model_copy(update=machine)

    def settle(
        self, execution: Execution, workflow: Workflow, inputs: JsonObject, part: PartialRun | None = None
    ) -> None:
        """Record what is known before anything runs: what input nodes give, and all that does not run."""
        hold_results(self.executions, execution)
        part = part or self.left_of(execution, workflow)
        settled = settled_runs(workflow, execution.execution_id, inputs, self.clock.now())
        runs = [run for run in settled if run.node_id in part.inputs]
        runs += part.records(workflow, execution)
        self.executions.finish_nodes([self._with_claim(run) for run in runs])

    def _with_claim(self, run: NodeRun) -> NodeRun:
        if run.result is None or run.kept_from is not None:
            return run
        claim = self.values.store(node_value_key(run, "result"), run.result)
        return run.model_copy(update={"result": None, "claim": claim}) if claim else run
