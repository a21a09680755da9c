"""The authors' door: everything that a node type needs, from one place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from engine.approval import Approval, ApprovalLinks, Question
from engine.child import ChildExecution, WorkflowReference
from engine.errors import NodeError, RetryableNodeError
from engine.node import (
    BaseNode,
    Credential,
    NodeConfig,
    NodeContext,
    NodeInputs,
    NodeOutput,
    NodeResult,
    StoredFile,
)
from engine.workflow import Retry

# A config field of this type holds the name of a stored credential; the runner fetches that one alone.
CredentialName = Annotated[
    str, Field(min_length=1, max_length=128, json_schema_extra={"x-widget": "credential"})
]

__all__ = [
    "BaseNode",
    "NodeConfig",
    "NodeOutput",
    "NodeResult",
    "NodeContext",
    "NodeInputs",
    "NodeError",
    "RetryableNodeError",
    "Credential",
    "CredentialName",
    "StoredFile",
    "Approval",
    "ApprovalLinks",
    "Question",
    "ChildExecution",
    "WorkflowReference",
    "Retry",
    "Field",
]
