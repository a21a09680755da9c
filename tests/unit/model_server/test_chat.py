from __future__ import annotations

from typing import Any, Literal

import httpx
import pytest
from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI
from pydantic import BaseModel, ConfigDict

from infra.local.model_server import ModelServer

MODEL = "synthetic-chat"
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def say(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_the_same_request_gets_the_same_bytes(web: httpx.Client) -> None:
    body = {"model": MODEL, "messages": say("Write a blog post about: AI in Healthcare")}
    first, second = (web.post("/v1/chat/completions", json=body) for _ in range(2))
    assert first.status_code == 200
    assert first.content == second.content


def test_a_blog_post_names_its_topic_and_says_that_it_is_synthetic(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=say("Write a blog post about: AI in Healthcare")
    )
    lines = (answer.choices[0].message.content or "").split("\n")
    assert lines[0] == "[synthetic answer] # AI in Healthcare"
    assert [line for line in lines if line.startswith("## ")] == [
        "## Why AI matters",
        "## What to know about healthcare",
        "## AI in practice",
    ]


@pytest.mark.parametrize(
    ("prompt", "start"),
    [
        ("Give me a title for: solar roofs", "[synthetic answer] "),
        ("Summarize: The reef is growing again after years of care.", "[synthetic answer] In short: "),
        ("Write a storyboard about: a lighthouse", "[synthetic answer] A lighthouse\n\nScene 1: "),
        ("List ideas about: city gardens", "[synthetic answer] City gardens\n\n1. City. "),
        (
            "Write an image prompt for a quiet harbour",
            "[synthetic answer] A detailed picture of a quiet harbour",
        ),
        ("Hello", "[synthetic answer] "),
    ],
)
def test_every_form_of_answer_begins_with_the_mark(client: OpenAI, prompt: str, start: str) -> None:
    answer = (
        client.chat.completions.create(model=MODEL, messages=say(prompt)).choices[0].message.content or ""
    )
    assert answer[: len(start)] == start


def test_an_earlier_answer_in_the_prompt_keeps_its_topic_and_loses_its_mark(client: OpenAI) -> None:
    prompt = "Give this draft a title: [synthetic answer] # AI in Healthcare\n\nSome text follows here."
    answer = (
        client.chat.completions.create(model=MODEL, messages=say(prompt)).choices[0].message.content or ""
    )
    assert "AI in Healthcare" in answer
    assert answer.count("[synthetic") == 1


def test_usage_counts_four_characters_a_token_and_85_a_picture(client: OpenAI) -> None:
    picture = {"type": "image_url", "image_url": {"url": PIXEL}}
    content: list[Any] = [{"type": "text", "text": "12345678"}, picture]
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}])
    text = answer.choices[0].message.content or ""
    made = -(-len(text) // 4)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2 + 85, made)
    assert answer.usage.total_tokens == 87 + made


def test_max_tokens_cuts_and_says_length(client: OpenAI) -> None:
    answer = client.chat.completions.create(model=MODEL, messages=say("Write about trains"), max_tokens=6)
    assert answer.choices[0].finish_reason == "length"
    assert len(answer.choices[0].message.content or "") == 24


def test_stop_ends_the_text_before_the_word(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=say("Write a blog post about trains"))
    cut = client.chat.completions.create(
        model=MODEL, messages=say("Write a blog post about trains"), stop=["## "]
    )
    assert cut.choices[0].message.content == (whole.choices[0].message.content or "").split("## ")[0]
    assert cut.choices[0].finish_reason == "stop"


def test_n_choices_differ_and_repeat(client: OpenAI) -> None:
    first, second = (
        client.chat.completions.create(
            model=MODEL, messages=say("Write a blog post about trains"), n=3, temperature=1.5
        )
        for _ in range(2)
    )
    texts = [choice.message.content for choice in first.choices]
    assert len(set(texts)) == 3
    assert first == second


def test_a_stream_adds_up_to_the_answer_and_ends_with_usage(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=say("Write about trains"))
    options: Any = {"include_usage": True}
    stream = client.chat.completions.create(
        model=MODEL, messages=say("Write about trains"), stream=True, stream_options=options
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert {chunk.id for chunk in chunks} == {whole.id}


def test_a_stream_without_the_option_carries_no_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(model=MODEL, messages=say("Hello"), stream=True)
    assert {chunk.usage for chunk in stream} == {None}


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    amount: int


class Invoice(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    mood: Literal["good", "bad"]
    lines: list[Line]
    note: str | None


def test_the_sdk_parses_a_pydantic_schema(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model=MODEL, messages=say("An invoice about: garden chairs"), response_format=Invoice
    )
    invoice = answer.choices[0].message.parsed
    assert invoice is not None
    assert invoice.title == "[synthetic answer] garden chairs"
    assert len(invoice.lines) == 3


def test_json_object_uses_the_keys_that_the_prompt_quotes(client: OpenAI) -> None:
    import json

    answer = client.chat.completions.create(
        model=MODEL,
        messages=say('Answer in JSON with the keys "headline" and "body" about: tea'),
        response_format={"type": "json_object"},
    )
    made = json.loads(answer.choices[0].message.content or "")
    assert list(made) == ["headline", "body"]
    assert all(text.startswith("[synthetic answer] ") for text in made.values())


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages[0].content[0]"),
        ({"temperature": 3}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": ""}, "model"),
        ({"temprature": 1}, "temprature"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_object"}}, "messages"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
            "response_format.json_schema",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": {"type": "nonsense"}},
                }
            },
            "response_format",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "strict": True, "schema": {"properties": {"a": {}}}},
                }
            },
            "response_format",
        ),
    ],
)
def test_bad_input_is_a_400_that_names_the_parameter(
    web: httpx.Client, change: dict[str, Any], param: str
) -> None:
    answer = web.post("/v1/chat/completions", json={"model": MODEL, "messages": say("hi"), **change})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)


