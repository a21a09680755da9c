"""The workflow node: runs another workflow and takes its output; no function waits for it."""

from __future__ import annotations

from typing import Any

from engine.json_value import JsonObject
from nodes.base import (
    BaseNode,
    ChildExecution,
    Field,
    NodeConfig,
    NodeContext,
    NodeError,
    NodeInputs,
    NodeOutput,
    NodeResult,
    WorkflowReference,
)
from nodes.child_run import WorkflowId, WorkflowVersion, child_failure, read_reference, wait_for_child


class WorkflowConfig(NodeConfig):
    """Which workflow, which version of it, and its inputs."""

    workflow_id: WorkflowId
    version: WorkflowVersion = "live"
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        title="Inputs",
        description="Values of its input nodes, by name.",
        examples=[{"topic": "{{ subject.output }}"}],
        json_schema_extra={"x-widget": "json"},
    )


class WorkflowOutput(NodeOutput):
    """What the other workflow put out, and which execution that was."""

    output: Any = Field(description="Its outputs, by the names of its output nodes.")
    execution_id: str = Field(description="The execution that ran it.")
    workflow_id: str
    version: int = Field(description="The version that it ran.")


class WorkflowNode(BaseNode):
    """Starts an execution of another workflow, and goes on with its output once it has ended."""

    type = "workflow"
    title = "Workflow"
    description = "Runs another workflow with inputs, and takes its output. Stopped with this one."
    category = "flow"
    executor = "flow"
    polls = True
    wakes = True
    reads_inputs = False
    default_timeout_seconds = 31_536_000  # as long as an execution may take: the other has a limit of its own
    Config = WorkflowConfig
    Output = WorkflowOutput
    config: WorkflowConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Start the execution."""
        reference = WorkflowReference(self.config.workflow_id, self.config.version)
        execution_id = await context.workflows.start(reference, self.config.inputs, "run")
        context.logger.info(f"execution '{execution_id}' of workflow '{self.config.workflow_id}' started")
        return wait_for_child(execution_id, {})

    async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
        """Take the output of the execution, or wait on; NodeError when it did not succeed."""
        child = await context.workflows.find(str(state["execution_id"]))
        if not child.status.ended:
            return wait_for_child(child.execution_id, state)
        return self._take(child)

    def _take(self, child: ChildExecution) -> NodeResult:
        if (failure := child_failure(child)) is not None:
            raise NodeError(failure)
        return self.create_result(
            child.output,
            execution_id=child.execution_id,
            workflow_id=child.workflow_id,
            version=child.version,
        )

    @classmethod
    def workflow_of(cls, config: JsonObject) -> WorkflowReference | None:
        """What the config names."""
        return read_reference(config, config.get("inputs", {}))
