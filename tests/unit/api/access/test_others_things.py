"""One user's key on another's everything: what is not theirs does not exist."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.route_table import ROUTE_PERMISSIONS
from tests.unit.api.access.access_bench import DOCUMENT, AccessBench
from tests.unit.engine_bench import node

CREDENTIAL = {"kind": "bearer", "values": {"token": "t"}}
SHARING = {"groups": ["everyone"]}
# Method, path, body. {w}, {e}, {c}, {t}: ann's workflow, execution, credential and trigger.
ASKED: list[tuple[str, str, Any]] = [
    ("GET", "/workflows/{w}", None),
    ("GET", "/workflows/{w}?version=1", None),
    ("PUT", "/workflows/{w}", DOCUMENT),
    ("DELETE", "/workflows/{w}", None),
    ("PUT", "/workflows/{w}/access", SHARING),
    ("GET", "/workflows/{w}/versions", None),
    ("GET", "/workflows/{w}/versions/1", None),
    ("POST", "/workflows/{w}/versions/1/restore", None),
    ("GET", "/workflows/{w}/diff?from=1", None),
    ("POST", "/workflows/{w}/publish", None),
    ("POST", "/workflows/{w}/unpublish", None),
    ("GET", "/workflows/{w}/export", None),
    ("GET", "/workflows/export?id={w}", None),
    ("GET", "/workflows/{w}/plan", None),
    ("GET", "/workflows/{w}/profile", None),
    ("POST", "/workflows/{w}/recompile", None),
    ("POST", "/workflows/{w}/execute", {}),
    ("POST", "/workflows/{w}/nodes/a/run", None),
    ("GET", "/workflows/{w}/triggers", None),
    ("POST", "/workflows/{w}/triggers", {"type": "webhook"}),
    ("GET", "/workflows/{w}/triggers/{t}", None),
    ("PUT", "/workflows/{w}/triggers/{t}", {"type": "webhook"}),
    ("DELETE", "/workflows/{w}/triggers/{t}", None),
    ("POST", "/workflows/{w}/triggers/{t}/disable", None),
    ("GET", "/workflows/{w}/triggers/{t}/failures", None),
    ("GET", "/workflows/{w}/executions", None),
    ("GET", "/workflows/{w}/executions/{e}", None),
    ("DELETE", "/workflows/{w}/executions/{e}", None),
    ("POST", "/workflows/{w}/executions/{e}/cancel", None),
    ("GET", "/executions/{e}", None),
    ("DELETE", "/executions/{e}", None),
    ("GET", "/executions/{e}/workflow", None),
    ("GET", "/executions/{e}/nodes/a", None),
    ("GET", "/executions/{e}/nodes/a/items", None),
    ("GET", "/executions/{e}/nodes/a/items/0", None),
    ("POST", "/executions/{e}/cancel", None),
    ("POST", "/workflows/{w}/executions/{e}/retry", None),
    ("POST", "/executions/{e}/retry", None),
    ("GET", "/credentials/{c}", None),
    ("PUT", "/credentials/{c}", CREDENTIAL),
    ("DELETE", "/credentials/{c}", None),
    ("PUT", "/credentials/{c}/access", SHARING),
]


def make_anns(bench: AccessBench) -> tuple[str, dict[str, str]]:
    """Ann's key, and her workflow, execution and credential."""
    ann = bench.key("ann", groups=["ops"])
    workflow_id = bench.save(ann)
    execution_id = bench.start(ann, workflow_id).json()["id"]
    assert bench.ask(ann, "PUT", "/credentials/anns", json=CREDENTIAL).is_success
    trigger = bench.ask(ann, "POST", f"/workflows/{workflow_id}/triggers", json={"type": "webhook"}).json()
    return ann, {"t": trigger["id"], "w": workflow_id, "e": execution_id, "c": "anns"}


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_anothers_is_not_found_and_not_changed(
    shared: AccessBench, method: str, path: str, body: Any
) -> None:
    bench = shared
    ann, anns = make_anns(bench)
    bob = bench.key("bob", groups=["dev"])
    shown = [bench.ask(ann, "GET", p.format(**anns)).json() for p in ("/workflows/{w}", "/credentials/{c}")]
    before = bench.trail()[0]
    answer = bench.ask(bob, method, path.format(**anns), json=body)
    assert answer.status_code == 404, answer.text
    assert answer.json()["type"] == "urn:mini-n8n:problem:not-found"
    again = [bench.ask(ann, "GET", p.format(**anns)).json() for p in ("/workflows/{w}", "/credentials/{c}")]
    assert again == shown
    assert bench.ask(ann, "GET", f"/executions/{anns['e']}").json()["status"] == "running"
    assert bench.trail()[0] == before


