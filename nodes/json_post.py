"""Telling an address something: one guarded POST of JSON, for nodes whose own work is another."""

from __future__ import annotations

from engine.json_value import JsonObject, dump_json
from nodes.base import NodeContext, NodeError, RetryableNodeError
from nodes.http_exchange import Limits, exchange
from nodes.http_guard import Guard
from nodes.http_request import OutgoingRequest

TIMEOUT_SECONDS = 20.0
# What comes back is not read, and bounded all the same.
MAX_ANSWER_BYTES = 1_000_000


async def post_json(url: str, body: JsonObject, context: NodeContext, *, field: str) -> None:
    """Send the body; RetryableNodeError or NodeError when it was not taken, without a word of the body.

    It may come twice: whoever listens knows it by what stands in it.
    """
    request = OutgoingRequest(
        method="POST",
        url=url,
        query=(),
        headers=(("Content-Type", "application/json"),),
        content=dump_json(body).encode(),
        repeatable=True,
        secrets=(),
        secret_headers=frozenset(),
    )
    limits = Limits(TIMEOUT_SECONDS, None, MAX_ANSWER_BYTES)
    answer = await exchange(request, Guard(context.http.allowed_hosts), limits)
    if 200 <= answer.status_code < 300:
        return
    failed = (
        RetryableNodeError if answer.status_code in (408, 429) or answer.status_code >= 500 else NodeError
    )
    raise failed(f"{field}: the address answered {answer.status_code} {answer.reason}", field=field)
