from __future__ import annotations

import asyncio
import json
from typing import Any

import jsonschema
import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.node import NodeContext, NodeResult
from nodes.video_node import VideoNode
from tests.unit.nodes.node_bench import DictFiles, ListLogger, make_context, run
from tests.unit.nodes.raw_server import RawServer, reply

SMALL = {"prompt": "a paper boat", "size": "64x64", "seconds": 1, "poll_interval_seconds": 2}
MP4 = b"\x00\x00\x00\x20ftypisom-and-so-on"


def raw_context(raw: RawServer, **fields: Any) -> NodeContext:
    return make_context(base_url=f"{raw.origin}/v1", **fields)


def job(status: str, **fields: Any) -> bytes:
    body = {"id": "film/1", "status": status, "model": "m", **fields}
    return reply(json.dumps(body).encode(), content_type="application/json")


def poll(config: dict[str, Any], state: dict[str, Any], context: NodeContext) -> NodeResult:
    return asyncio.run(VideoNode(config).poll(state, context))


def test_a_film_is_ordered_asked_after_and_stored(context: NodeContext) -> None:
    result = run(VideoNode(SMALL), context)
    waits, states = [], []
    while result.pending_work is not None:
        waits.append(result.pending_work.poll_after_seconds)
        states.append(result.pending_work.state)
        # Each poll is another invocation: nothing is left of the last but its state, as JSON.
        result = poll(SMALL, json.loads(json.dumps(result.pending_work.state)), context)

    assert isinstance(context.files, DictFiles)
    assert isinstance(context.logger, ListLogger)
    film = context.files.data["call.mp4"]
    assert (waits, states[0].keys(), film[4:8]) == ([2, 2], {"id"}, b"ftyp")
    assert result.values == {
        "output": "https://files.test/call.mp4",
        "video": {
            "name": "call.mp4",
            "url": "https://files.test/call.mp4",
            "content_type": "video/mp4",
            "size_bytes": len(film),
            "key": "call.mp4",
        },
        "seconds": 1,
        "size": "64x64",
        "model": "sora-2",
    }
    name = states[0]["id"]
    assert context.logger.lines == [
        f"film '{name}' ordered from 'sora-2'",
        f"film '{name}' is queued, 0 % done",
        f"film '{name}' is in_progress, 50 % done",
    ]


def test_a_film_that_fails_says_why(context: NodeContext) -> None:
    config = {**SMALL, "prompt": "[[video:failed]] [[video-polls:1]]"}
    ordered = run(VideoNode(config), context)
    assert ordered.pending_work is not None

    with pytest.raises(NodeError, match="failed: Synthetic failure, asked for by the prompt") as caught:
        poll(config, ordered.pending_work.state, context)

    assert type(caught.value) is NodeError


def test_every_attempt_to_order_sends_the_same_idempotency_key(raw: RawServer) -> None:
    raw.answers["/v1/videos"] = job("queued")
    for attempt in (1, 2):
        run(VideoNode(SMALL), raw_context(raw, attempt=attempt, idempotency_key="execution-1/film"))

    assert [request.headers["idempotency-key"] for request in raw.received] == ["execution-1/film"] * 2


def test_the_order_is_sent_as_the_form_that_openai_reads(raw: RawServer) -> None:
    raw.answers["/v1/videos"] = job("queued")

    run(VideoNode(SMALL), raw_context(raw))

    (request,) = raw.received
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="seconds"\r\n\r\n1\r\n' in request.body
    assert b'name="prompt"\r\n\r\na paper boat\r\n' in request.body


def test_a_film_that_is_ready_at_once_is_the_result(raw: RawServer) -> None:
    raw.answers["/v1/videos"] = job("completed", seconds="8", size="2x2")
    raw.answers["/v1/videos/film%2F1/content"] = reply(MP4, content_type="video/mp4")

    result = run(VideoNode(SMALL), raw_context(raw))

    shown = {name: result.values[name] for name in ("seconds", "size", "model")}
    assert (result.pending_work, shown) == (None, {"seconds": 8, "size": "2x2", "model": "m"})


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
def test_a_job_that_ended_without_a_film_is_final(status: str, raw: RawServer) -> None:
    raw.answers["/v1/videos/film%2F1"] = job(status)

    with pytest.raises(NodeError, match=f"'film/1' {status}: the server gives no reason") as caught:
        poll(SMALL, {"id": "film/1"}, raw_context(raw))

    assert type(caught.value) is NodeError


@pytest.mark.parametrize("status", ["queued", "in_progress", "processing", "something new"])
def test_a_job_that_has_not_ended_is_asked_after_again(status: str, raw: RawServer) -> None:
    raw.answers["/v1/videos/film%2F1"] = job(status, progress=None)

    result = poll(SMALL, {"id": "film/1"}, raw_context(raw))

    assert result == NodeResult.pending(2, {"id": "film/1"})


def test_a_job_that_is_gone_is_final(raw: RawServer) -> None:
    with pytest.raises(NodeError, match="answered 404") as caught:
        poll(SMALL, {"id": "film/1"}, raw_context(raw))

    assert type(caught.value) is NodeError


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v1/videos/film%2F1", reply(b"<html>")),
        ("/v1/videos/film%2F1", reply(b"{}", content_type="application/json")),
        ("/v1/videos/film%2F1", reply(b'{"id": "", "status": "queued"}', content_type="application/json")),
        ("/v1/videos/film%2F1", reply(status="503 Busy", retry_after="4")),
        ("/v1/videos/film%2F1/content", reply(b'{"error": "no film"}', content_type="application/json")),
        ("/v1/videos/film%2F1/content", reply(b"")),
        ("/v1/videos/film%2F1/content", reply(status="500 Oops")),
    ],
)
def test_a_poll_that_goes_wrong_is_tried_again(path: str, answer: bytes, raw: RawServer) -> None:
    raw.answers["/v1/videos/film%2F1"] = job("completed")
    raw.answers[path] = answer

    with pytest.raises(RetryableNodeError) as caught:
        poll(SMALL, {"id": "film/1"}, raw_context(raw))

    assert caught.value.node_id == "call"


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("[[fault:429]]", RetryableNodeError),
        ("[[fault:garbage]]", RetryableNodeError),
        ("[[fault:400]]", NodeError),
    ],
)
def test_an_order_that_goes_wrong_is_retryable_where_it_may_pass(
    prompt: str, kind: type[NodeError], context: NodeContext
) -> None:
    with pytest.raises(NodeError) as caught:
        run(VideoNode({**SMALL, "prompt": prompt}), context)

    assert type(caught.value) is kind


def test_the_node_polls_and_nothing_of_it_is_cached() -> None:
    assert (VideoNode.polls, VideoNode.cache_ttl_seconds, VideoNode.executor) == (True, 0, "ai")


def test_the_schemas_are_json_schemas_with_a_title_for_each_field() -> None:
    schema = VideoNode.get_config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(VideoNode.get_output_schema())

    assert all("title" in field for field in schema["properties"].values())
