"""The mends of MiniStack (ministack 1.5.33), one defect a module; each has a canary test of the same name."""

from __future__ import annotations

from infra.local.aws.lambda_pool.code_store import CodeStore
from infra.local.aws.lambda_pool.pool import LambdaPool
from infra.local.aws.options import ServerOptions
from infra.local.aws.patches import (
    dead_letter_messages,
    definition_checks,
    event_delivery,
    execution_details,
    execution_engine,
    expression_checks,
    http_api_body,
    http_api_preflight,
    http_api_proxy,
    interrupted_executions,
    lambda_executor,
    lambda_log_streams,
    lambda_requests,
    loading,
    machine_versions,
    schedule_rate,
    schedule_times,
    service_clients,
    status_events,
    table_expiry,
)
from infra.local.aws.task_queue import TaskQueue
from infra.local.patch import Patch


def server_patches(
    options: ServerOptions, endpoint: str, pool: LambdaPool, code: CodeStore
) -> tuple[Patch, ...]:
    """Return the patches of the server. MiniStack's settings must be in the environment by then."""
    return (
        dead_letter_messages.PATCH,
        definition_checks.PATCH,
        event_delivery.PATCH,
        execution_details.PATCH,
        execution_engine.patch(options.time_scale, TaskQueue(waiting_requests=lambda: pool.waiting_requests)),
        expression_checks.PATCH,
        http_api_preflight.PATCH,
        http_api_proxy.PATCH,
        interrupted_executions.PATCH,
        lambda_executor.patch(pool, code),
        lambda_log_streams.PATCH,
        lambda_requests.PATCH,
        loading.patch(
            {
                "cloudformation": (http_api_body.PATCH, table_expiry.PROVISIONER),
                "dynamodb": (table_expiry.REAPER,),
            }
        ),
        machine_versions.PATCH,
        schedule_rate.patch(options.time_scale),
        schedule_times.PATCH,
        service_clients.patch(endpoint),
        status_events.PATCH,
    )
