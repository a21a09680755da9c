"""Stores on DynamoDB. Keys, indexes and attributes are described in each store's module.

What expires carries ``expires_at_epoch_seconds``; DynamoDB deletes it within days, the code at once.
"""

from __future__ import annotations

from engine.adapters.dynamodb.api_key_store import DynamoApiKeyStore
from engine.adapters.dynamodb.audit_store import DynamoAuditStore
from engine.adapters.dynamodb.cache_store import DynamoCacheStore
from engine.adapters.dynamodb.credential_store import DynamoCredentialStore
from engine.adapters.dynamodb.duration_store import DynamoDurationStore
from engine.adapters.dynamodb.execution_store import DynamoExecutionStore
from engine.adapters.dynamodb.latch_store import DynamoLatchStore
from engine.adapters.dynamodb.limit_store import DynamoLimitStore
from engine.adapters.dynamodb.tally_store import DynamoTallyStore
from engine.adapters.dynamodb.workflow_store import DynamoWorkflowStore

__all__ = [
    "DynamoApiKeyStore",
    "DynamoAuditStore",
    "DynamoCacheStore",
    "DynamoCredentialStore",
    "DynamoDurationStore",
    "DynamoExecutionStore",
    "DynamoLatchStore",
    "DynamoLimitStore",
    "DynamoTallyStore",
    "DynamoWorkflowStore",
]
