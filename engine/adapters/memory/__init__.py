"""Every port in memory: for tests, for examples, and for who wants an engine without AWS.

The adapters keep the same promises as those that stand on AWS (`tests/contract` runs one suite on both)
and may be used from several threads. Nothing survives the process.
"""

from __future__ import annotations

from engine.adapters.memory.api_key_store import MemoryApiKeyStore
from engine.adapters.memory.audit_store import MemoryAuditStore
from engine.adapters.memory.blob_store import MemoryBlobStore
from engine.adapters.memory.cache_store import MemoryCacheStore
from engine.adapters.memory.clock import ManualClock
from engine.adapters.memory.credential_store import MemoryCredentialStore, MemorySecretStore
from engine.adapters.memory.duration_store import MemoryDurationStore
from engine.adapters.memory.execution_store import MemoryExecutionStore
from engine.adapters.memory.latch_store import MemoryLatchStore
from engine.adapters.memory.limit_store import MemoryLimitStore
from engine.adapters.memory.metrics import MemoryMetrics
from engine.adapters.memory.state_machines import MemoryStateMachines, StartedExecution, TokenAnswer
from engine.adapters.memory.tally_store import MemoryTallyStore
from engine.adapters.memory.template_store import MemoryTemplateStore
from engine.adapters.memory.trigger_store import MemoryEventSources, MemoryTriggerStore
from engine.adapters.memory.workflow_store import MemoryWorkflowStore

__all__ = [
    "ManualClock",
    "MemoryApiKeyStore",
    "MemoryAuditStore",
    "MemoryBlobStore",
    "MemoryCacheStore",
    "MemoryCredentialStore",
    "MemoryDurationStore",
    "MemoryEventSources",
    "MemoryExecutionStore",
    "MemoryLatchStore",
    "MemoryLimitStore",
    "MemoryMetrics",
    "MemorySecretStore",
    "MemoryStateMachines",
    "MemoryTallyStore",
    "MemoryTemplateStore",
    "MemoryTriggerStore",
    "MemoryWorkflowStore",
    "StartedExecution",
    "TokenAnswer",
]
