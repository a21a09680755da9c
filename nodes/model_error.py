"""Errors of the openai SDK, told in our words: what may pass is retryable, what will not is final."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai

from nodes.base import NodeContext, NodeError, RetryableNodeError
from nodes.retry_after import read_retry_after
from nodes.secret_mask import SecretMask

MAX_MESSAGE_LENGTH = 500  # characters of what the server says
# 429s that waiting does not mend: the account is out of money
# (https://platform.openai.com/docs/guides/error-codes).
_LASTING_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
# Request Timeout and Conflict (a lock that was not released): the SDK itself would try these again.
_PASSING_STATUSES = frozenset({408, 409})


@asynccontextmanager
async def model_call(context: NodeContext, client: openai.AsyncOpenAI) -> AsyncIterator[None]:
    """A call of the SDK within the node's time, its errors as NodeError and RetryableNodeError.

    The key is masked in their messages.
    """
    try:
        # The SDK's own timeout is per read: an answer that trickles in would never end.
        async with asyncio.timeout(context.timeout_seconds):
            yield
    except TimeoutError:
        raise _explain_silence(context) from None
    except NodeError as error:
        error.node_id = context.node_id
        raise
    except openai.APITimeoutError:
        raise _explain_silence(context) from None
    except openai.OpenAIError as error:
        raise _translate(error, SecretMask([client.api_key]), context.node_id) from None


def _explain_silence(context: NodeContext) -> RetryableNodeError:
    return RetryableNodeError(
        f"the model server gave no complete answer within {context.timeout_seconds:g} s",
        node_id=context.node_id,
    )


def _translate(error: openai.OpenAIError, mask: SecretMask, node_id: str) -> NodeError:
    if isinstance(error, openai.APIConnectionError):
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        return RetryableNodeError(
            mask.mask_text(f"no connection to the model server{cause}"), node_id=node_id
        )
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error, mask, node_id)
    if isinstance(error, openai.APIError):
        message = f"the model server's answer makes no sense: {_shorten(error.message)}"
        return RetryableNodeError(mask.mask_text(message), node_id=node_id)
    return NodeError(mask.mask_text(f"the model could not be asked: {_shorten(str(error))}"), node_id=node_id)


def _translate_status(error: openai.APIStatusError, mask: SecretMask, node_id: str) -> NodeError:
    status = error.status_code
    said = mask.mask_text(_shorten(_find_message(error)))
    message = f"the model server answered {status}{_CURES.get(status, '')}: {said}"
    if error.code in _LASTING_CODES or error.type in _LASTING_CODES:
        message = f"the model account is out of credit; top it up or name another credential: {said}"
        return NodeError(message, node_id=node_id)
    if status == 429 or status >= 500 or status in _PASSING_STATUSES:
        wait = read_retry_after(error.response.headers)
        return RetryableNodeError(message, node_id=node_id, retry_after_seconds=wait)
    field = f"config.{error.param}" if error.param and status in (400, 422) else None
    return NodeError(message, node_id=node_id, field=field)


_CURES = {
    401: " (the key is not valid; store it again)",
    403: " (the key may not use this model)",
    404: " (no such model or job; check config.model)",
    413: " (the request is too large)",
}


def _find_message(error: openai.APIStatusError) -> str:
    """The sentence of OpenAI's error object; the SDK's own message repeats the whole body."""
    if isinstance(error.body, dict) and isinstance(error.body.get("message"), str):
        return str(error.body["message"])
    return error.message


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_MESSAGE_LENGTH else f"{line[:MAX_MESSAGE_LENGTH]}…"
