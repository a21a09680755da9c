"""The mends of moto's interpreter (moto 5.2.5), one defect a module.

Each has a canary test of the same name.
"""

from __future__ import annotations

import logging

from infra.local.asl.light_import import import_interpreter
from infra.local.asl.patches import (
    branch_errors,
    catch_all,
    choice_errors,
    distributed_failures,
    failure_logs,
    heartbeat,
    integer_percentage,
    json_paths,
    jsonata_evaluator,
    kept_threads,
    lambda_calls,
    lambda_errors,
    map_concurrency,
    map_recursion,
    parse_cache,
    request_casing,
    stopped_programs,
    task_tokens,
    time_scale,
    token_waits,
)
from infra.local.patch import Patch

INTERPRETER_PATCHES: tuple[Patch, ...] = (
    branch_errors.PATCH,
    catch_all.PATCH,
    choice_errors.PATCH,
    distributed_failures.PATCH,
    failure_logs.PATCH,
    heartbeat.PATCH,
    integer_percentage.PATCH,
    json_paths.PATCH,
    jsonata_evaluator.PATCH,
    kept_threads.PATCH,
    lambda_calls.PATCH,
    lambda_errors.PATCH,
    map_concurrency.PATCH,
    map_recursion.PATCH,
    parse_cache.PATCH,
    request_casing.PATCH,
    stopped_programs.PATCH,
    task_tokens.PATCH,
    time_scale.PATCH,
    token_waits.PATCH,
)


def apply_interpreter_patches() -> None:
    """Mend the interpreter in this process. Raises SeamMissingError when moto is another version."""
    import_interpreter()
    logging.getLogger("moto.stepfunctions.parser").setLevel(logging.CRITICAL)  # failures are in the history
    for patch in INTERPRETER_PATCHES:
        patch.apply()
