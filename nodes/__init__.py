"""Node types, one file each. Nothing here imports boto3, FastAPI or an adapter."""

from __future__ import annotations

# Type name to module:Class; a node's module is imported when a workflow first uses the type.
BUILTIN_NODES = {
    "input": "nodes.input_node:InputNode",
    "llm": "nodes.llm_node:LlmNode",
    "image": "nodes.image_node:ImageNode",
    "video": "nodes.video_node:VideoNode",
    "http": "nodes.http_node:HttpNode",
    "conditional": "nodes.conditional_node:ConditionalNode",
    "switch": "nodes.switch_node:SwitchNode",
    "transform": "nodes.transform_node:TransformNode",
    "output": "nodes.output_node:OutputNode",
    "loop": "nodes.loop_node:LoopNode",
    "approval": "nodes.approval_node:ApprovalNode",
    "workflow": "nodes.workflow_node:WorkflowNode",
    "wait": "nodes.wait_node:WaitNode",
    "respond": "nodes.respond_node:RespondNode",
}
