from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from botocore.config import Config

from engine.adapters.bedrock import BedrockConverse
from engine.errors import NodeError, RetryableNodeError
from tests.unit.adapters.scripted_service import ScriptedService

REQUEST: dict[str, Any] = {
    "modelId": "amazon.nova-lite-v1:0",
    "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
}
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello yourself"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
    "metrics": {"latencyMs": 5},
}


@pytest.fixture
def converse(service: ScriptedService) -> BedrockConverse:
    return BedrockConverse(lambda: service.client("bedrock-runtime"))


def test_a_request_goes_out_and_the_answer_comes_back(
    service: ScriptedService, converse: BedrockConverse
) -> None:
    service.answers = [(200, ANSWER)]
    assert asyncio.run(converse(REQUEST)) == ANSWER
    assert service.requests == [
        ("/model/amazon.nova-lite-v1%3A0/converse", {"messages": REQUEST["messages"]})
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("ModelTimeoutException", 408),
        ("ModelErrorException", 424),
        ("ModelNotReadyException", 429),
        ("ServiceUnavailableException", 503),
        ("InternalServerException", 500),
    ],
)
def test_what_may_pass_is_retryable(
    service: ScriptedService, converse: BedrockConverse, code: str, status: int
) -> None:
    service.answers = [service.refuse(code, status)]
    with pytest.raises(RetryableNodeError) as error:
        asyncio.run(converse(REQUEST))
    assert str(error.value) == f"model 'amazon.nova-lite-v1:0': {code}: this is {code}"


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationException", 400), ("AccessDeniedException", 403), ("ResourceNotFoundException", 404)],
)
def test_what_is_refused_is_final(
    service: ScriptedService, converse: BedrockConverse, code: str, status: int
) -> None:
    service.answers = [service.refuse(code, status)]
    with pytest.raises(NodeError, match=code) as error:
        asyncio.run(converse(REQUEST))
    assert type(error.value) is NodeError


def test_a_request_that_makes_no_sense_is_final(converse: BedrockConverse) -> None:
    with pytest.raises(NodeError, match="nonsense") as error:
        asyncio.run(converse({**REQUEST, "nonsense": 1}))
    assert type(error.value) is NodeError


def test_a_service_that_is_not_there_may_come_back(
    service: ScriptedService, converse: BedrockConverse
) -> None:
    service.close()
    with pytest.raises(RetryableNodeError, match="no answer"):
        asyncio.run(converse(REQUEST))


def test_a_process_without_an_account_says_so(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")

    def client() -> Any:
        session = boto3.Session(region_name="us-east-1")
        return session.client("bedrock-runtime", endpoint_url=service.url, config=Config(connect_timeout=1))

    with pytest.raises(NodeError, match="credentials"):
        asyncio.run(BedrockConverse(client)(REQUEST))
