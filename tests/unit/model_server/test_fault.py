from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any

import httpx
import pytest
from openai import APIConnectionError, APITimeoutError, InternalServerError, OpenAI, RateLimitError

from infra.local.model_server import ModelServer

ROUTE = "POST /v1/chat/completions"


def ask(client: OpenAI, prompt: str) -> str:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": prompt}])
    return answer.choices[0].message.content or ""


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_status_fault_is_served_every_time(web: httpx.Client, status: int) -> None:
    body = {"prompt": f"a boat [[fault:{status}]]", "size": "64x64"}
    answers = [web.post("/v1/images/generations", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status] * 2
    assert answers[0].json()["error"]["message"] == f"Synthetic fault {status}, asked for by the prompt."


def test_a_once_fault_is_served_once_and_names_when_to_return(client: OpenAI) -> None:
    with pytest.raises(RateLimitError) as limited:
        ask(client, "tea [[fault:429-once:7]]")
    assert limited.value.response.headers["retry-after"] == "7"
    assert ask(client, "tea [[fault:429-once:7]]").startswith("[synthetic answer] ")


def test_the_sdk_recovers_by_itself_from_two_faults(server: ModelServer) -> None:
    with OpenAI(base_url=server.base_url, api_key="any", max_retries=2) as client:
        assert ask(client, "tea [[fault:500-twice]]").startswith("[synthetic answer] ")
    assert server.ledger.describe(ROUTE)["statuses"] == {"500": 2, "200": 1}


def test_clearing_the_ledger_brings_a_once_fault_back(client: OpenAI, web: httpx.Client) -> None:
    for _ in range(2):
        with pytest.raises(InternalServerError):
            ask(client, "tea [[fault:500-once]]")
        assert web.delete("/control/calls").status_code == 204


def test_garbage_is_200_and_no_json(web: httpx.Client) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "[[fault:garbage]]"}]}
    answer = web.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_cut_answer_is_a_broken_connection(client: OpenAI) -> None:
    with pytest.raises(APIConnectionError):
        ask(client, "[[fault:cut]]")


def test_a_hanging_call_ends_by_the_callers_timeout(server: ModelServer) -> None:
    with (
        OpenAI(base_url=server.base_url, api_key="any", max_retries=0, timeout=0.3) as client,
        pytest.raises(APITimeoutError),
    ):
        ask(client, "[[fault:hang]]")


def test_a_server_with_a_hanging_call_stops_at_once() -> None:
    server = ModelServer().start()
    body = {"model": "m", "messages": [{"role": "user", "content": "[[fault:hang]]"}]}
    answers: list[int] = []
    thread = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=30).status_code
        )
    )
    thread.start()
    while server.ledger.count() == 0:
        time.sleep(0.01)
    began = time.monotonic()
    server.stop()
    thread.join(5)
    assert (answers, time.monotonic() - began < 3) == ([504], True)


def test_a_delay_makes_the_answer_late(client: OpenAI) -> None:
    began = time.monotonic()
    ask(client, "tea [[delay:0.4]]")
    assert 0.4 <= time.monotonic() - began < 3


def test_markers_do_not_show_in_the_answer(client: OpenAI) -> None:
    assert "[[" not in ask(client, "Write a blog post about: tea [[delay:0.01]]")


def test_calls_are_counted_by_route_and_prompt(
    client: OpenAI, web: httpx.Client, server: ModelServer
) -> None:
    for prompt in ("tea", "tea", "milk"):
        ask(client, prompt)
    web.get("/data/news")
    counts: dict[str, Any] = web.get("/control/calls").json()
    assert counts["total"] == 4
    assert counts["routes"] == {ROUTE: 3, "GET /data/news": 1}
    assert counts["prompts"][hashlib.sha256(b"tea").hexdigest()] == {
        "prompt": "tea",
        "route": ROUTE,
        "count": 2,
    }
    assert web.get("/control/calls", params={"prompt": "milk"}).json()["total"] == 1
    assert (server.ledger.count(ROUTE, "tea"), server.ledger.count("GET /data/news")) == (2, 1)
    web.delete("/control/calls")
    assert web.get("/control/calls").json()["total"] == 0


def test_the_most_calls_at_once_are_counted(server: ModelServer) -> None:
    def read() -> None:
        httpx.get(f"{server.data_url}/slow", params={"seconds": "0.5"})

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.ledger.describe()["most_in_flight"] == {"GET /data/slow": 3}