@pytest.mark.parametrize(("method", "path", "body"), [a for a in ASKED if "{e}" in a[1] and "{w}" in a[1]])
def test_anothers_execution_is_not_found_through_a_workflow_of_ones_own(
    bench: AccessBench, method: str, path: str, body: Any
) -> None:
    _, anns = make_anns(bench)
    bob = bench.key("bob")
    own = bench.save(bob)
    assert bench.ask(bob, method, path.format(w=own, e=anns["e"]), json=body).status_code == 404


def test_what_does_not_exist_is_told_in_the_same_words(bench: AccessBench) -> None:
    _, anns = make_anns(bench)
    bob = bench.key("bob")
    for path, there, not_there in (
        ("/workflows/{}", anns["w"], "wf_00000000000000000000000000"),
        ("/executions/{}", anns["e"], "ex_00000000000000000000000000"),
        ("/credentials/{}", "anns", "nobodys"),
    ):
        answers = [bench.ask(bob, "GET", path.format(name)) for name in (there, not_there)]
        told = [a.json()["detail"].replace(n, "x") for a, n in zip(answers, (there, not_there), strict=True)]
        assert told[0] == told[1]


def test_an_import_neither_changes_nor_compares_what_is_anothers(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    bob = bench.key("bob")
    uses = {"name": "Uses it", "nodes": [node("a", credential="anns")], "connections": []}
    own = bench.save(bob, uses)
    needed = bench.ask(bob, "GET", f"/workflows/{own}/export").json()["credentials"]
    assert [(c["name"], c["kind"]) for c in needed] == [("anns", None)]
    file = bench.ask(ann, "GET", f"/workflows/{anns['w']}/export").json()
    for on_conflict in ("refuse", "version"):
        answer = bench.ask(bob, "POST", f"/workflows/import?on_conflict={on_conflict}", json=file)
        assert (answer.status_code, "not yours" in answer.json()["detail"]) == (409, True)
    renamed = bench.ask(bob, "POST", "/workflows/import?on_conflict=rename", json=file).json()["workflows"][0]
    assert renamed["outcome"] == "renamed"
    assert bench.ask(bob, "GET", f"/workflows/{renamed['id']}").json()["owner"] == "bob"
    assert bench.ask(ann, "GET", f"/workflows/{anns['w']}").json()["version"] == 1
    using = bench.ask(bob, "GET", f"/workflows/{own}/export").json()
    told = bench.ask(bob, "POST", "/workflows/import?ids=new&dry_run=true", json=using).json()
    assert told["missing_credentials"] == ["anns"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_anothers_trigger_is_not_found_through_a_workflow_of_ones_own(
    bench: AccessBench, method: str
) -> None:
    _, anns = make_anns(bench)
    bob = bench.key("bob")
    own = bench.save(bob)
    body = {"json": {"type": "webhook"}} if method == "PUT" else {}
    answer = bench.ask(bob, method, f"/workflows/{own}/triggers/{anns['t']}", **body)
    assert answer.status_code == 404


def test_a_credential_that_is_shared_waits_for_the_workflow_to_be_shared(bench: AccessBench) -> None:
    ann, bob = bench.key("ann", groups=["ops"]), bench.key("bob", groups=["ops"])
    secret = {"kind": "bearer", "values": {"token": "t-1"}}
    assert bench.ask(ann, "PUT", "/credentials/shared", json=secret).status_code == 201
    taken = bench.ask(bob, "PUT", "/credentials/shared", json=secret)
    assert (taken.status_code, "choose another" in taken.json()["detail"]) == (404, True)
    bench.ask(ann, "PUT", "/credentials/shared/access", json={"groups": ["ops"]})
    own = bench.save(bob)
    hook = {"type": "webhook", "auth": {"type": "header", "credential": "shared"}}
    refused = bench.ask(bob, "POST", f"/workflows/{own}/triggers", json=hook)
    assert (refused.status_code, "share it and the workflow" in refused.json()["detail"]) == (422, True)
    bench.ask(bob, "PUT", f"/workflows/{own}/access", json={"groups": ["ops"]})
    assert bench.ask(bob, "POST", f"/workflows/{own}/triggers", json=hook).status_code == 201


def test_a_webhook_checks_requests_with_credentials_that_its_workflow_may_use(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    bob = bench.key("bob")
    own = bench.save(bob)
    body = {"type": "webhook", "auth": {"type": "header", "credential": "anns"}}
    refused = bench.ask(bob, "POST", f"/workflows/{own}/triggers", json=body)
    assert (refused.status_code, "for this workflow" in refused.json()["detail"]) == (422, True)
    assert bench.ask(ann, "POST", f"/workflows/{anns['w']}/triggers", json=body).status_code == 201


def test_lists_show_ones_own_and_what_is_shared(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    bob, carl = bench.key("bob"), bench.key("carl", groups=["ops"])
    root = bench.key("root", "admin")

    def seen(key: str) -> list[list[str]]:
        pages = [
            bench.ask(key, "GET", path).json() for path in ("/workflows/", "/executions", "/credentials")
        ]
        return [[item.get("id") or item["name"] for item in page["items"]] for page in pages]

    own = [[anns["w"]], [anns["e"]], ["anns"]]
    assert [seen(key) for key in (ann, bob, carl, root)] == [own, [[], [], []], [[], [], []], own]
    for path in ("/workflows/{w}/access", "/credentials/{c}/access"):
        assert bench.ask(ann, "PUT", path.format(**anns), json={"groups": ["ops"]}).status_code == 200
    assert [seen(key) for key in (ann, bob, carl, root)] == [own, [[], [], []], own, own]


def test_members_of_a_group_do_what_their_roles_allow(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    bench.ask(ann, "PUT", f"/workflows/{anns['w']}/access", json={"groups": ["ops"]})
    viewer = bench.key("vic", "viewer", groups=["ops"])
    operator = bench.key("oli", "operator", groups=["ops"])
    editor = bench.key("eve", "editor", groups=["ops"])
    keys = (viewer, operator, editor)
    path = f"/workflows/{anns['w']}"
    assert [bench.ask(key, "GET", path).status_code for key in keys] == [200, 200, 200]
    assert [bench.start(key, anns["w"]).status_code for key in keys] == [403, 202, 202]
    assert [bench.ask(key, "PUT", path, json=DOCUMENT).status_code for key in keys] == [403, 403, 200]
    shared = bench.ask(editor, "PUT", f"{path}/access", json={"groups": ["everyone"]})
    assert shared.status_code == 403
    assert bench.ask(ann, "GET", path).json()["owner"] == "ann"


def test_what_is_shared_no_more_is_out_of_sight(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    carl = bench.key("carl", groups=["ops"])
    for groups, status in ((["ops"], 200), ([], 404), (["everyone"], 200)):
        bench.ask(ann, "PUT", f"/workflows/{anns['w']}/access", json={"groups": groups})
        paths = (f"/workflows/{anns['w']}", f"/executions/{anns['e']}")
        assert [bench.ask(carl, "GET", path).status_code for path in paths] == [status, status]


def test_one_shares_with_groups_that_one_is_in_and_gives_nothing_away(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    root = bench.key("root", "admin")
    for path in (f"/workflows/{anns['w']}/access", "/credentials/anns/access"):
        assert bench.ask(ann, "PUT", path, json={"groups": ["dev"]}).status_code == 403
        assert bench.ask(ann, "PUT", path, json={"groups": [], "owner": "bob"}).status_code == 403
        given = bench.ask(root, "PUT", path, json={"groups": ["dev"], "owner": "bob"})
        assert given.json() == {"owner": "bob", "groups": ["dev"]}
        assert bench.ask(ann, "PUT", path, json={"groups": []}).status_code == 404


def test_executions_of_a_deleted_workflow_stay_with_whose_it_was(bench: AccessBench) -> None:
    ann, anns = make_anns(bench)
    bench.ask(ann, "POST", f"/executions/{anns['e']}/cancel")
    assert bench.ask(ann, "DELETE", f"/workflows/{anns['w']}").status_code == 204
    bench.clock.advance(6)
    bob = bench.key("bob")
    assert bench.ask(ann, "GET", f"/executions/{anns['e']}").status_code == 200
    assert bench.ask(bob, "GET", f"/executions/{anns['e']}").status_code == 404


def test_a_shared_credential_is_seen_but_changed_by_its_owner_alone(bench: AccessBench) -> None:
    ann, _ = make_anns(bench)
    bench.ask(ann, "PUT", "/credentials/anns/access", json={"groups": ["ops"]})
    carl = bench.key("carl", groups=["ops"])
    assert bench.ask(carl, "GET", "/credentials/anns").json()["owner"] == "ann"
    assert bench.ask(carl, "PUT", "/credentials/anns", json=CREDENTIAL).status_code == 403
    assert bench.ask(carl, "DELETE", "/credentials/anns").status_code == 403


# Every route whose path names something of somebody's. The table of permissions has all routes of the app
# (test_routes_by_role), so that a new one is asked here by itself.
NAMING = ("{workflow_id}", "{execution_id}", "/credentials/{name}")
NAMED = sorted(f"{method} {path}" for method, path in ROUTE_PERMISSIONS if any(n in path for n in NAMING))
# Where the body is looked at before whose it is about.
FITTING = {"PUT /credentials/{name}": CREDENTIAL, "PUT /credentials/{name}/access": SHARING}
# What lists, counts or describes without a name in its path.
LISTING = sorted(path for method, path in ROUTE_PERMISSIONS if method == "GET" and "{" not in path)


@pytest.mark.parametrize("route", NAMED)
def test_no_route_that_names_anothers_gives_it_away(shared: AccessBench, route: str) -> None:
    _, anns = make_anns(shared)
    bob = shared.key("bob", groups=["dev"])
    method, path = route.split(" ")
    filled = path.format(
        workflow_id=anns["w"], execution_id=anns["e"], trigger_id=anns["t"], name=anns["c"],
        node_id="a", item=0, version=1, failure_id="f", token="t",
    )  # fmt: skip
    before = shared.trail()[0]
    answer = shared.ask(bob, method, filled, json=FITTING.get(route, {}) if method != "GET" else None)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:mini-n8n:problem:not-found"), answer.text
    assert shared.trail()[0] == before


@pytest.mark.parametrize("path", LISTING)
def test_no_list_shows_anothers(bench: AccessBench, path: str) -> None:
    _, anns = make_anns(bench)
    bob = bench.key("bob", groups=["dev"])
    for query in ("", f"?workflow_id={anns['w']}", f"?id={anns['w']}"):
        answer = bench.ask(bob, "GET", path + query)
        assert answer.status_code in (200, 403, 404, 422), answer.text
        told = answer.text.replace(f"'{anns['w']}'", "") if answer.status_code == 404 else answer.text
        assert not [name for name in anns.values() if name in told and name != anns["w"]]
        if answer.status_code == 200:
            assert anns["w"] not in told


def test_the_table_of_routes_is_asked_whole() -> None:
    print(f"{len(NAMED)} routes that name something, {len(LISTING)} lists, {len(ASKED)} requests by hand")
    assert len(NAMED) >= 40
    by_hand = {f"{method} {path.partition('?')[0]}" for method, path, _ in ASKED}
    assert len(by_hand) <= len(NAMED) + 1
