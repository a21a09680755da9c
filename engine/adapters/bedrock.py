"""Amazon Bedrock's Converse, for nodes that ask a model there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore import exceptions
from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, may_pass
from engine.errors import NodeError, RetryableNodeError
from engine.json_value import JsonObject

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient

# What may pass besides throttling and 5xx: ModelTimeoutException comes with 408, ModelErrorException with 424
# (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors).
PASSING_CODES = frozenset({"ModelTimeoutException", "ModelErrorException", "ModelNotReadyException"})


class BedrockConverse:
    """Keeps Converse's promise. ``client`` gives the SDK's client: made when a node first asks."""

    def __init__(self, client: Callable[[], BedrockRuntimeClient]) -> None:
        self._client = client

    async def __call__(self, request: JsonObject) -> JsonObject:
        """Send a request in a thread; RetryableNodeError when throttled or away, NodeError when refused."""
        return await asyncio.to_thread(self._send, request)

    def _send(self, request: JsonObject) -> JsonObject:
        model = request.get("modelId")
        try:
            answer: dict[str, Any] = dict(self._client().converse(**request))
        except ClientError as error:
            code = error_code(error)
            told = f"model '{model}': {code}: {error.response.get('Error', {}).get('Message', '')}"
            if may_pass(error) or code in PASSING_CODES:
                raise RetryableNodeError(told) from error
            raise NodeError(told) from error
        except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            raise RetryableNodeError(f"model '{model}': no answer ({type(error).__name__})") from error
        except (exceptions.ParamValidationError, exceptions.NoCredentialsError) as error:
            raise NodeError(f"model '{model}': {error}") from error
        answer.pop("ResponseMetadata", None)
        return answer
