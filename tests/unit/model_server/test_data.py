from __future__ import annotations

import time

import httpx
import pytest


def test_every_company_is_listed_and_two_have_no_record(web: httpx.Client) -> None:
    listed = web.get("/data/companies").json()
    assert (listed["synthetic"], listed["total"], len(listed["companies"])) == (True, 12, 12)
    statuses = {
        item["id"]: web.get(f"/data/companies/{item['id']}").status_code for item in listed["companies"]
    }
    assert [key for key, status in statuses.items() if status == 404] == ["kestrel-air", "lumen-optics"]
    assert web.get("/data/companies", params={"offset": 1, "limit": 1}).json()["companies"] == [
        {"id": "brightfield", "name": "Brightfield Farms"}
    ]


def test_a_record_leaves_out_what_it_lacks(web: httpx.Client) -> None:
    assert web.get("/data/companies/harbor-foods").json() == {
        "synthetic": True,
        "id": "harbor-foods",
        "name": "Harbor Foods",
        "country": "Ireland",
        "founded": 2001,
        "employees": 780,
        "website": "https://harbor-foods.example",
    }


def test_news_are_filtered_by_company(web: httpx.Client) -> None:
    assert web.get("/data/news", params={"company": "aurora-health"}).json() == {
        "synthetic": True,
        "items": [
            {
                "id": "aurora-health-1",
                "company": "aurora-health",
                "title": "Aurora Health opens a second site in Norway",
                "published_on": "2025-01-10",
                "sentiment": "positive",
            }
        ],
        "total": 1,
    }
    assert web.get("/data/news", params={"company": "cobalt-freight"}).json()["items"] == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_the_echo_shows_what_arrived(web: httpx.Client, method: str) -> None:
    answer = web.request(method, "/data/echo?a=1&b=2&b=3", json={"x": 1}, headers={"x-one": "yes"}).json()
    assert (answer["method"], answer["query"], answer["json"]) == (
        method,
        {"a": "1", "b": ["2", "3"]},
        {"x": 1},
    )
    assert (answer["body"], answer["headers"]["x-one"]) == ('{"x":1}', "yes")


def test_a_slow_answer_takes_its_time(web: httpx.Client) -> None:
    began = time.monotonic()
    assert web.get("/data/slow", params={"seconds": "0.3"}).json() == {"synthetic": True, "seconds": 0.3}
    assert time.monotonic() - began >= 0.3
    assert web.get("/data/slow", params={"seconds": "soon"}).status_code == 400


@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 418, 429, 500, 503])
def test_the_status_asked_for_is_given(web: httpx.Client, status: int) -> None:
    answer = web.get(f"/data/status/{status}", params={"retry_after": "3"})
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("3" if status in (429, 503) else None)


def test_a_redirect_leads_to_the_echo(web: httpx.Client) -> None:
    answer = web.get("/data/status/302", follow_redirects=True)
    assert (answer.json()["path"], [step.status_code for step in answer.history]) == ("/data/echo", [302])


def test_a_flaky_address_fails_the_first_times(web: httpx.Client) -> None:
    statuses = [web.get("/data/flaky/a", params={"failures": 2}).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


@pytest.mark.parametrize("count", [31, 1_000, 300_000, 5_000_000])
def test_an_answer_has_exactly_the_bytes_asked_for(web: httpx.Client, count: int) -> None:
    answer = web.get(f"/data/bytes/{count}")
    assert (len(answer.content), answer.json()["synthetic"]) == (count, True)


def test_a_picture_is_served_as_a_file(web: httpx.Client) -> None:
    answer = web.get("/data/picture.png")
    assert (answer.headers["content-type"], answer.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
