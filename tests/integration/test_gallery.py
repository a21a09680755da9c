"""The further examples, posted as they are, to their expected results."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from infra.local.stack import LocalStack
from tests.integration.test_examples import MARK, document, picture_size
from tests.integration.workflow_api import WorkflowApi, results, statuses


def succeeded_but(execution: dict[str, Any], *skipped: str) -> bool:
    """Whether every node succeeded, except these, which were skipped."""
    wanted = dict.fromkeys(statuses(execution), "succeeded") | dict.fromkeys(skipped, "skipped")
    return statuses(execution) == wanted


@pytest.mark.parametrize("ticket", ["I was charged twice.", "The app closes.", "Delete my account now!"])
def test_the_support_triage_has_one_team_answer(api: WorkflowApi, ticket: str) -> None:
    execution = api.run(document("support_triage"), {"ticket": ticket})
    made, answer = results(execution), execution["output"]["answer"]
    triage = made["triage"]["output"]
    team = triage["team"]
    others = {"billing", "technical", "account"} - {team}
    assert succeeded_but(execution, *others, *([] if triage["urgency"] == "high" else ["note"]))
    assert answer == {
        "team": team,
        "urgency": triage["urgency"],
        "draft": made[team]["output"],
        "note": made["note"]["output"] if triage["urgency"] == "high" else None,
    }
    assert answer["draft"].startswith(MARK)


def test_the_translation_keeps_texts_with_their_languages(api: WorkflowApi) -> None:
    execution = api.run(document("translation"), {"languages": ["Danish", "Welsh"]})
    made, result = results(execution), execution["output"]["result"]
    assert succeeded_but(execution)
    texts, checks = made["translations"]["output"], made["checks"]["output"]
    assert result == {
        "languages": ["Danish", "Welsh"],
        "texts": texts,
        "by_language": {"Danish": texts[0], "Welsh": texts[1]},
        "summary": {
            "checked": 2,
            "faithful": sum(check["faithful"] for check in checks),
            "remarks": [check["remarks"] for check in checks if not check["faithful"]],
        },
    }


def test_the_minutes_list_every_task(api: WorkflowApi) -> None:
    execution = api.run(document("meeting_minutes"), {"title": "Weekly"})
    made = results(execution)
    assert succeeded_but(execution)
    tasks = made["tasks"]["output"]["tasks"]
    assert execution["output"]["tasks"] == tasks
    minutes = execution["output"]["minutes"]
    assert minutes.startswith(f"# Weekly\n\n{made['summary']['output']}\n\n## Decisions\n\n- ")
    assert re.findall(r"^- \[ \] (.*)$", minutes, re.MULTILINE) == [
        f"{task['who']}: {task['what']} ({task['due'] or 'no date'})" for task in tasks
    ]


def test_the_site_monitor_posts_an_alert_only_when_something_is_wrong(
    api: WorkflowApi, stack: LocalStack
) -> None:
    workflow_id = api.save(document("site_monitor"))
    urls = [f"{stack.data_url}/companies", f"{stack.data_url}/status/503", "http://localhost:1/"]
    alert_url = f"{stack.data_url}/echo"
    wrong = api.execute(workflow_id, {"urls": urls, "alert_url": alert_url})
    broken = [{"url": urls[1], "status": 503}]
    report = wrong["output"]["report"]
    assert succeeded_but(wrong)
    assert report.pop("slowest_ms") >= 0
    assert report == {"asked": 3, "broken": broken, "silent": 1, "alerted": True}
    posted = results(wrong)["alert"]["output"]
    assert posted["json"] == {
        "text": "1 of 3 addresses answer with an error, 1 do not answer.",
        "broken": broken,
    }
    assert "idempotency-key" in posted["headers"]
    fine = api.execute(workflow_id, {"urls": urls[:1], "alert_url": alert_url})
    assert succeeded_but(fine, "alert")
    assert (fine["output"]["report"]["alerted"], fine["output"]["report"]["broken"]) == (False, [])


def test_the_campaign_gives_each_channel_its_shape(api: WorkflowApi) -> None:
    execution = api.run(document("social_campaign"), {"brief": "Open on Sundays."})
    made, campaign = results(execution), execution["output"]["campaign"]
    assert succeeded_but(execution)
    assert {name: picture_size(campaign[name]["picture"]) for name in ("linkedin", "instagram")} == {
        "linkedin": (1536, 1024),
        "instagram": (1024, 1024),
    }
    assert campaign["mastodon"]["text"] == made["mastodon"]["output"][:500]
    assert [campaign[name]["text"] for name in ("linkedin", "instagram")] == [
        made["linkedin"]["output"],
        made["instagram"]["output"],
    ]


def test_an_invoice_passes_when_its_sum_is_what_it_claims(api: WorkflowApi) -> None:
    checked = document("invoice_check")
    refused = api.run(checked)
    decision = refused["output"]["decision"]
    reading = results(refused)["reading"]["output"]
    computed = round(sum(line["quantity"] * line["price"] for line in reading["lines"]), 2)
    assert decision["computed"] == pytest.approx(computed)
    assert decision["pay"] == (decision["computed"] == decision["claimed"] <= 500)
    assert (decision["question"] is None) == decision["pay"]
    # What the model would have to read for the invoice to pass, in its place.
    lines = [
        {"text": "apples", "quantity": 3, "price": 12.5},
        {"text": "delivery", "quantity": 1, "price": 20},
    ]
    read = {"number": "1", "supplier": "Harbor Foods", "currency": "EUR", "lines": lines, "total": 57.5}
    nodes = [
        {"id": "reading", "type": "transform", "config": {"value": read}} if node["id"] == "reading" else node
        for node in checked["nodes"]
    ]
    for limit, pays in ((57.5, True), (57, False)):
        execution = api.run(checked | {"nodes": nodes}, {"limit": limit})
        decision = execution["output"]["decision"]
        assert (decision["claimed"], decision["computed"], decision["pay"]) == (57.5, 57.5, pays)
        assert succeeded_but(execution, *(["question"] if pays else []))


def test_a_lead_is_written_to_by_its_score(api: WorkflowApi, stack: LocalStack) -> None:
    workflow_id = api.save(document("lead_scoring"))
    for company in ("aurora-health", "harbor-foods", "granite-games"):
        execution = api.execute(workflow_id, {"base_url": stack.data_url, "company": company})
        made, lead = results(execution), execution["output"]["lead"]
        score = made["score"]["output"]["score"]
        writer = "meeting" if score >= 70 else "mail" if score >= 40 else None
        assert succeeded_but(execution, "unknown", *({"meeting", "mail"} - {writer}))
        assert (lead["company"], lead["score"]) == (made["record"]["output"]["name"], score)
        assert lead["text"] == (made[writer]["output"] if writer else None)


def test_a_company_that_nobody_knows_goes_to_a_person(api: WorkflowApi, stack: LocalStack) -> None:
    inputs = {"base_url": stack.data_url, "company": "kestrel-air"}
    execution = api.run(document("lead_scoring"), inputs)
    lead = execution["output"]["lead"]
    assert execution["status"] == "succeeded"
    assert statuses(execution)["record"] == "failed"
    assert (lead["company"], lead["score"], lead["text"]) == ("kestrel-air", None, None)
    assert "404" in lead["for_a_person"]["why"]


@pytest.mark.parametrize(("mood", "kept"), [("positive", 7), ("all", 10), ("negative", 0)])
def test_the_digest_keeps_the_news_of_one_mood(
    api: WorkflowApi, stack: LocalStack, mood: str, kept: int
) -> None:
    news = httpx.get(f"{stack.data_url}/news").json()["items"]
    fitting = [each for each in news if mood in ("all", each["sentiment"])]
    execution = api.run(document("news_digest"), {"base_url": stack.data_url, "mood": mood})
    assert execution["output"]["facts"] == {"read": len(news), "kept": kept, "mood": mood}
    if not fitting:
        assert succeeded_but(execution, "digest", "subject", "rows", "page")
        return
    assert succeeded_but(execution)
    rows = re.findall(r"<li>(.*) \((\S+)\)</li>", execution["output"]["page"])
    assert rows == [(each["title"], each["published_on"]) for each in fitting]


def test_the_expense_approval_asks_a_person_where_it_is_much(api: WorkflowApi) -> None:
    workflow_id = api.save(document("expense_approval"))
    small = api.execute(workflow_id, {"amount": 80})
    assert small["output"]["answer"] == {
        "outcome": "approved",
        "granted": 80,
        "cost_center": None,
        "by": "nobody had to be asked",
        "comment": None,
    }
    granted = {"data": {"granted": 1_000, "cost_center": "research"}, "by": "Ada"}
    for action, sent, wanted in (
        (
            "approve",
            granted,
            {"outcome": "approved", "granted": 1_000, "cost_center": "research", "by": "Ada"},
        ),
        ("reject", {"comment": "Next year."}, {"outcome": "rejected", "granted": 0, "comment": "Next year."}),
    ):
        execution_id = api.start(workflow_id)["id"]
        url = approval_link(api, execution_id, action)
        assert httpx.post(url, json=sent).status_code == 200
        answer = api.end(execution_id)["output"]["answer"]
        assert answer == answer | wanted


def approval_link(api: WorkflowApi, execution_id: str, action: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        run = api.http.get(f"/executions/{execution_id}/nodes/ask").json()
        if run["approval"] is not None:
            return str(run["approval"][f"{action}_url"])
        assert time.monotonic() < deadline, run
        time.sleep(0.1)
