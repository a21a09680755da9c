"""API Gateway's thirty seconds begin when the function does."""

from __future__ import annotations

import asyncio
from typing import Any

from infra.local.aws.lambda_pool.caller import Caller
from infra.local.aws.patches.http_api_proxy import wait_for_answer

ANSWER: dict[str, Any] = {"body": '{"statusCode": 204}'}


async def _ask(queue_seconds: float, run_seconds: float, limit_seconds: float) -> int:
    caller = Caller(is_request=True)

    async def call() -> dict[str, Any]:
        caller.join()
        await asyncio.sleep(queue_seconds)
        caller.take_turn()
        await asyncio.sleep(run_seconds)
        return ANSWER

    return (await wait_for_answer(asyncio.ensure_future(call()), caller, limit_seconds))[0]


def test_the_time_in_the_queue_does_not_count() -> None:
    assert asyncio.run(_ask(queue_seconds=2.5, run_seconds=0.0, limit_seconds=2.0)) == 204


def test_the_time_of_the_function_counts_after_a_queue_too() -> None:
    assert asyncio.run(_ask(queue_seconds=0.5, run_seconds=30.0, limit_seconds=0.3)) == 503
