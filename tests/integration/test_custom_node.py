"""A node type in a package of its own: installed, listed with its form, run by the custom function."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local.stack import LocalStack, StackOptions
from tests.integration.workflow_api import WorkflowApi, results

PACKAGE = Path(__file__).resolve().parents[2] / "examples" / "custom_node"
DOCUMENT = {
    "name": "Reading time",
    "nodes": [
        {"id": "text", "type": "input", "config": {"name": "text", "required": True}},
        {"id": "time", "type": "reading_time", "config": {"text": "{{text.output}}", "words_per_minute": 2}},
        {"id": "done", "type": "output", "config": {"value": "{{time.output}} minutes"}},
    ],
    "connections": [{"source": "text", "target": "time"}, {"source": "time", "target": "done"}],
}


def install_broken(target: Path) -> None:
    """A package beside it, whose node type fails when it is imported."""
    metadata = target / "broken_nodes-2.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-nodes\nVersion: 2.1\n")
    (metadata / "entry_points.txt").write_text("[mini_n8n.nodes]\nbroken = broken_nodes:BrokenNode\n")
    (target / "broken_nodes.py").write_text("import a_module_that_is_missing\n")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkflowApi]:
    """A stack whose functions have the package."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "reading_time_node.py"):
        (source / name).write_bytes((PACKAGE / name).read_bytes())
    install = [
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([sys.executable, "-m", "pip", *install, str(source)], check=True)
    install_broken(target)
    with LocalStack(StackOptions(packages=target)) as stack:
        headers = {"Authorization": f"Bearer {stack.api_key()}"}
        with httpx.Client(base_url=f"{stack.api_url}/api/v1", headers=headers, timeout=30) as client:
            yield WorkflowApi(client)


def test_an_installed_node_type_is_in_the_catalogue_with_its_form(api: WorkflowApi) -> None:
    listed = {item["type"]: item for item in api.http.get("/node-types").json()["items"]}
    assert listed["reading_time"] == {
        "type": "reading_time",
        "version": 1,
        "title": "Reading time",
        "description": "Counts the words of a text, and the minutes that they take.",
        "category": "custom",
        "outputs": ["main"],
        "executor": "custom",
        "cache_ttl_seconds": 0,
        "default_timeout_seconds": 60,
    }
    schema = api.http.get("/node-types/reading_time").json()["config_schema"]
    assert schema["required"] == ["text"]
    assert schema["properties"]["text"]["x-widget"] == "textarea"
    assert schema["properties"]["words_per_minute"]["default"] == 230


def test_an_installed_node_type_runs_in_the_custom_function(api: WorkflowApi) -> None:
    workflow_id = api.save(DOCUMENT)
    plan = api.http.get(f"/workflows/{workflow_id}/plan").json()
    assert "function:mini-n8n-local-custom" in str(plan["definition"])
    execution = api.execute(workflow_id, {"text": "one two three"})
    assert execution["output"] == {"done": "1.5 minutes"}
    assert results(execution)["time"] == {"output": 1.5, "words": 3}


def test_a_config_that_does_not_fit_its_model_is_a_problem_of_the_document(api: WorkflowApi) -> None:
    nodes = [{"id": "time", "type": "reading_time", "config": {"text": "a", "words_per_minute": 0}}]
    answer = api.http.post("/workflows/validate", json={"name": "Wrong", "nodes": nodes})
    assert [(item["node"], item["field"]) for item in answer.json()["problems"]] == [
        ("time", "config.words_per_minute")
    ]


def test_a_package_that_is_refused_is_named_where_it_is_used_and_harms_nothing_else(api: WorkflowApi) -> None:
    nodes = [{"id": "odd", "type": "broken"}, {"id": "time", "type": "reading_time", "config": {"text": "a"}}]
    answer = api.http.post("/workflows/", json={"name": "Broken", "nodes": nodes})
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["node"], problem["field"], problem["code"]) == ("odd", "type", "refused_type")
    assert "broken-nodes 2.1" in problem["message"]
    assert "No module named 'a_module_that_is_missing'" in problem["message"]
    (refused,) = api.http.get("/node-types").json()["refused"]
    assert (refused["type"], refused["package"]) == ("broken", "broken-nodes 2.1")
    assert api.run(DOCUMENT, {"text": "one two three"})["status"] == "succeeded"
