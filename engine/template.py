"""Templates: workflows that run as they are, with the variables in which each use of them differs.

A variable names its places in the document; what stands there is its default. So the document of a
template is a workflow like any other, and filling in nothing gives it unchanged.
"""

from __future__ import annotations

import copy
import difflib
import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from engine.errors import Problem, RequestError
from engine.json_equality import equal_json
from engine.json_type import add_article, describe_type, is_of_type
from engine.json_value import JsonObject, JsonValue
from engine.node import MISSING
from engine.workflow import Part, Workflow

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
# A credential is chosen by its name; everything else is a JSON type.
VariableType: TypeAlias = Literal["string", "integer", "number", "boolean", "object", "array", "credential"]
# The longest text that fits a description field of a document.
MAX_TEXT_CHARACTERS = 10_000
_CREDENTIAL_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")


class Place(Part):
    """Where a value goes: a node, and the path from there (``["config", "default"]``)."""

    node: str
    path: tuple[str, ...] = Field(min_length=1)


class Variable(Part):
    """What is asked for when a template is used."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(min_length=1, max_length=1_000)
    type: VariableType = "string"
    required: bool = False
    choices: tuple[JsonValue, ...] | None = Field(None, min_length=1)
    minimum: float | None = None
    maximum: float | None = None
    places: tuple[Place, ...] = Field(min_length=1)

    def find_misfit(self, value: JsonValue) -> str | None:
        """Why a value does not fit, as the end of a sentence, or None."""
        if self.type == "credential":
            fits = isinstance(value, str) and _CREDENTIAL_NAME.match(value)
            return None if fits else "must be the name of a credential"
        if not is_of_type(value, self.type):
            return f"must be {add_article(self.type)}, and is {describe_type(value)}"
        if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
            return f"has more than {MAX_TEXT_CHARACTERS:,} characters"
        if self.choices is not None and not any(equal_json(value, choice) for choice in self.choices):
            return f"must be one of: {', '.join(map(repr, self.choices))}"
        return self._find_bound(value)

    def _find_bound(self, value: JsonValue) -> str | None:
        if not isinstance(value, int | float):
            return None
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}"
        return None


class Gallery(Part):
    """What the gallery says of a template besides its document."""

    category: str = Field(min_length=1, max_length=64)
    variables: tuple[Variable, ...] = ()


class Template(Part):
    """A template: its name in the gallery, its document, its variables."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    category: str
    workflow: Workflow
    variables: tuple[Variable, ...] = ()

    @model_validator(mode="after")
    def _has_its_places(self) -> Template:
        """Each variable once; each place in the document; a default of the variable's own type."""
        names = [variable.name for variable in self.variables]
        if len(set(names)) != len(names):
            raise ValueError("two variables have the same name")
        for variable in self.variables:
            found = [self._read(place) for place in variable.places]
            if any(not equal_json(value, found[0]) for value in found if value is not found[0]):
                raise ValueError(f"the places of variable '{variable.name}' hold different values")
            missing = found[0] is MISSING
            if missing and not variable.required and variable.type != "credential":
                raise ValueError(f"variable '{variable.name}' has no default and is not required")
            if not missing and (why := variable.find_misfit(found[0])):
                raise ValueError(f"the default of variable '{variable.name}' {why}")
        return self

    def default(self, variable: Variable) -> JsonValue:
        """What stands at the variable's places; MISSING for nothing."""
        return self._read(variable.places[0])

    def fill(self, values: JsonObject, name: str | None = None) -> JsonObject:
        """The document with these values in it, under another name if one is given.

        RequestError with one problem for each variable that is unknown, missing or does not fit.
        """
        problems = [*self._find_unknown(values), *self._find_misfits(values)]
        if problems:
            said = "; ".join(problem.message for problem in problems)
            raise RequestError(f"The variables do not fit the template: {said}.", "variables", problems)
        document = copy.deepcopy(self.workflow.as_document())
        nodes = {node["id"]: node for node in document["nodes"]}
        for variable in self.variables:
            if values.get(variable.name) is not None:
                for place in variable.places:
                    _write(nodes[place.node], place.path, values[variable.name])
        if name is not None:
            document["name"] = name
        return document

    def _read(self, place: Place) -> JsonValue:
        value: JsonValue = next(
            (node for node in self.workflow.as_document()["nodes"] if node["id"] == place.node), None
        )
        if value is None:
            raise ValueError(f"there is no node '{place.node}'")
        for depth, part in enumerate(place.path):
            if not isinstance(value, dict):
                raise ValueError(f"node '{place.node}' has no field {'.'.join(place.path[:depth])}")
            if part not in value:
                if depth < len(place.path) - 1:
                    raise ValueError(f"node '{place.node}' has no field {'.'.join(place.path)}")
                return MISSING
            value = value[part]
        return value

    def _find_unknown(self, values: JsonObject) -> list[Problem]:
        known = [variable.name for variable in self.variables]
        problems = []
        for name in values:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                cure = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known) or 'none'}"
                message = f"there is no variable '{name}': {cure}"
                problems.append(Problem("unknown_variable", message, None, f"variables.{name}"))
        return problems

    def _find_misfits(self, values: JsonObject) -> list[Problem]:
        problems = []
        for variable in self.variables:
            value = values.get(variable.name)
            if value is None:
                missing = variable.required and self.default(variable) is MISSING
                why = f"is required; give it {add_article(variable.type)}" if missing else None
            else:
                why = variable.find_misfit(value)
            if why:
                message = f"variable '{variable.name}' {why}"
                problems.append(Problem("variable", message, None, f"variables.{variable.name}"))
        return problems


def _write(node: JsonObject, path: tuple[str, ...], value: JsonValue) -> None:
    part: JsonObject = node
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = copy.deepcopy(value)
