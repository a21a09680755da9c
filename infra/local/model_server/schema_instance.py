"""An instance for a JSON Schema: deterministic, in the prompt's words, and checked before it is sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from infra.local.model_server.schema_scalar import make_integer, make_number, make_string
from infra.local.model_server.seed import MARK, Json, pick, pick_number
from infra.local.model_server.text import write_sentence
from infra.local.model_server.topic import find_topic

MAX_DEPTH = 12  # levels of nesting; beyond it a recursive schema has no way to end
OPTIONAL_DEPTH = 4  # levels; deeper than this only what the schema requires is made, so recursion ends
ARRAY_ITEMS = 3  # items, where the schema leaves the number open
MAX_ITEM_TRIES = 20  # tries to find one more item different from the others


class SchemaUnsupportedError(Exception):
    """No instance was found for a schema; the message names the place and what stood in the way."""


def make_instance(schema: Json, prompt: str, variant: int = 0) -> Json:
    """A value that is valid against ``schema`` and whose free strings speak about ``prompt``.

    Raises ``SchemaUnsupportedError`` for an invalid schema and for one that no instance was found for.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise SchemaUnsupportedError(f"the schema is not valid JSON Schema: {error.message}") from error
    instance = _InstanceMaker(schema, prompt, variant).make(schema, (), 0)
    problem = next(iter(Draft202012Validator(schema).iter_errors(instance)), None)
    if problem is not None:
        raise SchemaUnsupportedError(f"no valid instance was found at {problem.json_path}: {problem.message}")
    return instance


