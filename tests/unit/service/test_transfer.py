"""Export and import: exact, without secrets, all or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from engine.bundle import MAX_WORKFLOWS, Bundle, BundledWorkflow, read_bundle
from engine.errors import ConflictError, DocumentError, NotFoundError, RequestError
from engine.json_equality import equal_json
from engine.service.exports import ExportService
from engine.service.imports import ImportOptions, ImportReport, ImportService
from engine.service.save import SaveNote
from engine.workflow import Workflow
from tests.property.any_document import documents
from tests.unit.engine_bench import EngineBench, node

NOTE = SaveNote("ada", "Imported")


@pytest.fixture
def exports(bench: EngineBench) -> ExportService:
    return bench.export_service


@pytest.fixture
def imports(bench: EngineBench) -> ImportService:
    return bench.import_service


def document(value: Any = 1, name: str = "Mine", **more: Any) -> dict[str, Any]:
    return {"name": name, "nodes": [node("a", value=value, **more)]}


def save(bench: EngineBench, *documents: dict[str, Any]) -> list[str]:
    return [bench.workflow_service.create(each)[0].workflow_id for each in documents]


def posted(bundle: Bundle) -> Bundle:
    """The file after a way through JSON text."""
    return read_bundle(json.loads(json.dumps(bundle.as_json())))


def outcomes(report: ImportReport) -> list[tuple[str, str | None, int | None]]:
    return [(item.outcome, item.workflow_id, item.version) for item in report.workflows]


def test_a_file_names_its_format_and_the_credentials_that_are_needed(
    bench: EngineBench, exports: ExportService
) -> None:
    bench.store_credential("crm", "bearer", token="t0p-s3cret")
    first, second = save(bench, document(credential="crm"), document(credential="gone"))
    bundle = exports.export([first, second, first])
    assert bundle.as_json() == {
        "format": "mini-n8n.workflows",
        "format_version": 1,
        "workflows": [
            {"id": first, "version": 1, "workflow": document(credential="crm")},
            {"id": second, "version": 1, "workflow": document(credential="gone")},
        ],
        "credentials": [
            {"name": "crm", "kind": "bearer", "used_by": [{"workflow": first, "node": "a"}]},
            {"name": "gone", "kind": None, "used_by": [{"workflow": second, "node": "a"}]},
        ],
    }
    assert "s3cret" not in json.dumps(bundle.as_json())
    assert posted(bundle) == bundle


def test_the_version_that_is_asked_for_is_exported(bench: EngineBench, exports: ExportService) -> None:
    (workflow_id,) = save(bench, document(1))
    bench.workflow_service.update(workflow_id, document(2), None)
    with pytest.raises(ConflictError, match="no live version"):
        exports.export([workflow_id], "live")
    bench.version_service.publish(workflow_id, 1, None, "ada")
    for choice, version in (("live", 1), ("draft", 2)):
        (item,) = exports.export([workflow_id], choice).workflows  # type: ignore[arg-type] # both are choices
        assert (item.version, item.workflow) == (version, document(version))


def test_too_many_none_and_unknown_workflows_are_not_exported(exports: ExportService) -> None:
    for wanted in ([], [f"wf_{number}" for number in range(MAX_WORKFLOWS + 1)]):
        with pytest.raises(RequestError, match="Name 1 to 20"):
            exports.export(wanted)
    with pytest.raises(NotFoundError):
        exports.export(["wf_none"])


def test_what_looks_like_a_secret_keeps_a_workflow_from_being_exported(
    bench: EngineBench, exports: ExportService
) -> None:
    secret = {"headers": {"Authorization": "Bearer abc"}, "url": "https://x.test/?api_key=abc"}
    (workflow_id,) = save(bench, document(secret))
    with pytest.raises(RequestError, match="holds no secrets") as caught:
        exports.export([workflow_id])
    assert [(p.node, p.field) for p in caught.value.problems] == [
        ("a", "config.value.headers.Authorization"),
        ("a", "config.value.url"),
    ]
    assert exports.export([workflow_id], allow_literals=True).workflows[0].workflow == document(secret)


def test_an_import_keeps_ids_and_documents(bench: EngineBench, exports: ExportService) -> None:
    ids = save(bench, document(1, "One"), document(2, "Two", credential="crm"))
    bundle = posted(exports.export(ids))
    other = EngineBench()
    report = other.import_service.import_bundle(bundle, ImportOptions(), NOTE)
    assert outcomes(report) == [("created", ids[0], 1), ("created", ids[1], 1)]
    assert (report.dry_run, report.missing_credentials) == (False, ("crm",))
    assert posted(other.export_service.export(ids)).workflows == bundle.workflows
    version = other.workflows.get_version(ids[0], 1)
    assert (version.author, version.message) == ("ada", "Imported")
    assert other.machines.definition(version.state_machine_version_arn)["States"]


def test_an_import_can_give_new_ids(
    bench: EngineBench, exports: ExportService, imports: ImportService
) -> None:
    (workflow_id,) = save(bench, document())
    report = imports.import_bundle(exports.export([workflow_id]), ImportOptions(ids="new"), NOTE)
    (item,) = report.workflows
    assert (item.source_id, item.outcome, item.version) == (workflow_id, "renamed", 1)
    assert item.workflow_id is not None
    assert item.workflow_id != workflow_id
    assert bench.workflow_service.get(item.workflow_id)[1].workflow.as_document() == document()


def test_the_same_file_again_changes_nothing(
    bench: EngineBench, exports: ExportService, imports: ImportService
) -> None:
    (workflow_id,) = save(bench, document())
    for on_conflict in ("refuse", "rename", "version"):
        options = ImportOptions(on_conflict=on_conflict)  # type: ignore[arg-type] # each is one
        report = imports.import_bundle(exports.export([workflow_id]), options, NOTE)
        assert outcomes(report) == [("unchanged", workflow_id, 1)]
    assert len(bench.workflow_service.list_heads(10, None).items) == 1


@pytest.fixture
def changed(bench: EngineBench, exports: ExportService) -> tuple[str, Bundle]:
    """A workflow that was changed after its export, in a file with another that was never here."""
    (workflow_id,) = save(bench, document(1))
    kept = exports.export([workflow_id]).workflows[0]
    bench.workflow_service.update(workflow_id, document(2), None)
    other = BundledWorkflow(id="wf_" + "0" * 26, workflow=document(3, "New"))
    return workflow_id, Bundle(workflows=(other, kept))


def test_an_id_that_is_taken_refuses_the_whole_file(
    bench: EngineBench, imports: ImportService, changed: tuple[str, Bundle]
) -> None:
    workflow_id, bundle = changed
    with pytest.raises(ConflictError, match=workflow_id):
        imports.import_bundle(bundle, ImportOptions(), NOTE)
    assert [head.workflow_id for head in bench.workflow_service.list_heads(10, None).items] == [workflow_id]


def test_an_id_that_is_taken_can_be_renamed(
    bench: EngineBench, imports: ImportService, changed: tuple[str, Bundle]
) -> None:
    workflow_id, bundle = changed
    report = imports.import_bundle(bundle, ImportOptions(on_conflict="rename"), NOTE)
    assert [item.outcome for item in report.workflows] == ["created", "renamed"]
    new_id = report.workflows[1].workflow_id
    assert new_id is not None
    assert bench.workflow_service.get(new_id)[1].workflow.as_document() == document(1)
    assert bench.workflow_service.get(workflow_id)[1].workflow.as_document() == document(2)


def test_an_id_that_is_taken_can_get_a_version(
    bench: EngineBench, imports: ImportService, changed: tuple[str, Bundle]
) -> None:
    workflow_id, bundle = changed
    report = imports.import_bundle(bundle, ImportOptions(on_conflict="version"), NOTE)
    assert outcomes(report)[1] == ("version", workflow_id, 3)
    assert bench.workflow_service.get(workflow_id)[1].workflow.as_document() == document(1)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (ImportOptions(dry_run=True), ("conflict", "kept", None)),
        (ImportOptions(on_conflict="rename", dry_run=True), ("renamed", None, 1)),
        (ImportOptions(on_conflict="version", dry_run=True), ("version", "kept", 3)),
        (ImportOptions(ids="new", dry_run=True), ("renamed", None, 1)),
    ],
)
def test_a_dry_run_tells_and_saves_nothing(
    bench: EngineBench,
    imports: ImportService,
    changed: tuple[str, Bundle],
    options: ImportOptions,
    wanted: tuple[str, str | None, int | None],
) -> None:
    workflow_id, bundle = changed
    report = imports.import_bundle(bundle, options, NOTE)
    outcome, kept, version = wanted
    assert report.dry_run
    assert outcomes(report)[1] == (outcome, workflow_id if kept else None, version)
    heads = bench.workflow_service.list_heads(10, None).items
    assert [(head.workflow_id, head.version) for head in heads] == [(workflow_id, 2)]


def test_the_id_of_a_deleted_workflow_is_taken_while_its_versions_are_kept(
    bench: EngineBench, exports: ExportService, imports: ImportService
) -> None:
    (workflow_id,) = save(bench, document())
    bundle = exports.export([workflow_id])
    bench.workflow_service.delete(workflow_id, None)
    for on_conflict in ("refuse", "version"):
        with pytest.raises(ConflictError, match="deleted; its versions are kept"):
            imports.import_bundle(bundle, ImportOptions(on_conflict=on_conflict), NOTE)  # type: ignore[arg-type] # each is one
    report = imports.import_bundle(bundle, ImportOptions(on_conflict="rename"), NOTE)
    assert [item.outcome for item in report.workflows] == ["renamed"]
    bench.clock.advance(91 * 24 * 3600)
    assert outcomes(imports.import_bundle(bundle, ImportOptions(), NOTE)) == [("created", workflow_id, 1)]


def test_one_document_with_a_problem_saves_none(bench: EngineBench, imports: ImportService) -> None:
    items = (
        BundledWorkflow(id="wf_" + "0" * 26, workflow=document()),
        BundledWorkflow(id="wf_" + "1" * 26, workflow=document(wrong=1)),
        BundledWorkflow(id="wf_" + "2" * 26, workflow={"nodes": []}),
    )
    with pytest.raises(DocumentError) as caught:
        imports.import_bundle(Bundle(workflows=items), ImportOptions(), NOTE)
    assert [problem.field for problem in caught.value.problems] == [
        "workflows[1].workflow.config.wrong",
        "workflows[2].workflow.name",
        "workflows[2].workflow.nodes",
    ]
    assert caught.value.problems[0].node == "a"
    assert bench.workflow_service.list_heads(10, None).items == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_a_round_trip_is_exact(workflow: Workflow) -> None:
    """Stored as they are, since few random documents would pass the checks: the file must not care."""
    bench = EngineBench()
    head, version = bench.workflow_service.create(document())
    stored = type(version)(
        workflow_id=head.workflow_id,
        version=2,
        workflow=workflow,
        created_at=version.created_at,
        definition_digest="",
        state_machine_version_arn="",
    )
    moved = type(head)(**{**vars(head), "revision": 2, "version": 2})
    bench.workflows.commit(moved, stored, 1)
    bundle = bench.export_service.export([head.workflow_id], allow_literals=True)
    back = Workflow.model_validate(posted(bundle).workflows[0].workflow)
    assert back == workflow
    assert equal_json(back.as_document(), workflow.as_document())
    assert json.dumps(back.as_document()) == json.dumps(workflow.as_document())


def caller(workflow_id: str, **config: Any) -> dict[str, Any]:
    return {"name": "Caller", "nodes": [node("call", "workflow", workflow_id=workflow_id, **config)]}


def file_of(*items: tuple[str, dict[str, Any]]) -> Bundle:
    return Bundle(workflows=tuple(BundledWorkflow(id=key, workflow=each) for key, each in items))


FIRST, SECOND = (f"wf_{letter * 26}" for letter in "AB")


def test_workflows_of_a_file_may_name_one_another_in_any_order(
    bench: EngineBench, imports: ImportService
) -> None:
    bundle = file_of((FIRST, caller(SECOND)), (SECOND, document()))
    for dry_run in (True, False):
        report = imports.import_bundle(bundle, ImportOptions(dry_run=dry_run), NOTE)
        assert outcomes(report) == [("created", FIRST, 1), ("created", SECOND, 1)]
    assert {head.workflow_id for head in bench.workflows.list_heads(10).items} == {FIRST, SECOND}


@pytest.mark.parametrize(
    ("items", "code", "field"),
    [
        (((FIRST, document()), (SECOND, caller("wf_" + "C" * 26))), "unknown_workflow", "workflows[1]"),
        (((FIRST, caller(SECOND)), (SECOND, caller(FIRST))), "workflow_cycle", "workflows[0]"),
    ],
)
def test_a_file_whose_workflows_cannot_run_one_another_is_not_imported_at_all(
    bench: EngineBench, imports: ImportService, items: tuple[Any, ...], code: str, field: str
) -> None:
    for options in (ImportOptions(), ImportOptions(dry_run=True)):
        with pytest.raises(DocumentError) as caught:
            imports.import_bundle(file_of(*items), options, NOTE)
        problem = caught.value.problems[0]
        assert (problem.code, problem.node) == (code, "call")
        assert str(problem.field).startswith(field)
    assert bench.workflows.list_heads(10).items == ()
