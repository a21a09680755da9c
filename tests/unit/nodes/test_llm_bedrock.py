from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NodeError, RetryableNodeError
from nodes.llm_node import LlmNode
from tests.unit.nodes.node_bench import make_context, run

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "score": {"type": "integer", "minimum": 1}},
    "required": ["title", "score"],
    "additionalProperties": False,
}


class Bedrock:
    """Converse with a prepared answer; keeps what was asked."""

    def __init__(self, text: str = "hello", stop: str = "end_turn") -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {
            "output": {
                "message": {"role": "assistant", "content": [{"reasoningContent": {}}, {"text": text}]}
            },
            "stopReason": stop,
            "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        }

    async def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return self.answer


def test_bedrock_is_asked_by_converse() -> None:
    bedrock = Bedrock()
    config = {
        "provider": "bedrock",
        "prompt": "Why?",
        "system": "Be brief.",
        "temperature": 0.5,
        "max_tokens": 9,
        "images": ["data:image/jpeg;base64,/9j/"],
    }

    values = run(LlmNode(config), make_context(converse=bedrock)).values

    assert bedrock.asked == [
        {
            "modelId": "amazon.nova-lite-v1:0",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "Why?"},
                        {"image": {"format": "jpeg", "source": {"bytes": b"\xff\xd8\xff"}}},
                    ],
                }
            ],
            "system": [{"text": "Be brief."}],
            "inferenceConfig": {"maxTokens": 9, "temperature": 0.5},
        }
    ]
    assert values == {
        "output": "hello",
        "text": "hello",
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        "model": "amazon.nova-lite-v1:0",
        "finish_reason": "stop",
    }


def test_what_is_asked_of_bedrock_is_what_boto3_takes() -> None:
    from botocore.session import Session
    from botocore.validate import ParamValidator

    bedrock = Bedrock('{"title": "a", "score": 1}')
    config = {
        "provider": "bedrock",
        "prompt": "p",
        "response_format": "json",
        "json_schema": SCHEMA,
        "max_tokens": 9,
        "images": ["data:image/png;base64,iVBORw=="],
    }
    run(LlmNode(config), make_context(converse=bedrock))

    shape = Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    assert ParamValidator().validate(bedrock.asked[0], shape).generate_report() == ""
    assert '"score"' in bedrock.asked[0]["system"][0]["text"]


@pytest.mark.parametrize(
    ("bedrock", "kind", "message"),
    [
        (Bedrock("no json"), RetryableNodeError, "is no JSON"),
        (Bedrock('{"a', "max_tokens"), NodeError, "cut at max_tokens"),
        (Bedrock("", "guardrail_intervened"), NodeError, "content filter"),
        (Bedrock("", "malformed_model_output"), RetryableNodeError, "answered nothing"),
    ],
)
def test_a_bad_answer_of_bedrock_is_judged_alike(
    bedrock: Bedrock, kind: type[NodeError], message: str
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        run(
            LlmNode({"provider": "bedrock", "prompt": "p", "response_format": "json"}),
            make_context(converse=bedrock),
        )

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("image", "message"),
    [("https://x.test/a.png", "Bedrock takes no addresses"), ("data:image/png;base64,%%%", "no base64")],
)
def test_bedrock_takes_no_pictures_by_address(image: str, message: str) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        run(
            LlmNode({"provider": "bedrock", "prompt": "p", "images": [image]}),
            make_context(converse=Bedrock()),
        )

    assert caught.value.field == "config.images"


def test_without_bedrock_the_error_names_the_model() -> None:
    with pytest.raises(NodeError, match=r"model 'amazon\.nova-lite-v1:0' cannot be reached"):
        run(LlmNode({"provider": "bedrock", "prompt": "p"}), make_context())
