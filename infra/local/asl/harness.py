"""Run a definition in this process: Lambda is a Python callable, time hardly passes, nothing is served."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.asl.interpreter import AslExecution, AslOutcome, ExecutionRequest
from infra.local.asl.run_settings import Invoke, RunSettings
from infra.local.asl.validation import InvalidDefinitionError, definition_problems

_ACCOUNT = "000000000000"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/state-machines"


def run_definition(
    definition: Mapping[str, Any],
    input: Any,
    invoke: Invoke,
    *,
    time_scale: float = 0.0,
    name: str | None = None,
    on_start: Callable[[AslExecution], None] | None = None,
) -> AslOutcome:
    """Run a state machine to its end and return how it ended.

    ``invoke(function, payload)`` answers every Lambda task, whether its resource is a function ARN or
    ``arn:aws:states:::lambda:invoke``; it is called from the interpreter's threads, at the same time for
    parallel branches. What it raises becomes a function error named by its class, or by its ``error_type``
    attribute. ``time_scale`` multiplies waits and retry intervals (0: none). ``on_start`` is given the
    execution before it begins: it can be stopped and its task tokens answered from any thread. Raises
    InvalidDefinitionError.
    """
    text = json.dumps(definition)
    problems = definition_problems(text)
    if problems:
        raise InvalidDefinitionError(problems)
    name = name or str(uuid.uuid4())
    prefix = f"arn:aws:states:us-east-1:{_ACCOUNT}"
    request = ExecutionRequest(
        execution_arn=f"{prefix}:execution:harness:{name}",
        name=name,
        input=copy.deepcopy(input),
        start_date="2026-01-01T00:00:00.000Z",
        machine_arn=f"{prefix}:stateMachine:harness",
        machine_name="harness",
        machine_type="STANDARD",
        role_arn=_ROLE,
        definition=text,
    )
    execution = AslExecution(request, RunSettings(time_scale=time_scale, invoke=invoke))
    if on_start is not None:
        on_start(execution)
    return execution.run()
