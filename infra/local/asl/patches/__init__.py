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
    component_text,
    context_text,
    distributed_children,
    distributed_failures,
    failure_logs,
    heartbeat,
    integer_percentage,
    json_paths,
    jsonata_evaluator,
    kept_threads,
    known_lexemes,
    lambda_calls,
    lambda_errors,
    map_concurrency,
    map_recursion,
    parse_cache,
    quick_prediction,
    request_casing,
    stopped_programs,
    task_tokens,
    time_scale,
    token_waits,
    uncollected_parse,
)
from infra.local.patch import Patch

INTERPRETER_PATCHES: tuple[Patch, ...] = (
    branch_errors.PATCH,
    catch_all.PATCH,
    choice_errors.PATCH,
    component_text.PATCH,
    context_text.PATCH,
    distributed_children.PATCH,
    distributed_failures.PATCH,
    failure_logs.PATCH,
    heartbeat.PATCH,
    integer_percentage.PATCH,
    json_paths.PATCH,
    jsonata_evaluator.PATCH,
    kept_threads.PATCH,
    known_lexemes.PATCH,
    lambda_calls.PATCH,
    lambda_errors.PATCH,
    map_concurrency.PATCH,
    map_recursion.PATCH,
    uncollected_parse.PATCH,  # under the lock of the next
    parse_cache.PATCH,
    quick_prediction.PATCH,
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
