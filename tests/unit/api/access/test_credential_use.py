"""Which workflows may use which credential, that each use is on record, and that no secret shows anywhere."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from engine.errors import NodeError
from engine.node import NodeContext, NodeInputs, NodeResult
from tests.unit.api.access.access_bench import BOOTSTRAP_KEY, AccessBench
from tests.unit.engine_bench import node

MARK = "marked-s3cret-7f1c"
USING = {"name": "Uses it", "nodes": [node("a", credential="anns")], "connections": []}


def store(bench: AccessBench, key: str, name: str = "anns", kind: str = "bearer", **values: str) -> None:
    body = {"kind": kind, "values": values or {"token": MARK}}
    answer = bench.ask(key, "PUT", f"/credentials/{name}", json=body)
    assert answer.status_code == 201, answer.text


def run(bench: AccessBench, key: str, document: Any = None) -> str:
    workflow_id = bench.save(key, document or USING)
    return run_again(bench, key, workflow_id)


def run_again(bench: AccessBench, key: str, workflow_id: str) -> str:
    execution_id = str(bench.start(key, workflow_id).json()["id"])
    bench.run(execution_id, "a")
    return execution_id


def test_a_workflow_uses_the_credentials_of_its_owner_and_each_use_is_on_record(bench: AccessBench) -> None:
    ann = bench.key("ann")
    store(bench, ann)
    execution_id = run(bench, ann)
    bench.run(execution_id, "a")
    (use,) = bench.trail(action="credential.use")
    execution = bench.execution(execution_id)
    assert {name: use[name] for name in ("actor", "user", "target", "after")} == {
        "actor": f"execution:{execution_id}",
        "user": "ann",
        "target": "credential:anns",
        "after": {
            "workflow_id": execution.workflow_id,
            "version": 1,
            "node": "a",
            "started_by": execution.started_by,
        },
    }


def test_a_workflow_does_not_use_anothers_credential_not_even_an_administrators(bench: AccessBench) -> None:
    store(bench, bench.key("ann"))
    for user, role in (("bob", "editor"), ("root", "admin")):
        with pytest.raises(NodeError):
            run(bench, bench.key(user, role))
    assert bench.scripts.calls == []
    assert bench.trail(action="credential.use") == []


def test_a_shared_credential_is_used_by_workflows_that_are_shared_with_the_same_group(
    bench: AccessBench,
) -> None:
    ann, bob = bench.key("ann", groups=["ops"]), bench.key("bob", groups=["ops"])
    store(bench, ann)
    bench.ask(ann, "PUT", "/credentials/anns/access", json={"groups": ["ops"]})
    workflow_id = bench.save(bob, USING)
    with pytest.raises(NodeError):
        run_again(bench, bob, workflow_id)
    bench.ask(bob, "PUT", f"/workflows/{workflow_id}/access", json={"groups": ["everyone"]})
    with pytest.raises(NodeError):
        run_again(bench, bob, workflow_id)
    bench.ask(bob, "PUT", f"/workflows/{workflow_id}/access", json={"groups": ["ops"]})
    run_again(bench, bob, workflow_id)
    assert len(bench.scripts.calls) == 1


def test_a_credential_that_is_shared_with_everyone_is_used_by_all(bench: AccessBench) -> None:
    ann = bench.key("ann")
    store(bench, ann)
    bench.ask(ann, "PUT", "/credentials/anns/access", json={"groups": ["everyone"]})
    run(bench, bench.key("bob"))
    assert len(bench.scripts.calls) == 1


KINDS = {
    "bearer": {"token": MARK},
    "basic": {"username": "someone", "password": MARK},
    "header": {"name": "X-Key", "value": MARK},
    "query": {"name": "key", "value": MARK},
    "api_key": {"api_key": MARK},
}


def leak(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
    """Tells the secret wherever a node can tell something."""
    (credential,) = context.credentials.values()
    told = {part: credential.part(part) for part in credential.values}
    context.logger.info(f"telling {told}")
    return NodeResult({"output": [told, json.dumps(told)], **{MARK: told}})


def fail(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
    raise NodeError(f"{leak(config, inputs, context).values}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_marked_secret_shows_nowhere(
    bench: AccessBench, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann = bench.key("ann")
    answers: list[str] = []

    def ask(method: str, path: str, **more: Any) -> Any:
        answer = bench.ask(ann, method, path, **more)
        answers.append(f"{answer.text} {dict(answer.headers)}")
        return answer

    good = {"kind": kind, "values": KINDS[kind], "description": "what it is for"}
    bad = [
        good | {"kind": "other"},
        good | {"values": KINDS[kind] | {"more": MARK}},
        good | {"values": {part: f"{value}\n" for part, value in KINDS[kind].items()}},
        good | {"values": {part: [value] for part, value in KINDS[kind].items()}},
        good | {"values": MARK},
        good | {"value": MARK},
        good | {"values": dict.fromkeys(KINDS[kind], MARK * 2000)},
    ]
    for body in bad:
        assert ask("PUT", "/credentials/mine", json=body).status_code == 422
    ask("PUT", "/credentials/mine", content=json.dumps(good)[:-1] + "x}")
    assert ask("PUT", "/credentials/mine", json=good).status_code == 201
    assert ask("PUT", "/credentials/mine", json=good).status_code == 200
    executions = []
    document = {"name": "Uses it", "nodes": [node("a", credential="mine")], "connections": []}
    workflow_id = ask("POST", "/workflows/", json=document).json()["id"]
    for script in (leak, fail):
        bench.scripts.run = script
        started = ask("POST", f"/workflows/{workflow_id}/execute", json={}).json()["id"]
        executions.append(started)
        try:
            bench.run(started, "a")
        except NodeError as error:
            answers.append(str(error))
    assert [bench.record(e, "a").status for e in executions] == ["succeeded", "failed"]
    for execution_id in executions:
        ask("GET", f"/executions/{execution_id}")
        ask("GET", f"/executions/{execution_id}/nodes/a")
    for path in (
        "/credentials",
        "/credentials/mine",
        f"/workflows/{workflow_id}",
        f"/workflows/{workflow_id}/plan",
    ):
        ask("GET", path)
    ask("DELETE", "/credentials/mine")
    trail = bench.ask(BOOTSTRAP_KEY, "GET", "/audit", params={"limit": 100}).text
    assert "credential.use" in trail
    assert "credential.delete" in trail
    kept = [str(vars(part)) for part in (bench.workflows, bench.executions, bench.machines, bench.cache)]
    kept += [str(vars(part)) for part in (bench.audit_records, bench.key_store, bench.blobs)]
    for place in (*answers, *kept, trail, caplog.text):
        assert MARK not in place


def test_no_key_shows_after_it_was_made(bench: AccessBench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = bench.key("ann", "admin")
    secret = text.split("_", 2)[2]
    bench.ask(text[:-1] + "x", "GET", "/me")
    bench.ask(f"{text}.x", "GET", "/me")
    shown = [bench.ask(text, "GET", path).text for path in ("/me", "/api-keys", "/audit")]
    shown.append(bench.ask(text, "GET", f"/api-keys/{text.split('_')[1]}").text)
    for place in (*shown, str(vars(bench.key_store)), str(vars(bench.audit_records)), caplog.text):
        assert secret not in place
        assert BOOTSTRAP_KEY not in place
    assert all("sha256" not in place for place in shown)
