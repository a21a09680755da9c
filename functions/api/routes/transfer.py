"""Export and import: workflows as one JSON file, without secrets."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from engine.bundle import FORMAT, FORMAT_VERSION, MAX_WORKFLOWS, Bundle, read_bundle
from engine.json_value import JsonObject
from engine.service.imports import Ids, ImportOptions, ImportReport, OnConflict, Outcome
from engine.service.save import SaveNote
from functions.api.access import Trail, Who
from functions.api.answer_size import check_answer_size
from functions.api.body import json_body, read_object
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.services import Services, get_services
from functions.api.version_query import Message, VersionQuery, read_version

router = guarded_router("export and import")
Use = Annotated[Services, Depends(get_services)]
WorkflowIds = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]],
    Query(alias="id", min_length=1, max_length=MAX_WORKFLOWS, description="Workflows, once for each."),
]
AllowLiterals = Annotated[
    bool,
    Query(description="Export also where a config seems to hold a secret, written out instead of stored."),
]


class ImportedWorkflowView(BaseModel):
    """What became of a workflow of the file, or would."""

    source_id: str = Field(description="The id in the file.")
    name: str
    outcome: Outcome = Field(
        description="created: under its id; renamed: under a new id; version: the next version of the "
        "workflow that has its id; unchanged: an equal document stands there; conflict: its id is taken."
    )
    id: str | None = Field(description="The id that it has now; null where one would be made, or none was.")
    version: int | None


class ImportReportView(BaseModel):
    """What became of a file, or would."""

    dry_run: bool
    workflows: list[ImportedWorkflowView]
    missing_credentials: list[str] = Field(description="Names that are used and not stored yet.")

    @classmethod
    def of(cls, report: ImportReport) -> ImportReportView:
        """From the report."""
        items = [
            ImportedWorkflowView(
                source_id=item.source_id,
                name=item.name,
                outcome=item.outcome,
                id=item.workflow_id,
                version=item.version,
            )
            for item in report.workflows
        ]
        return cls(
            dry_run=report.dry_run, workflows=items, missing_credentials=list(report.missing_credentials)
        )


def _as_file(bundle: Bundle, stem: str, response: Response) -> Bundle:
    check_answer_size(bundle.as_json(), "export fewer workflows at once", "id")
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60] or "workflow"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return bundle


@router.get("/workflows/export", responses=problem_responses(404, 409))
def export_workflows(
    ids: WorkflowIds,
    response: Response,
    services: Use,
    principal: Who,
    version: VersionQuery = "draft",
    allow_literals: AllowLiterals = False,
) -> Bundle:
    """Several workflows as one file, with the names and kinds of the credentials that they need."""
    bundle = services.exports.export(
        ids, read_version(version), audience=principal.audience, allow_literals=allow_literals
    )
    return _as_file(bundle, "workflows", response)


@router.get("/workflows/{workflow_id}/export", responses=problem_responses(404, 409))
def export_workflow(
    workflow_id: Id,
    response: Response,
    services: Use,
    principal: Who,
    version: VersionQuery = "draft",
    allow_literals: AllowLiterals = False,
) -> Bundle:
    """One workflow as a file, with the names and kinds of the credentials that it needs."""
    bundle = services.exports.export(
        [workflow_id], read_version(version), audience=principal.audience, allow_literals=allow_literals
    )
    return _as_file(bundle, str(bundle.workflows[0].workflow["name"]), response)


@router.post(
    "/workflows/import",
    responses=problem_responses(409, 412, 413),
    openapi_extra=json_body(
        Bundle,
        example={
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "workflows": [
                {
                    "id": "wf_01JZ00000000000000000000Z0",
                    "workflow": {
                        "name": "Hello",
                        "nodes": [{"id": "hello", "type": "output", "config": {"value": "Hello!"}}],
                    },
                }
            ],
        },
    ),
)
def import_workflows(
    document: Annotated[JsonObject, Depends(read_object)],
    services: Use,
    access: Trail,
    ids: Annotated[Ids, Query(description="`new` gives every workflow a new id.")] = "keep",
    on_conflict: Annotated[
        OnConflict,
        Query(description="An id that is taken: refuse the file, rename that workflow, or save a version."),
    ] = "refuse",
    dry_run: Annotated[bool, Query(description="Tell what would happen, and save nothing.")] = False,
    message: Message = None,
) -> ImportReportView:
    """Save the workflows of an export file; a file with any problem saves nothing."""
    user = access.principal.user
    note = SaveNote(user, message or "Imported", owner=user)
    options = ImportOptions(ids, on_conflict, dry_run, access.principal.audience)
    report = ImportReportView.of(services.imports.import_bundle(read_bundle(document), options, note))
    access.note("workflows", after=report.model_dump(mode="json"))
    return report
