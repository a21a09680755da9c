from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from engine.errors import NodeConfigError, NodeError, RetryableNodeError
from engine.node import NodeContext
from nodes.llm_node import LlmNode
from tests.unit.nodes.node_bench import DictFiles, ListLogger, make_context, make_credential, run
from tests.unit.nodes.raw_server import RawServer, json_reply

PATH = "/v1/chat/completions"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "score": {"type": "integer", "minimum": 1}},
    "required": ["title", "score"],
    "additionalProperties": False,
}


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


def sent(raw: RawServer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(raw.received[-1].body)
    return body


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
