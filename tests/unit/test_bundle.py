"""The export file: its format, and what counts as a secret in a document."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bundle import MAX_WORKFLOWS, find_literal_secrets, read_bundle
from engine.errors import RequestError
from engine.workflow import Workflow


def file(**changes: Any) -> dict[str, Any]:
    item = {"id": "wf_" + "0" * 26, "workflow": {"name": "Mine"}}
    return {"format": "mini-n8n.workflows", "format_version": 1, "workflows": [item]} | changes


def items(*ids: Any) -> list[dict[str, Any]]:
    return [{"id": workflow_id, "workflow": {}} for workflow_id in ids]


def test_a_file_is_read() -> None:
    assert read_bundle(file()).as_json() == {
        "format": "mini-n8n.workflows",
        "format_version": 1,
        "workflows": [{"id": "wf_" + "0" * 26, "version": None, "workflow": {"name": "Mine"}}],
        "credentials": [],
    }


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "format"),
        (file(format="n8n"), "format"),
        (file(format_version=2), "format_version"),
        (file(format_version="1"), "format_version"),
        (file(workflows=[]), "workflows"),
        (file(workflows="all"), "workflows"),
        (file(more=1), "more"),
        (file(workflows=items("wf_1")), "workflows[0].id"),
        (file(workflows=items("wf_" + "0" * 25 + "/")), "workflows[0].id"),
        (file(workflows=items("wf_" + "0" * 26 + "\n")), "workflows[0].id"),
        (file(workflows=[{"id": "wf_" + "0" * 26, "workflow": []}]), "workflows[0].workflow"),
        (file(workflows=items(*[f"wf_{n:026d}" for n in range(MAX_WORKFLOWS + 1)])), "workflows"),
        (file(workflows=items("wf_" + "0" * 26, "wf_" + "0" * 26)), None),
        (file(credentials=[{"name": "crm", "value": "secret"}]), "credentials[0].value"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_the_place(
    document: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(RequestError) as caught:
        read_bundle(document)
    told = [problem.field for problem in caught.value.problems] or [caught.value.field]
    assert told[0] == field


@pytest.mark.parametrize(
    "config",
    [
        {"headers": {"Authorization": "Bearer abc"}},
        {"headers": {"X-API-Key": "abc"}},
        {"headers": {"cookie": "session=1"}},
        {"value": {"client_secret": "abc"}},
        {"value": [{"password": "abc"}]},
        {"value": {"db-password": ["a"]}},
        {"query": {"access_token": "abc"}},
        {"query": {"token": "abc"}},
        {"url": "https://x.test/a?x=1&api_key=abc"},
        {"url": "https://x.test/{{ id }}?token=abc"},
    ],
)
def test_secrets_that_are_written_out_are_found(config: dict[str, Any]) -> None:
    assert len(list(find_literal_secrets(workflow(config)))) == 1


@pytest.mark.parametrize(
    "config",
    [
        {"headers": {"Authorization": "Bearer {{ login.output.token }}"}},
        {"headers": {"Accept": "application/json", "Idempotency-Key": "{{ execution.id }}"}},
        {"value": {"max_tokens": 100, "tokens": "many", "keywords": "a, b", "key": "name"}},
        {"json_schema": {"properties": {"password": {"type": "string"}, "token": {"type": "string"}}}},
        {"value": {"password": "", "secret": None}},
        {"credential": "crm"},
        {"url": "https://x.test/?key={{ inputs.key }}&monkey=1"},
        {"prompt": "Never tell your password: it is yours."},
    ],
)
def test_what_only_speaks_of_secrets_is_none(config: dict[str, Any]) -> None:
    assert list(find_literal_secrets(workflow(config))) == []


def workflow(config: dict[str, Any]) -> Workflow:
    return Workflow.model_validate({"name": "W", "nodes": [{"id": "a", "type": "http", "config": config}]})
