from __future__ import annotations

from engine.errors import UnavailableError
from tests.unit.api.access.access_bench import BOOTSTRAP_KEY, DOCUMENT, AccessBench

CREDENTIAL = {"kind": "bearer", "values": {"token": "t"}}


def test_every_change_is_on_record_with_who_what_before_and_after(bench: AccessBench) -> None:
    ann = bench.key("ann", "admin")
    workflow_id = bench.save(ann)
    execution_id = bench.start(ann, workflow_id).json()["id"]
    ran = bench.start(ann, workflow_id).json()
    bench.ask(BOOTSTRAP_KEY, "POST", f"/executions/{ran['id']}/cancel")
    spare = bench.key("bob").split("_")[1]
    asked = [
        ("PUT", f"/workflows/{workflow_id}", DOCUMENT | {"name": "Other"}),
        ("POST", f"/workflows/{workflow_id}/versions/1/restore", None),
        ("POST", f"/workflows/{workflow_id}/publish?version=2", None),
        ("POST", f"/workflows/{workflow_id}/unpublish", None),
        ("PUT", f"/workflows/{workflow_id}/access", {"groups": ["ops"]}),
        ("POST", f"/executions/{execution_id}/cancel", None),
        ("DELETE", f"/executions/{ran['id']}", None),
        ("DELETE", f"/workflows/{workflow_id}", None),
        ("PUT", "/credentials/shop", CREDENTIAL),
        ("PUT", "/credentials/shop", CREDENTIAL | {"kind": "api_key", "values": {"api_key": "k"}}),
        ("PUT", "/credentials/shop/access", {"groups": ["ops"], "owner": "bob"}),
        ("DELETE", "/credentials/shop", None),
        ("DELETE", "/cache", None),
        ("DELETE", f"/api-keys/{spare}", None),
    ]
    for method, path, body in asked:
        assert bench.ask(ann, method, path, json=body).is_success, path
    actor = f"key:{ann.split('_')[1]}"
    records = bench.trail(actor=actor)[::-1]
    assert {record["user"] for record in records} == {"ann"}
    bearer = {"kind": "bearer", "parts": ["token"], "owner": "ann"}
    other = {"kind": "api_key", "parts": ["api_key"], "owner": "ann"}
    saved = {"name": "Hello", "version": 1, "revision": 1, "live_version": None}
    saved |= {"node_count": 1, "owner": "ann"}
    renamed = saved | {"name": "Other", "version": 2, "revision": 2}
    restored = saved | {"version": 3, "revision": 3}
    of_ran = {"workflow_id": workflow_id, "version": 1, "status": "aborted", "trigger": "manual"}
    of_ran |= {"started_by": actor, "started_at": ran["started_at"], "ended_at": ran["started_at"]}
    workflow, shop = f"workflow:{workflow_id}", "credential:shop"
    assert [(r["action"], r["target"], r["before"], r["after"]) for r in records[:-1]] == [
        ("workflow.create", workflow, None, saved),
        ("workflow.update", workflow, {"version": 1}, renamed),
        ("workflow.restore", workflow, {"version": 2}, restored | {"restored_from": 1}),
        ("workflow.publish", workflow, None, restored | {"revision": 4, "live_version": 2}),
        ("workflow.unpublish", workflow, None, restored | {"revision": 5}),
        ("workflow.share", workflow, {"owner": "ann", "groups": []}, {"owner": "ann", "groups": ["ops"]}),
        ("execution.cancel", f"execution:{execution_id}", None, None),
        ("execution.delete", f"execution:{ran['id']}", of_ran, None),
        ("workflow.delete", workflow, restored | {"revision": 6}, None),
        ("credential.put", shop, None, bearer),
        ("credential.put", shop, bearer, other),
        ("credential.share", shop, {"owner": "ann", "groups": []}, {"owner": "bob", "groups": ["ops"]}),
        ("credential.delete", shop, other | {"owner": "bob"}, None),
        ("cache.clear", "cache:*", None, {"deleted": 0}),
    ]
    revoked = records[-1]
    assert (revoked["action"], revoked["target"]) == ("api_key.revoke", f"api_key:{spare}")
    assert (revoked["before"]["revoked_at"], revoked["after"]["revoked_at"] is None) == (None, False)
    assert bench.ask(ann, "GET", f"/executions/{execution_id}").json()["started_by"] == actor


def test_what_was_only_asked_or_refused_changes_nothing_and_is_not_on_record(bench: AccessBench) -> None:
    ann = bench.key("ann", "viewer")
    before = len(bench.trail())
    for method, path in (("GET", "/me"), ("POST", "/workflows/"), ("DELETE", "/cache"), ("GET", "/audit")):
        bench.ask(ann, method, path, json=DOCUMENT)
    bench.ask(BOOTSTRAP_KEY, "POST", "/workflows/", json={})
    bench.ask(BOOTSTRAP_KEY, "POST", "/workflows/validate", json=DOCUMENT)
    bench.ask(BOOTSTRAP_KEY, "DELETE", "/workflows/wf_none")
    assert len(bench.trail()) == before


def test_refused_sign_ins_are_on_record_once_a_minute_for_an_address(bench: AccessBench) -> None:
    for _ in range(20):
        bench.ask("mn8_wrong", "GET", "/me")
    bench.ask(None, "GET", "/me")
    failed = bench.trail(action="sign_in.fail")
    assert [(r["actor"], r["outcome"], r["source"]) for r in failed] == [
        ("anonymous", "refused", "testclient")
    ] * 2
    bench.clock.advance(60)
    bench.ask("mn8_wrong", "GET", "/me")
    assert len(bench.trail(outcome="refused")) == 3


def test_a_change_that_cannot_be_put_on_record_is_told_as_a_failure(bench: AccessBench) -> None:
    def away(record: object) -> None:
        raise UnavailableError("the table is away")

    bench.audit_records.append = away  # type: ignore[method-assign] # the store fails
    answer = bench.ask(BOOTSTRAP_KEY, "DELETE", "/cache")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:mini-n8n:problem:unavailable"


def test_the_trail_is_read_in_pages_and_filters_are_checked(bench: AccessBench) -> None:
    for number in range(5):
        bench.ask(BOOTSTRAP_KEY, "PUT", f"/credentials/c{number}", json=CREDENTIAL)
        bench.clock.advance(1)
    first = bench.ask(BOOTSTRAP_KEY, "GET", "/audit", params={"limit": 3}).json()
    rest = bench.ask(BOOTSTRAP_KEY, "GET", "/audit", params={"limit": 3, "cursor": first["cursor"]}).json()
    targets = [record["target"] for record in first["items"] + rest["items"]]
    assert targets == [f"credential:c{number}" for number in (4, 3, 2, 1, 0)]
    assert rest["cursor"] is None
    for query in ({"after": "2026-01-01T00:00:00"}, {"outcome": "x"}, {"cursor": "x"}, {"limit": "0"}):
        assert bench.ask(BOOTSTRAP_KEY, "GET", "/audit", params=query).status_code == 422
