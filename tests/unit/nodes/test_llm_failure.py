from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.node import NodeContext
from infra.local.model_server import ModelServer
from nodes.llm_node import LlmNode
from tests.unit.nodes.node_bench import make_context, run
from tests.unit.nodes.raw_server import RawServer, chunked, json_reply, reply, reset

PATH = "/v1/chat/completions"


def raw_context(raw: RawServer, **fields: Any) -> NodeContext:
    return make_context(base_url=f"{raw.origin}/v1", **fields)


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