class _InstanceMaker:
    """Walks one schema; ``path`` is the place in the instance, ``depth`` counts every step inward."""

    def __init__(self, root: Json, prompt: str, variant: int) -> None:
        self._root = root
        self._prompt = prompt
        self._variant = variant

    def make(self, schema: Json, path: tuple[Any, ...], depth: int) -> Json:
        """A value for ``schema``."""
        if depth > MAX_DEPTH:
            raise SchemaUnsupportedError(
                f"the schema does not end at {_spell(path)}: add null or an optional step"
            )
        if schema is True or schema == {}:
            return self._make_free_text(path)
        if schema is False:
            raise SchemaUnsupportedError(f"nothing is allowed at {_spell(path)}")
        schema = self._merge(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return pick(schema["enum"], self._prompt, path, self._variant)
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self._make_branch(schema, branches, path, depth)
        return self._make_typed(schema, path, depth)

    def _merge(self, schema: dict[str, Any]) -> dict[str, Any]:
        """``schema`` with its ``$ref`` and ``allOf`` written into it."""
        steps = 0
        while "$ref" in schema or "allOf" in schema:
            steps += 1
            if steps > MAX_DEPTH:
                raise SchemaUnsupportedError("a $ref leads back to itself: give it a way to end")
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            parts = [self._resolve(schema["$ref"])] if "$ref" in schema else []
            parts += schema.get("allOf", [])
            schema = {}
            for part in [*parts, rest]:
                _merge_into(schema, part)
        return schema

    def _resolve(self, reference: str) -> Json:
        if not reference.startswith("#"):
            raise SchemaUnsupportedError(f"$ref {reference!r} leaves the schema: use '#/$defs/…'")
        place = self._root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            place = place[int(key)] if isinstance(place, list) else place.get(key)
            if place is None:
                raise SchemaUnsupportedError(f"$ref {reference!r} names nothing in the schema")
        return place

    def _make_branch(
        self, schema: dict[str, Any], branches: list[Any], path: tuple[Any, ...], depth: int
    ) -> Json:
        """The first branch that works; ``null`` comes last, or first where the schema is deep."""
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
        nulls_first = depth >= OPTIONAL_DEPTH
        ordered = sorted(branches, key=lambda branch: (branch == {"type": "null"}) != nulls_first)
        failure = SchemaUnsupportedError(f"no branch fits at {_spell(path)}")
        for branch in ordered:
            try:
                value = self.make(_merge_into(copy.deepcopy(rest), branch), path, depth + 1)
            except SchemaUnsupportedError as error:
                failure = error
                continue
            if self._is_valid(schema, value):
                return value
        raise failure

    def _is_valid(self, schema: dict[str, Any], value: Json) -> bool:
        """Checked from the root, so that a ``$ref`` inside ``schema`` means what it says."""
        return next(Draft202012Validator(self._root).descend(value, schema), None) is None

    def _make_typed(self, schema: dict[str, Any], path: tuple[Any, ...], depth: int) -> Json:
        seed = (self._prompt, path, self._variant)
        kind = _find_type(schema, prefer_null=depth > OPTIONAL_DEPTH)
        if kind == "object":
            return self._make_object(schema, path, depth)
        if kind == "array":
            return self._make_array(schema, path, depth)
        if kind == "string":
            return self._make_string(schema, path)
        scalars: dict[str, Callable[[], Json]] = {
            "integer": lambda: make_integer(schema, *seed),
            "number": lambda: make_number(schema, *seed),
            "boolean": lambda: pick_number(2, *seed) == 0,
            "null": lambda: None,
        }
        return scalars[kind]()

    def _make_string(self, schema: dict[str, Any], path: tuple[Any, ...]) -> str:
        text = make_string(schema, self._make_free_text(path), self._prompt, path, self._variant)
        if text is None:
            raise SchemaUnsupportedError(f"no string was found for {json.dumps(schema)} at {_spell(path)}")
        return text

    def _make_free_text(self, path: tuple[Any, ...]) -> str:
        name = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        wish = name.lower()
        if any(part in wish for part in ("title", "headline", "name", "topic", "subject")):
            number = f" {path[-1] + 1}" if isinstance(path[-1], int) else ""
            text = find_topic(self._prompt) + number
        else:
            text = write_sentence(self._prompt, path, self._variant)
        return f"{MARK} {text}"

    def _make_object(self, schema: dict[str, Any], path: tuple[Any, ...], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        extra = schema.get("additionalProperties", True)
        wanted = [name for name in properties if name in required or depth < OPTIONAL_DEPTH]
        wanted += [name for name in required if name not in properties]
        fill = 0
        while len(wanted) < schema.get("minProperties", 0) and extra is not False:
            fill += 1
            wanted.append(f"field_{fill}")
        wanted = wanted[: max(schema.get("maxProperties", len(wanted)), len(required))]
        made: dict[str, Any] = {}
        for name in wanted:
            part = properties.get(name, extra)
            try:
                made[name] = self.make(part, (*path, name), depth + 1)
            except SchemaUnsupportedError:
                if name in required:
                    raise
        return made

    def _make_array(self, schema: dict[str, Any], path: tuple[Any, ...], depth: int) -> list[Any]:
        prefix = schema.get("prefixItems", [])
        items = schema.get("items", schema.get("contains", True))
        least = max(schema.get("minItems", 0), schema.get("minContains", 1) if "contains" in schema else 0)
        open_number = 0 if depth > OPTIONAL_DEPTH or items is False else ARRAY_ITEMS
        count = min(max(least, len(prefix), open_number), schema.get("maxItems", 1_000_000))
        made: list[Any] = []
        seen: set[str] = set()
        tries = 0
        while len(made) < count:
            part = prefix[len(made)] if len(made) < len(prefix) else items
            value = self.make(part, (*path, len(made) + tries), depth + 1)
            spelled = json.dumps(value, sort_keys=True)
            if schema.get("uniqueItems") and spelled in seen:
                tries += 1
                if tries > MAX_ITEM_TRIES:
                    break
                continue
            seen.add(spelled)
            made.append(value)
        return made


def _merge_into(target: dict[str, Any], part: Json) -> dict[str, Any]:
    """Adds the schema ``part`` to ``target``: properties and required are joined, the rest is replaced."""
    if part is True:
        return target
    if part is False:
        raise SchemaUnsupportedError("a part of the schema allows nothing (false)")
    for key, value in part.items():
        if key == "properties":
            target[key] = {**target.get(key, {}), **value}
        elif key == "required":
            target[key] = [*target.get(key, []), *(name for name in value if name not in target.get(key, []))]
        elif key == "allOf":
            target[key] = [*target.get(key, []), *value]
        else:
            target[key] = value
    return target


_HINTS = {
    "properties": "object", "required": "object", "additionalProperties": "object", "minProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array", "contains": "array",
    "minimum": "number", "maximum": "number", "multipleOf": "number", "exclusiveMinimum": "number",
}  # fmt: skip


def _find_type(schema: dict[str, Any], *, prefer_null: bool) -> str:
    """The type to make: the first that is not null, unless the schema is deep and null is allowed."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return declared
    if isinstance(declared, list):
        if prefer_null and "null" in declared:
            return "null"
        return str(next((kind for kind in declared if kind != "null"), "null"))
    return next((kind for key, kind in _HINTS.items() if key in schema), "string")


def _spell(path: tuple[Any, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