def test_a_body_that_is_no_json_is_a_400(web: httpx.Client) -> None:
    answer = web.post("/v1/chat/completions", content=b"{not json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


def test_the_sdk_raises_its_own_errors(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as bad:
        client.chat.completions.create(model=MODEL, messages=[])
    assert bad.value.param == "messages"
    with pytest.raises(NotFoundError) as unknown:
        client.get("/nothing", cast_to=object)
    assert unknown.value.code == "unknown_url"


def test_a_required_key_is_asked_for_on_v1_alone() -> None:
    with ModelServer(required_key="right") as server:
        with (
            OpenAI(base_url=server.base_url, api_key="wrong", max_retries=0) as client,
            pytest.raises(AuthenticationError),
        ):
            client.models.list()
        with OpenAI(base_url=server.base_url, api_key="right", max_retries=0) as client:
            assert client.models.retrieve("anything").id == "anything"
        assert httpx.get(f"{server.data_url}/companies").status_code == 200
        refused = httpx.get(f"{server.base_url}/models")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


def test_every_answer_carries_the_synthetic_header(web: httpx.Client) -> None:
    answers = [
        web.get(path) for path in ("/", "/health", "/v1/models", "/nothing", "/data/news", "/control/calls")
    ]
    assert [answer.headers["x-mini-n8n-synthetic"] for answer in answers] == ["true"] * 6


def test_the_responses_api_gives_text_and_schema(client: OpenAI) -> None:
    answer = client.responses.create(
        model=MODEL, input="Write a blog post about: tea", instructions="Be brief."
    )
    assert answer.output_text.startswith("[synthetic answer] # Tea\n")
    assert (answer.status, answer.usage and answer.usage.input_tokens) == ("completed", 10)
    parsed = client.responses.parse(
        model=MODEL, input="An invoice about: tea", text_format=Invoice
    ).output_parsed
    assert parsed is not None
    assert parsed.title == "[synthetic answer] tea"
    cut = client.responses.create(model=MODEL, input="tea", max_output_tokens=5)
    assert (cut.status, len(cut.output_text)) == ("incomplete", 20)


def test_embeddings_are_unit_vectors_and_near_for_shared_words(client: OpenAI) -> None:
    texts = ["green tea from japan", "black tea from japan", "a fast motor boat"]
    answer = client.embeddings.create(model="synthetic-embedding", input=texts, dimensions=512)
    tea, black, boat = (item.embedding for item in answer.data)
    assert [len(item.embedding) for item in answer.data] == [512] * 3
    assert sum(part * part for part in tea) == pytest.approx(1.0)
    near = sum(a * b for a, b in zip(tea, black, strict=True))
    far = sum(a * b for a, b in zip(tea, boat, strict=True))
    assert near > 0.5 > far
