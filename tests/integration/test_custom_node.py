"""A node type in a package of its own: installed, listed with its form, run by the custom function."""

from __future__ import annotations

from tests.integration.workflow_api import WorkflowApi, results

DOCUMENT = {
    "name": "Reading time",
    "nodes": [
        {"id": "text", "type": "input", "config": {"name": "text", "required": True}},
        {"id": "time", "type": "reading_time", "config": {"text": "{{text.output}}", "words_per_minute": 2}},
        {"id": "done", "type": "output", "config": {"value": "{{time.output}} minutes"}},
    ],
    "connections": [{"source": "text", "target": "time"}, {"source": "time", "target": "done"}],
}


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
