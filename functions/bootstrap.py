"""The composition root: the only place that builds adapters. Everything replaceable is an argument."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pydantic import SecretStr

from engine.adapters.aws_clients import AwsClients
from engine.adapters.bedrock import BedrockConverse
from engine.adapters.dynamodb import (
    DynamoCacheStore,
    DynamoCredentialStore,
    DynamoExecutionStore,
    DynamoWorkflowStore,
)
from engine.adapters.powertools_metrics import PowertoolsMetrics
from engine.adapters.s3 import S3BlobStore
from engine.adapters.secrets import SecretsManagerStore
from engine.adapters.step_functions import StepFunctionsMachines
from engine.adapters.system_clock import SystemClock
from engine.node import HttpSettings, ModelSettings
from engine.registry import NodeRegistry
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.service import CredentialService, ExecutionFinisher, ExecutionService, WorkflowService
from engine.settings import Settings, read_settings
from engine.values import ValueStore
from functions.telemetry import metrics
from nodes import BUILTIN_NODES
