"""Templates: the gallery, and workflows made from it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from engine.json_value import JsonObject, JsonValue
from engine.node import MISSING
from engine.template import Template, Variable, VariableType
from functions.api.access import Trail
from functions.api.body import json_body, read_object
from functions.api.body_model import read_model
from functions.api.paging import Id
from functions.api.problem import problem_responses
from functions.api.router import guarded_router
from functions.api.routes.workflows import noted
from functions.api.services import Services, get_services
from functions.api.version_query import Message
from functions.api.workflow_view import WorkflowDetail

router = guarded_router("templates")
Use = Annotated[Services, Depends(get_services)]


class VariableView(BaseModel):
    """What is asked for when a template is used; complete enough to draw a form from."""

    name: str
    title: str
    description: str
    type: VariableType
    required: bool = Field(description="It has no default, and must be given.")
    default: JsonValue = Field(description="What is taken when nothing is given; null: nothing is.")
    choices: list[JsonValue] | None
    minimum: float | None
    maximum: float | None

    @classmethod
    def of(cls, template: Template, variable: Variable) -> VariableView:
        """From the template."""
        default = template.default(variable)
        return cls(
            name=variable.name,
            title=variable.title,
            description=variable.description,
            type=variable.type,
            required=variable.required,
            default=None if default is MISSING else default,
            choices=list(variable.choices) if variable.choices is not None else None,
            minimum=variable.minimum,
            maximum=variable.maximum,
        )


class TemplateSummary(BaseModel):
    """A template in the gallery."""

    name: str = Field(description="What it is called in addresses.")
    title: str
    description: str | None
    category: str
    tags: list[str]
    node_count: int
    node_types: list[str]
    variables: list[VariableView]


class TemplateDetail(TemplateSummary):
    """A template with its document."""

    workflow: JsonObject = Field(description="The document, with the defaults of all variables.")


class TemplateList(BaseModel):
    """The gallery."""

    items: list[TemplateSummary]


class InstantiateRequest(BaseModel):
    """What a workflow is made with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(None, description="The name of the workflow; null: that of the template.")
    variables: JsonObject = Field(default_factory=dict, description="Values by name of the variable.")


def _fields(template: Template) -> dict[str, Any]:
    workflow = template.workflow
    return {
        "name": template.name,
        "title": workflow.name,
        "description": workflow.description,
        "category": template.category,
        "tags": list(workflow.tags),
        "node_count": len(workflow.nodes),
        "node_types": sorted({node.type for node in workflow.nodes}),
        "variables": [VariableView.of(template, variable) for variable in template.variables],
    }


def read_instantiate_request(
    document: Annotated[JsonObject, Depends(read_object)],
) -> InstantiateRequest:
    """The body; RequestError names the field."""
    return read_model(InstantiateRequest, document)


@router.get("/templates")
def list_templates(services: Use) -> TemplateList:
    """All templates, by name."""
    found = services.templates.list_templates()
    return TemplateList(items=[TemplateSummary(**_fields(template)) for template in found])


@router.get("/templates/{name}", responses=problem_responses(404))
def get_template(name: Id, services: Use) -> TemplateDetail:
    """One template with its document."""
    template = services.templates.get(name)
    return TemplateDetail(**_fields(template), workflow=template.workflow.as_document())


@router.post(
    "/templates/{name}/instantiate",
    status_code=201,
    responses=problem_responses(404, 409, 413),
    openapi_extra=json_body(
        InstantiateRequest,
        required=False,
        example={"name": "Our blog", "variables": {"tone": "dry and precise"}},
    ),
)
def instantiate_template(
    name: Id,
    asked: Annotated[InstantiateRequest, Depends(read_instantiate_request)],
    response: Response,
    services: Use,
    access: Trail,
    message: Message = None,
) -> WorkflowDetail:
    """Save a new workflow made of the template with these values."""
    user = access.principal.user
    head, version = services.templates.instantiate(name, asked.variables, asked.name, user, message)
    access.note(f"workflow:{head.workflow_id}", after={"template": name, **noted(head)})
    response.headers["ETag"] = f'"{head.revision}"'
    response.headers["Location"] = f"{services.public_url}/api/v1/workflows/{head.workflow_id}"
    return WorkflowDetail.of_version(head, version)
