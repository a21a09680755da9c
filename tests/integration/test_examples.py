"""The pages of all examples; and the first four, posted as they are, to their expected results."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.workflow import Workflow
from infra.cli.document_file import example_files
from infra.cli.graph_command import draw_graph
from infra.local.stack import LocalStack
from tests.integration.workflow_api import WorkflowApi, results, statuses

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MARK = "[synthetic answer]"
# Here the first four, in test_gallery the rest.
NAMES = (
    "blog_writer", "data_enrichment", "expense_approval", "image_generator", "invoice_check", "lead_scoring",
    "meeting_minutes", "news_digest", "site_monitor", "social_campaign", "support_triage", "translation",
    "video_creator",
)  # fmt: skip


def document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return loaded


def test_every_example_is_tested() -> None:
    assert tuple(path.stem for path in example_files()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_an_example_shows_its_graph(name: str) -> None:
    workflow = Workflow.model_validate(document(name))
    shown = re.findall(r"```mermaid\n(.*?)\n```", (EXAMPLES / f"{name}.md").read_text("utf-8"), re.DOTALL)
    assert shown == [draw_graph(workflow)]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_is_and_where_its_nodes_are_drawn(name: str) -> None:
    workflow = Workflow.model_validate(document(name))
    assert workflow.description
    assert all(node.name and node.position for node in workflow.nodes)
    assert len({(node.position.x, node.position.y) for node in workflow.nodes if node.position}) == len(
        workflow.nodes
    )


@pytest.mark.parametrize(("topic", "passes"), [("AI in Healthcare", False), ("Night trains", True)])
def test_the_blog_writer_revises_what_its_editor_refuses(api: WorkflowApi, topic: str, passes: bool) -> None:
    execution = api.run(document("blog_writer"), {"topic": topic})
    made = results(execution)
    assert made["review"]["output"]["publish"] is passes
    expected = dict.fromkeys(statuses(execution), "succeeded") | ({"revision": "skipped"} if passes else {})
    assert statuses(execution) == expected
    body = made["draft" if passes else "revision"]["output"]
    assert execution["output"] == {
        "post": f"# {made['title']['output']}\n\n{body}",
        "promotion": {
            "title": made["title"]["output"],
            "search": made["seo"]["output"],
            "social": made["social"]["output"],
        },
    }
    assert body.startswith(f"{MARK} # {topic}\n\n")
    assert MARK in made["title"]["output"]
    assert topic in made["title"]["output"]
    assert made["draft"]["usage"]["total_tokens"] > made["draft"]["usage"]["input_tokens"] > 50


def test_an_equal_execution_is_served_from_the_cache(api: WorkflowApi) -> None:
    workflow_id = api.save(document("blog_writer"))
    first = api.execute(workflow_id, {"topic": "Cheese"})
    second = api.execute(workflow_id, {"topic": "Cheese"})
    assert second["output"] == first["output"]
    assert {run["cache"] for run in second["nodes"] if run["type"] == "llm" and run["result"]} == {"hit"}


def test_the_data_enrichment_joins_what_is_known_and_tells_what_is_not(
    api: WorkflowApi, stack: LocalStack
) -> None:
    execution = api.run(document("data_enrichment"), {"base_url": stack.data_url})
    assert statuses(execution) == dict.fromkeys(statuses(execution), "succeeded") | {"market_news": "skipped"}
    report = execution["output"]["report"]
    assert report["figures"] == {
        "listed": 12,
        "known": 10,
        "sectors": [
            "agriculture", "energy", "finance", "games", "healthcare",
            "logistics", "research", "textiles", "transport",
        ],
        "employees": 22_695,
        "average_employees": 2_522,
        "without_website": ["Cobalt Freight"],
    }  # fmt: skip
    assert report["companies"][0] == {
        "id": "aurora-health",
        "name": "Aurora Health",
        "label": "Aurora Health, healthcare, Norway",
        "sector": "healthcare",
        "country": "Norway",
        "founded": 2009,
        "employees": 420,
        "website": "https://aurora-health.example",
    }
    assert [company["label"] for company in report["companies"] if "unknown" in company["label"]] == [
        "Harbor Foods, sector unknown, Ireland",
        "Juniper Rail, transport, country unknown",
    ]
    assert len(report["news"]) == 10
    assert report["news"][0] == {
        "company": "aurora-health",
        "title": "Aurora Health opens a second site in Norway",
        "sentiment": "positive",
    }
    assert [re.findall(r"companies/(\S+) answered 404", message) for message in report["not_found"]] == [
        ["kestrel-air"],
        ["lumen-optics"],
    ]
    assert report["summary"].startswith(f"{MARK} In short: we know 10 of 12 companies, in the sectors")


def test_the_data_enrichment_takes_the_other_branch_when_asked(api: WorkflowApi, stack: LocalStack) -> None:
    inputs = {"base_url": stack.data_url, "depth": "market", "limit": 2}
    execution = api.run(document("data_enrichment"), inputs)
    assert statuses(execution) == dict.fromkeys(statuses(execution), "succeeded") | {
        "company_news": "skipped"
    }
    report = execution["output"]["report"]
    assert (report["figures"]["known"], len(report["news"]), report["not_found"]) == (2, 10, [])


def test_the_data_enrichment_needs_the_address_of_an_api(api: WorkflowApi, http: httpx.Client) -> None:
    answer = http.post(f"/workflows/{api.save(document('data_enrichment'))}/execute", json={})
    assert answer.status_code == 422
    assert [(problem["node"], problem["field"]) for problem in answer.json()["problems"]] == [
        ("base_url", "inputs.base_url")
    ]


def picture_size(url: str) -> tuple[int, int]:
    """Width and height that the PNG at the link itself says."""
    answer = httpx.get(url, follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(answer.content[16:20], "big"), int.from_bytes(answer.content[20:24], "big")


def test_the_image_generator_draws_three_shapes_and_lays_them_out(api: WorkflowApi) -> None:
    execution = api.run(document("image_generator"), {"subject": 'a <b>"fox"</b> & hen', "style": "linocut"})
    assert statuses(execution) == dict.fromkeys(statuses(execution), "succeeded")
    pictures = execution["output"]["pictures"]
    assert {name: picture_size(pictures[name]["url"]) for name in ("landscape", "portrait", "square")} == {
        "landscape": (1536, 1024),
        "portrait": (1024, 1536),
        "square": (1024, 1024),
    }
    assert pictures["prompt"] == results(execution)["prompt"]["output"]
    gallery = execution["output"]["gallery"]
    assert re.findall(r'<img src="([^"]+)" alt="([^"]+)">', gallery) == [
        (pictures[name]["url"], pictures[name]["alt"].replace("&", "&amp;").replace('"', "&quot;"))
        for name in ("landscape", "portrait", "square")
    ]
    assert "<title>a &lt;b>&quot;fox&quot;&lt;/b> &amp; hen</title>" in gallery


def test_the_video_creator_waits_for_its_film_without_a_function(api: WorkflowApi) -> None:
    execution = api.run(document("video_creator"))
    assert statuses(execution) == dict.fromkeys(statuses(execution), "succeeded")
    made, video = results(execution), execution["output"]["video"]
    film = httpx.get(video["film"], follow_redirects=True)
    assert (film.status_code, film.headers["content-type"], film.content[4:8]) == (200, "video/mp4", b"ftyp")
    assert len(film.content) == made["film"]["video"]["size_bytes"]
    assert [picture_size(url) for url in video["storyboard"]] == [(1536, 1024)] * 3
    assert picture_size(video["poster"]) == (1024, 1536)
    assert (video["seconds"], video["scenes"]) == (
        4,
        [s["title"] for s in made["scenes"]["output"]["scenes"]],
    )
    assert f'<video controls src="{video["film"]}" poster="{video["poster"]}"' in execution["output"]["page"]
    runs = {run["node_id"]: run for run in execution["nodes"]}
    assert runs["storyboard"]["item_count"] == 3
