from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from engine.errors import NodeConfigError, NodeError, RetryableNodeError
from engine.node import NodeContext
from infra.local.model_server import ModelServer
from nodes.llm_node import LlmNode
from tests.unit.nodes.node_bench import DictFiles, ListLogger, make_context, make_credential, run
from tests.unit.nodes.raw_server import RawServer, Reset, chunked, reply

PATH = "/v1/chat/completions"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "score": {"type": "integer", "minimum": 1}},
    "required": ["title", "score"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def context(models: ModelServer) -> NodeContext:
    return make_context(base_url=models.base_url)


@pytest.fixture(scope="module")
def shared_raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
def raw(shared_raw: RawServer) -> RawServer:
    shared_raw.received.clear()
    shared_raw.answers.clear()
    return shared_raw


def raw_context(raw: RawServer, **fields: Any) -> NodeContext:
    return make_context(base_url=f"{raw.origin}/v1", **fields)


def completion(content: Any = "hello", finish_reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion as OpenAI spells it."""
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "small-1",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def json_reply(value: Any, **options: Any) -> bytes:
    return reply(json.dumps(value).encode(), content_type="application/json", **options)


def sent(raw: RawServer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(raw.received[-1].body)
    return body


# --- asking ---


def test_a_prompt_is_answered_with_text_usage_and_model(context: NodeContext) -> None:
    values = run(LlmNode({"prompt": "Tell me about trees.", "model": "any-model"}), context).values

    text, usage = values["text"], values["usage"]
    assert values == {
        "output": text,
        "text": text,
        "usage": usage,
        "model": "any-model",
        "finish_reason": "stop",
    }
    assert "synthetic" in text
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


def test_everything_that_is_set_is_sent_and_nothing_else(raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion())
    config = {
        "prompt": "Why?",
        "system": "Be brief.",
        "model": "small",
        "temperature": 0,
        "max_tokens": 9,
    }

    run(LlmNode(config), raw_context(raw))

    assert sent(raw) == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
        "temperature": 0,
        "max_tokens": 9,
    }


def test_the_least_config_sends_the_prompt_to_the_default_model(raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion())

    run(LlmNode({"prompt": "Why?"}), raw_context(raw))

    assert sent(raw) == {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Why?"}]}


@pytest.mark.parametrize("named", [True, False])
def test_the_key_is_the_credentials_or_the_installations(named: bool, raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion())
    context = raw_context(raw, credential=make_credential("api_key", api_key="key-of-mine"))

    run(LlmNode({"prompt": "Why?", **({"credential": "mine"} if named else {})}), context)

    expected = "Bearer key-of-mine" if named else "Bearer key-of-the-models"
    assert raw.received[0].headers["authorization"] == expected


def test_without_any_key_the_error_says_where_to_put_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(NodeError, match="no key for the models; name a credential") as caught:
        run(LlmNode({"prompt": "Why?"}), make_context())

    assert (caught.value.node_id, caught.value.field) == ("call", "config.credential")


def test_a_credential_of_another_kind_is_refused(raw: RawServer) -> None:
    context = raw_context(raw, credential=make_credential("bearer", token="open sesame"))

    with pytest.raises(NodeError, match="takes one of kind api_key"):
        run(LlmNode({"prompt": "Why?", "credential": "mine"}), context)


def test_pictures_are_sent_by_address_or_out_of_the_store(raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion())
    context = raw_context(raw)
    assert isinstance(context.files, DictFiles)
    context.files.data["k1"] = b"\x89PNG"
    stored = {
        "key": "k1",
        "content_type": "image/png",
        "url": "https://x.test/k1",
        "name": "a",
        "size_bytes": 4,
    }

    run(LlmNode({"prompt": "What is this?", "images": ["https://x.test/a.png", stored]}), context)

    assert sent(raw)["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        }
    ]


# --- JSON ---


def test_a_json_answer_fits_its_schema(context: NodeContext) -> None:
    values = run(
        LlmNode({"prompt": "Rate it", "response_format": "json", "json_schema": SCHEMA}), context
    ).values

    jsonschema.validate(values["output"], SCHEMA)
    assert values["output"] == json.loads(values["text"])


def test_json_without_a_schema_is_asked_for_in_words_too(raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion('{"a": 1}'))

    values = run(LlmNode({"prompt": "Rate it", "response_format": "json"}), raw_context(raw)).values

    assert values["output"] == {"a": 1}
    assert sent(raw)["response_format"] == {"type": "json_object"}
    assert sent(raw)["messages"][0] == {"role": "system", "content": "Answer with JSON only."}


def test_json_in_a_fence_is_read(raw: RawServer) -> None:
    raw.answers[PATH] = json_reply(completion('```json\n{"a": 1}\n```\n'))

    assert run(LlmNode({"prompt": "json", "response_format": "json"}), raw_context(raw)).values["output"] == {
        "a": 1
    }


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (completion("Sure! Here you are."), RetryableNodeError, "is no JSON"),
        (completion('{"title": "a", "score": NaN}'), RetryableNodeError, "is no JSON"),
        (completion("[" * 5_000), RetryableNodeError, "is no JSON"),
        (completion('{"title": "a", "score": 0}'), RetryableNodeError, r"does not fit .* at \$.score"),
        (completion('{"title": "a"}'), RetryableNodeError, "'score' is a required property"),
        (completion('{"title": "a", "sc', "length"), NodeError, "cut at max_tokens; raise config.max_tokens"),
        (completion(None, refusal="I will not."), NodeError, "the model refused: I will not"),
        (completion("", "content_filter"), NodeError, "content filter"),
        (completion("", "length"), NodeError, "used up max_tokens before"),
        (completion(""), RetryableNodeError, "answered nothing"),
        (completion(None, "tool_calls"), RetryableNodeError, "answered nothing"),
    ],
)
def test_a_bad_answer_is_retryable_where_the_model_may_do_better(
    answer: dict[str, Any], kind: type[NodeError], message: str, raw: RawServer
) -> None:
    raw.answers[PATH] = json_reply(answer)

    with pytest.raises(NodeError, match=message) as caught:
        run(LlmNode({"prompt": "p", "response_format": "json", "json_schema": SCHEMA}), raw_context(raw))

    assert type(caught.value) is kind


def test_a_text_that_was_cut_is_a_result_with_a_warning(context: NodeContext) -> None:
    values = run(LlmNode({"prompt": "Tell me about trees.", "max_tokens": 2}), context).values

    assert isinstance(context.logger, ListLogger)
    assert (values["finish_reason"], values["usage"]["output_tokens"]) == ("length", 2)
    assert context.logger.lines == [
        "warning: the answer was cut at the limit of tokens; raise config.max_tokens"
    ]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "nonsense"}, "is no JSON Schema"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "refers to 'http://127.0.0.1:9/schema.json'"),
        ({"$ref": "file:///etc/passwd"}, "refers to 'file:///etc/passwd'"),
        ({"properties": {"title": {"pattern": "("}}}, "no regular expression|is no JSON Schema"),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_clear_error_and_fetches_nothing(
    schema: dict[str, Any], message: str, raw: RawServer
) -> None:
    raw.answers[PATH] = json_reply(completion('{"title": "a"}'))

    with pytest.raises(NodeError, match=message) as caught:
        run(LlmNode({"prompt": "p", "response_format": "json", "json_schema": schema}), raw_context(raw))

    assert (type(caught.value), caught.value.field) == (NodeError, "config.json_schema")


# --- servers that fail ---


@pytest.mark.parametrize(
    ("prompt", "kind", "seconds", "message"),
    [
        ("[[fault:429:7]]", RetryableNodeError, 7.0, "answered 429"),
        ("[[fault:500]]", RetryableNodeError, None, "answered 500"),
        ("[[fault:503:2]]", RetryableNodeError, 2.0, "answered 503"),
        ("[[fault:garbage]]", RetryableNodeError, None, "no chat completion"),
        ("[[fault:cut]]", RetryableNodeError, None, "no connection to the model server"),
        ("[[fault:400]]", NodeError, None, "answered 400"),
        ("[[fault:401]]", NodeError, None, "the key is not valid"),
        ("[[fault:403]]", NodeError, None, "may not use this model"),
        ("[[fault:404]]", NodeError, None, "check config.model"),
    ],
)
def test_a_fault_of_the_model_server_is_retryable_where_it_may_pass(
    prompt: str, kind: type[NodeError], seconds: float | None, message: str, context: NodeContext
) -> None:
    with pytest.raises(NodeError, match=message) as caught:
        run(LlmNode({"prompt": prompt}), context)

    assert type(caught.value) is kind
    assert getattr(caught.value, "retry_after_seconds", None) == seconds
    assert caught.value.node_id == "call"


def test_the_sdk_does_not_retry_by_itself(models: ModelServer, context: NodeContext) -> None:
    with pytest.raises(RetryableNodeError):
        run(LlmNode({"prompt": "[[fault:500]] counted once"}), context)

    assert models.ledger.count(prompt="counted once") == 1


def test_a_server_that_never_answers_is_given_up_within_the_nodes_time(models: ModelServer) -> None:
    context = make_context(base_url=models.base_url, timeout_seconds=0.4)

    with pytest.raises(RetryableNodeError, match=r"no complete answer within 0\.4 s"):
        run(LlmNode({"prompt": "[[fault:hang]]"}), context)


def test_an_answer_that_trickles_in_is_given_up_within_the_nodes_time(raw: RawServer) -> None:
    def spaces() -> Iterator[bytes]:
        while not raw.stopping.wait(0.05):
            yield b" "

    raw.answers[PATH] = lambda request: chunked(spaces())

    with pytest.raises(RetryableNodeError, match=r"no complete answer within 0\.4 s"):
        run(LlmNode({"prompt": "p"}), raw_context(raw, timeout_seconds=0.4))


def test_no_server_at_all_is_retryable() -> None:
    with RawServer() as gone:
        origin = gone.origin

    with pytest.raises(RetryableNodeError, match="no connection to the model server"):
        run(LlmNode({"prompt": "p"}), make_context(base_url=f"{origin}/v1"))


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_an_account_without_credit_is_final_though_it_answers_429(code: str, raw: RawServer) -> None:
    error = {"error": {"message": "You exceeded your quota.", "type": code, "code": code, "param": None}}
    raw.answers[PATH] = json_reply(error, status="429 Too Many Requests", retry_after="1")

    with pytest.raises(NodeError, match=r"out of credit; top it up .*: You exceeded your quota") as caught:
        run(LlmNode({"prompt": "p"}), raw_context(raw))

    assert type(caught.value) is NodeError


def test_the_wait_that_the_server_asks_for_may_be_a_date_or_milliseconds(raw: RawServer) -> None:
    busy = "429 Too Many Requests"
    raw.answers[PATH] = json_reply({}, status=busy, retry_after_ms="1500", retry_after="9")
    with pytest.raises(RetryableNodeError) as milliseconds:
        run(LlmNode({"prompt": "p"}), raw_context(raw))
    raw.answers[PATH] = json_reply(
        {},
        status=busy,
        retry_after="Wed, 21 Oct 2015 07:28:30 GMT",
        date="Wed, 21 Oct 2015 07:28:00 GMT",
    )
    with pytest.raises(RetryableNodeError) as date:
        run(LlmNode({"prompt": "p"}), raw_context(raw))

    assert (milliseconds.value.retry_after_seconds, date.value.retry_after_seconds) == (1.5, 30.0)


def test_a_bad_parameter_names_the_field_of_the_config(raw: RawServer) -> None:
    error = {"error": {"message": "Too hot.", "type": "invalid", "param": "temperature", "code": None}}
    raw.answers[PATH] = json_reply(error, status="400 Bad Request")

    with pytest.raises(NodeError, match="answered 400: Too hot") as caught:
        run(LlmNode({"prompt": "p", "temperature": 2}), raw_context(raw))

    assert caught.value.field == "config.temperature"


def test_a_key_that_the_server_repeats_is_masked(raw: RawServer) -> None:
    error = {"error": {"message": "Incorrect key: key-of-the-models.", "code": "invalid_api_key"}}
    raw.answers[PATH] = json_reply(error, status="401 Unauthorized")

    with pytest.raises(NodeError) as caught:
        run(LlmNode({"prompt": "p"}), raw_context(raw))

    assert str(caught.value) == (
        "the model server answered 401 (the key is not valid; store it again): Incorrect key: ***."
    )


def test_a_connection_that_is_reset_is_retryable(raw: RawServer) -> None:
    def reset(request: object) -> bytes:
        raise Reset

    raw.answers[PATH] = reset

    with pytest.raises(RetryableNodeError, match="no connection to the model server"):
        run(LlmNode({"prompt": "p"}), raw_context(raw))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": "none"}',
        b'{"choices": [7]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [{"message": {"content": "x"}}], "usage": "many"}',
        b'{"error": "but with status 200"}',
        b"<html>hello</html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_a_reply_that_makes_no_sense_is_retryable(body: bytes, content_type: str, raw: RawServer) -> None:
    raw.answers[PATH] = reply(body, content_type=content_type)

    with pytest.raises(RetryableNodeError, match="the model server's answer is no chat completion"):
        run(LlmNode({"prompt": "p"}), raw_context(raw))


def test_a_server_that_tells_little_is_understood(raw: RawServer) -> None:
    parts = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "hel"},
        {"type": "text", "text": "lo"},
    ]
    raw.answers[PATH] = json_reply({"choices": [{"message": {"content": parts}}]})

    assert run(LlmNode({"prompt": "p", "model": "m"}), raw_context(raw)).values == {
        "output": "hello",
        "text": "hello",
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
        "model": "m",
        "finish_reason": "stop",
    }


# --- Bedrock ---


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


# --- the form ---


def test_a_schema_for_a_text_is_refused() -> None:
    with pytest.raises(NodeConfigError, match="json_schema needs response_format 'json'"):
        LlmNode({"prompt": "p", "json_schema": SCHEMA})


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"prompt": "p"}, []),
        ({"json_schema": SCHEMA, "response_format": "json"}, []),
        ({"json_schema": SCHEMA, "response_format": "{{ form }}"}, []),
        ({"json_schema": {"type": "{{ kind }}"}, "response_format": "json"}, []),
        ({"json_schema": SCHEMA}, [("config.json_schema", "needs response_format 'json'")]),
    ],
)
def test_a_schema_is_checked_when_it_is_written_out(
    config: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert LlmNode.check_config(config) == problems


def test_a_schema_that_is_none_is_a_problem_of_the_document() -> None:
    ((field, message),) = LlmNode.check_config({"json_schema": {"type": "no"}, "response_format": "json"})

    assert (field, message.startswith("config.json_schema is no JSON Schema")) == ("config.json_schema", True)


def test_equal_questions_share_an_answer_for_a_day() -> None:
    assert (LlmNode.cache_ttl_seconds, LlmNode.version, LlmNode.reads_inputs, LlmNode.executor) == (
        86_400,
        1,
        False,
        "ai",
    )


def test_the_schemas_are_json_schemas_with_a_title_for_each_field() -> None:
    schema = LlmNode.get_config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(LlmNode.get_output_schema())

    assert all("title" in field and "description" in field for field in schema["properties"].values())
    assert schema["required"] == ["prompt"]
