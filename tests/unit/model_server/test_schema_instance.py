from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from infra.local.model_server.schema_instance import SchemaUnsupportedError, make_instance

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
    "required": ["value", "children"],
    "additionalProperties": False,
}
TREE = {"$defs": {"node": NODE}, "$ref": "#/$defs/node"}
LINKED = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["next"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "free": {},
    "true": True,
    "const": {"const": {"a": [1]}},
    "enum": {"enum": ["red", 3, None]},
    "bounded integer": {"type": "integer", "minimum": 7, "maximum": 7},
    "exclusive integer": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "negative": {"type": "integer", "maximum": -5},
    "multiple": {"type": "integer", "multipleOf": 7, "minimum": 20},
    "narrow number": {"type": "number", "minimum": 0.25, "maximum": 0.3},
    "unit interval": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "number multiple": {"type": "number", "multipleOf": 0.25, "minimum": 1},
    "long string": {"type": "string", "minLength": 300},
    "short string": {"type": "string", "maxLength": 5},
    "pattern": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"},
    "pattern in length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 6},
    "formats": {
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("date", "time", "email", "ipv4", "ipv6", "uuid")
        }
    },
    "nullable": {"type": ["null", "string"]},
    "array": {"type": "array", "items": {"type": "integer"}, "minItems": 5, "uniqueItems": True},
    "at most one": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
    "unique enum": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": False},
    "contains": {"type": "array", "contains": {"const": 4}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    "required without property": {"type": "object", "required": ["id"]},
    "nested": {
        "type": "object",
        "properties": {"people": {"type": "array", "items": {"$ref": "#/$defs/person"}}},
        "required": ["people"],
        "$defs": {
            "person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        },
    },
    "any of": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 3}]},
    "one of": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    "all of": {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"required": ["b"]}]},
    "recursive array": TREE,
    "recursive null": LINKED,
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_instance_is_valid_and_always_the_same(name: str) -> None:
    schema = SCHEMAS[name]
    first, second = (make_instance(schema, "a report about: tea") for _ in range(2))
    assert first == second
    errors = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(
        first
    )
    assert [error.message for error in errors] == []


def test_free_strings_carry_the_mark_and_titles_the_topic() -> None:
    schema = {"properties": {"title": {"type": "string"}, "body": {"type": "string"}}}
    made = make_instance(schema, "Write about: green tea")
    assert made["title"] == "[synthetic answer] green tea"
    assert made["body"].startswith("[synthetic answer] ")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "nonsense"}, "the schema is not valid JSON Schema"),
        (False, "nothing is allowed at $"),
        ({"$ref": "#/$defs/none"}, "names nothing in the schema"),
        ({"$ref": "https://example.com/x"}, "leaves the schema"),
        ({"$ref": "#"}, "leads back to itself"),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "does not end at $.a"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "no valid instance was found"),
        ({"type": "string", "pattern": "^a$", "minLength": 9}, "no string was found"),
    ],
)
def test_a_schema_that_cannot_be_served_is_refused_with_its_reason(schema: Any, reason: str) -> None:
    with pytest.raises(SchemaUnsupportedError) as refused:
        make_instance(schema, "tea")
    assert reason in str(refused.value)


def scalars() -> st.SearchStrategy[dict[str, Any]]:
    low, span = st.integers(-50, 50), st.integers(0, 9)

    def bound(kind: str, least: str, most: str) -> st.SearchStrategy[dict[str, Any]]:
        lows = low if kind != "string" else st.integers(0, 90)
        return st.builds(lambda start, more: {"type": kind, least: start, most: start + more}, lows, span)

    return st.one_of(
        st.sampled_from([{"type": "string"}, {"type": "boolean"}, {"type": "null"}, {"enum": ["x", "y"]}]),
        bound("integer", "minimum", "maximum"),
        bound("number", "minimum", "maximum"),
        bound("string", "minLength", "maxLength"),
    )


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.dictionaries(st.sampled_from(["title", "score", "tags", "body"]), inner, max_size=4)
    return st.one_of(
        st.builds(
            lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 4)
        ),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda parts: {
                "type": "object",
                "properties": parts,
                "required": sorted(parts),
                "additionalProperties": False,
            },
            fields,
        ),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
@given(schema=st.recursive(scalars(), containers, max_leaves=8))
def test_any_schema_of_these_parts_gets_a_valid_instance(schema: dict[str, Any]) -> None:
    assert Draft202012Validator(schema).is_valid(make_instance(schema, "tea"))
