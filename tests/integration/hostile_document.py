"""Documents that no editor would send, as bytes: what is wrong with each, and the code that says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.documents import connect, node, workflow


def plain(node_id: str, **more: Any) -> dict[str, Any]:
    """A node that needs nothing."""
    return node(node_id, "transform", set={"x": 1}) | more


def many(count: int) -> list[dict[str, Any]]:
    """So many nodes."""
    return [plain(f"n{number}") for number in range(count)]


def bare(text: str) -> bytes:
    """A document with one node, in whose place ``text`` stands."""
    return b'{"name": "Bare", "nodes": [' + text.encode("utf-8", "surrogatepass") + b"]}"


def with_config(text: str) -> bytes:
    """A document whose node sets ``x`` to ``text``, as it is."""
    return bare('{"id": "a", "type": "transform", "config": {"set": {"x": %s}}}' % text)  # noqa: UP031


def nested(depth: int, opened: str, closed: str) -> str:
    """``1`` within so many brackets."""
    return opened * depth + "1" + closed * depth


def ring(size: int) -> list[dict[str, Any]]:
    """Connections that lead round."""
    return connect(*(f"n{number}>n{(number + 1) % size}" for number in range(size)))


# Name, what is sent (a document, or bytes), and codes one of which is told; None: no code, the status alone.
ROWS: Mapping[str, tuple[Any, set[str] | None]] = {
    # Size
    "1,001 nodes": (workflow(*many(1_001)), {"bad_value"}),
    "10,000 nodes": (workflow(*many(10_000)), {"bad_value"}),
    "10,001 connections": (
        workflow(
            *many(150), connections=connect(*(f"n{i}>n{j}" for j in range(150) for i in range(j)))[:10_001]
        ),
        {"bad_value"},
    ),
    "10 MB of text": (workflow(plain("a"), description="x" * 10_000_000), None),
    "10 MB of white space": (b" " * 10_000_000 + json.dumps(workflow(plain("a"))).encode(), None),
    "10 MB of brackets": (b"[" * 10_000_000, None),
    "2 MB of config": (workflow(node("a", "transform", set={"x": "x" * 2_000_000})), {"document_too_large"}),
    "a million small values": (with_config("[" + "1," * 1_000_000 + "1]"), {"document_too_large"}),
    "300,000 keys": (
        workflow(node("a", "transform", set={f"k{i}": 1 for i in range(300_000)})),
        {"document_too_large"},
    ),
    "a long name": (workflow(plain("a"), name="x" * 201), {"bad_value"}),
    "a long node id": (workflow(plain("a" * 64)), {"bad_value"}),
    "a long description": (workflow(plain("a"), description="x" * 10_001), {"bad_value"}),
    "51 tags": (workflow(plain("a"), tags=["t"] * 51), {"bad_value"}),
    # Shape of the graph
    "no node": (workflow(), {"bad_value"}),
    "no nodes at all": ({"name": "x"}, {"missing_field"}),
    "a cycle of one": (workflow(plain("a"), connections=connect("a>a")), {"self_connection"}),
    "a cycle of two": (workflow(*many(2), connections=ring(2)), {"cycle"}),
    "a cycle of 1,000": (workflow(*many(1_000), connections=ring(1_000)), {"cycle"}),
    "two cycles that share a node": (
        workflow(*many(3), connections=connect("n0>n1", "n1>n0", "n1>n2", "n2>n1")),
        {"cycle"},
    ),
    "the same id twice": (workflow(plain("a"), plain("a")), {"duplicate_id"}),
    "ids that differ in case alone, one twice": (
        workflow(plain("a"), plain("A"), plain("A")),
        {"duplicate_id"},
    ),
    "1,000 times the same id": (workflow(*[plain("a")] * 1_000), {"duplicate_id"}),
    "the same connection twice": (
        workflow(plain("a"), plain("b"), connections=connect("a>b", "a>b")),
        {"duplicate_connection"},
    ),
    "a connection from nowhere": (
        workflow(plain("a"), connections=connect("ghost>a")),
        {"unknown_node"},
    ),
    "a connection to nowhere": (
        workflow(plain("a"), connections=connect("a>ghost")),
        {"unknown_node"},
    ),
    "an output that there is not": (
        workflow(plain("a"), plain("b"), connections=connect("a.maybe>b")),
        {"unknown_output"},
    ),
    # Depth
    "64 lists in a config": (with_config(nested(64, "[", "]")), None),
    "10,000 lists in a config": (with_config(nested(10_000, "[", "]")), None),
    "100,000 lists in a config": (with_config(nested(100_000, "[", "]")), None),
    "10,000 objects in a config": (with_config(nested(10_000, '{"a":', "}")), None),
    "a config deep in brackets never closed": (with_config("[" * 50_000), None),
    # Types
    "nothing": (b"null", None),
    "a list": (b"[]", None),
    "a number": (b"7", None),
    "a text": (b'"workflow"', None),
    "nodes that are an object": ({"name": "x", "nodes": {"a": plain("a")}}, {"bad_value"}),
    "nodes that are a text": ({"name": "x", "nodes": "abc"}, {"bad_value"}),
    "a node that is a text": ({"name": "x", "nodes": ["a"]}, {"bad_value"}),
    "a node that is a list": ({"name": "x", "nodes": [["a"]]}, {"bad_value"}),
    "a node that is null": ({"name": "x", "nodes": [None]}, {"bad_value"}),
    "an id that is a number": (workflow(plain("a") | {"id": 1}), {"bad_value"}),
    "an id with a newline": (workflow(plain("a\n")), {"bad_value"}),
    "an id of another script": (workflow(plain("\u0430")), {"bad_value"}),
    "an id that is a path": (workflow(plain("../../etc/passwd")), {"bad_value"}),
    "an id that is an expression": (workflow(plain("{{x}}")), {"bad_value"}),
    "a name that is null": (workflow(plain("a"), name=None), {"bad_value"}),
    "a config that is a list": (workflow(plain("a") | {"config": []}), {"bad_value"}),
    "a flag that is a text": (workflow(plain("a", disabled="false")), {"bad_value"}),
    "a flag that is a number": (workflow(plain("a", disabled=1)), {"bad_value"}),
    "seconds that are a flag": (workflow(plain("a", timeout_seconds=True)), {"bad_value"}),
    "seconds that are a text": (workflow(plain("a", timeout_seconds="5")), {"bad_value"}),
    "seconds below zero": (workflow(plain("a", timeout_seconds=-1)), {"bad_value"}),
    "seconds without end": (workflow(plain("a", timeout_seconds=10**30)), {"bad_value"}),
    "a type that there is not": (workflow(node("a", "shell", command="id")), {"unknown_type"}),
    "a type that is a path": (workflow(node("a", "../http")), {"unknown_type"}),
    "a type that Python knows": (workflow(node("a", "__class__")), {"unknown_type"}),
    "a type that is null": (workflow(plain("a") | {"type": None}), {"bad_value"}),
    # Fields that are not asked for
    "an unknown field": (workflow(plain("a"), owner="root"), {"unknown_field"}),
    "a field of the answer": (workflow(plain("a"), id="wf_mine"), {"unknown_field"}),
    "a version of one's own": (workflow(plain("a"), version=999), {"unknown_field"}),
    "groups of one's own": (workflow(plain("a"), groups=["everyone"]), {"unknown_field"}),
    "a machine of one's own": (
        workflow(plain("a"), state_machine_version_arn="arn:aws:states:::x"),
        {"unknown_field"},
    ),
    "__proto__": (b'{"name":"x","__proto__":{"admin":true},"nodes":[]}', {"unknown_field"}),
    "an unknown field of a node": (workflow(plain("a", resource="arn:aws:lambda:::x")), {"unknown_field"}),
    "an unknown field of a config": (workflow(node("a", "transform", shell="id")), {"unknown_field"}),
    "an unknown field of a connection": (
        workflow(plain("a"), plain("b"), connections=[{"source": "a", "target": "b", "x": 1}]),
        {"unknown_field"},
    ),
    "an unknown field of a retry": (
        workflow(plain("a", retry={"max_attempts": 2, "x": 1})),
        {"unknown_field"},
    ),
    # What JSON is not
    "NaN": (with_config("NaN"), None),
    "Infinity": (with_config("Infinity"), None),
    "minus Infinity": (with_config("-Infinity"), None),
    "1e999": (with_config("1e999"), None),
    "a number of 5,000 digits": (with_config("9" * 5_000), None),
    "a number of 400 digits": (with_config("9" * 400), {"number_too_large"}),
    "a lone surrogate": (with_config('"\\ud800"'), None),
    "a lone surrogate in a key": (with_config('{"\\udfff": 1}'), None),
    "a lone surrogate as bytes": (with_config('"\ud800"'), None),
    "a key twice": (b'{"name": "a", "name": "b", "nodes": []}', None),
    "a key twice, deep inside": (with_config('{"a": 1, "a": 2}'), None),
    "bytes that are no text": (b'{"name": "\xff\xfe"}', None),
    "UTF-16": (
        json.dumps(workflow(plain("a"), name="é", owner="x"), ensure_ascii=False).encode("utf-16"),
        None,
    ),
    "two documents": (b'{"name": "x"}{"name": "y"}', None),
    "a comma too many": (b'{"name": "x",}', None),
    "single quotes": (b"{'name': 'x'}", None),
    "a comment": (b'{"name": "x" /* y */}', None),
    "YAML": (b"name: x\nnodes: []\n", None),
    "XML that laughs": (
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><lolz>&b;</lolz>',
        None,
    ),
    "half a document": (b'{"name": "x", "nodes": [', None),
    # Expressions and settings that cannot be kept
    "an expression that does not end": (workflow(node("a", "output", value="{{ x")), {"bad_expression"}),
    "an expression to itself": (workflow(node("a", "output", value="{{ a.output }}")), {"bad_reference"}),
    "an expression to a ghost": (
        workflow(node("a", "output", value="{{ ghost.output }}")),
        {"bad_reference"},
    ),
    "an expression of 5,000 brackets": (
        workflow(node("a", "output", value="{{ " + "(" * 5_000 + " }}")),
        {"bad_expression"},
    ),
    "a pattern that does not end": (
        workflow(node("a", "conditional", left="x", operator="matches", right="(a+")),
        {"bad_value"},
    ),
    "a pattern of a billion states": (
        workflow(node("a", "conditional", left="x", operator="matches", right="((a{1000}){1000}){1000}")),
        None,
    ),
    "a header that ends the request": (
        workflow(node("a", "http", url="http://example.com", headers={"X\r\nHost": "y"})),
        None,
    ),
    "a file for an address": (workflow(node("a", "http", url="file:///etc/passwd")), None),
}


def body_of(row: str) -> bytes:
    """What is sent for a row."""
    sent = ROWS[row][0]
    return sent if isinstance(sent, bytes) else json.dumps(sent).encode()
