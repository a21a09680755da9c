from __future__ import annotations

import itertools
from typing import Any

from engine.asl import all_states
from engine.compiler import Compiled, Profile, compile_workflow
from engine.compiler.fusion import MAX_NODES
from engine.compiler.lambda_call import called_nodes, payload_of
from engine.json_value import JsonObject
from engine.workflow import Workflow
from tests.golden.node_types import TARGETS, make_registry

REGISTRY = make_registry()
CONFIGS: dict[str, JsonObject] = {"http": {"url": "http://x"}, "llm": {"prompt": "x"}, "input": {"name": "x"}}


def compiled(nodes: dict[str, Any], edges: str, profile: Profile | None = None) -> JsonObject:
    """The definition of nodes (id to type, or to a whole node) and edges like ``a b, c:true d``."""
    return compile_nodes(nodes, edges, profile).definition


def compile_nodes(nodes: dict[str, Any], edges: str, profile: Profile | None) -> Compiled:
    described = [
        {"id": node_id, "config": CONFIGS.get(kind, {}), "type": kind}
        if isinstance(kind, str)
        else {"id": node_id, "config": CONFIGS.get(kind["type"], {}), **kind}
        for node_id, kind in nodes.items()
    ]
    connections = []
    for edge in filter(None, edges.split(", ")):
        source, target = edge.split()
        source, _, output = source.partition(":")
        connections.append({"source": source, "source_output": output or "main", "target": target})
    workflow = Workflow.model_validate({"name": "x", "nodes": described, "connections": connections})
    return compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=profile)


def tasks(definition: JsonObject) -> list[tuple[str, ...]]:
    found = [called_nodes(state) for state in all_states(definition) if state["Type"] == "Task"]
    return sorted(found)


def test_light_nodes_join_the_task_before_or_after_them() -> None:
    definition = compiled(
        {"a": "transform", "b": "http", "c": "transform", "d": "http", "e": "output"}, "a b, b c, c d, d e"
    )
    assert tasks(definition) == [("a", "b", "c"), ("d", "e")]
    functions = {state["Parameters"]["FunctionName"] for state in all_states(definition)}
    assert functions == {TARGETS["http"]}


def test_a_light_branch_joins_what_stands_before_it() -> None:
    definition = compiled({"a": "http", "b": "transform", "c": "http"}, "a b, a c")
    assert tasks(definition) == [("a", "b"), ("c",)]
    assert {state["Type"] for state in all_states(definition)} == {"Task"}


def test_a_light_branch_with_nothing_before_it_begins_another_branch() -> None:
    definition = compiled({"a": "transform", "b": "http", "c": "http"}, "")
    assert tasks(definition) == [("a", "b"), ("c",)]


def test_two_heavy_nodes_never_share_a_task() -> None:
    assert tasks(compiled({"a": "http", "b": "http"}, "a b")) == [("a",), ("b",)]


def test_a_light_node_with_settings_of_its_own_stays_alone() -> None:
    for settings in ({"on_error": "continue"}, {"timeout_seconds": 5}, {"retry": {"max_attempts": 2}}):
        nodes = {"a": "http", "b": {"type": "transform", **settings}}
        alone = [task for task in tasks(compiled(nodes, "a b")) if "a" not in task]
        assert set(alone) == {("b",)}


def test_a_task_runs_so_many_nodes_at_most() -> None:
    ids = [f"n{index:02}" for index in range(MAX_NODES + 2)]
    edges = ", ".join(f"{a} {b}" for a, b in itertools.pairwise(ids))
    assert [len(task) for task in tasks(compiled(dict.fromkeys(ids, "transform"), edges))] == [MAX_NODES, 2]


def test_what_comes_before_and_after_a_for_each_node_joins_its_first_and_its_last_task() -> None:
    nodes = {"a": "transform", "b": {"type": "http", "for_each": {"items": [1]}}, "c": "transform"}
    steps = {
        payload_of(state)["step"]: called_nodes(state)
        for state in all_states(compiled(nodes, "a b, b c"))
        if state["Type"] == "Task"
    }
    assert steps == {"expand": ("a", "b"), "item": ("b",), "collect": ("b", "c")}


def test_inputs_have_no_state_unless_something_comes_before_them() -> None:
    assert tasks(compiled({"x": "input", "b": "http"}, "x b")) == [("b",)]
    assert tasks(compiled({"b": "http", "x": "input"}, "b x")) == [("b", "x")]
    nothing = compiled({"x": "input"}, "")
    assert nothing["States"] == {"nothing to do": {"Type": "Succeed"}}


def test_a_region_that_is_not_taken_costs_nothing() -> None:
    definition = compiled(
        {"c": "conditional", "yes": "http", "more": "http", "no": "llm", "end": "output"},
        "c:true yes, yes more, c:false no, more end, no end",
    )
    states = definition["States"]
    assert states["c"]["Parameters"]["Payload"]["fork"] == "c"
    choice = states["c left by"]
    assert [(rule["StringEquals"], rule["Next"]) for rule in choice["Choices"]] == [
        ("true", "yes"),
        ("false", "no"),
    ]
    assert choice["Default"] == "end"
    assert [states[name]["Next"] for name in ("yes", "more", "no")] == ["more", "end", "end"]


def test_what_can_be_reached_in_two_ways_is_no_region() -> None:
    definition = compiled(
        {"c": "conditional", "a": "http", "b": "http"}, "c:true a, c:true b, c:false b, a b"
    )
    choice = definition["States"]["c left by"]
    assert [(rule["StringEquals"], rule["Next"]) for rule in choice["Choices"]] == [("true", "a")]
    assert choice["Default"] == definition["States"]["a"]["Next"] == "b"


def test_the_error_of_a_node_may_be_a_way_too() -> None:
    definition = compiled({"a": {"type": "http", "on_error": "output"}, "cure": "llm"}, "a:error cure")
    states = definition["States"]
    assert states["a"]["Next"] == states["a settle"]["Next"] == "a left by"
    assert states["a settle"]["ResultPath"] == "$.left"


def test_a_light_region_needs_no_choice() -> None:
    definition = compiled({"c": "conditional", "a": "transform", "b": "transform"}, "c:true a, c:false b")
    assert tasks(definition) == [("c", "a", "b")]


BLOG = (
    {"plan": "llm", "draft": "llm", "review": "llm", "title": "llm", "social": "llm"}
    | {"post": "output", "share": "output"},
    "plan draft, plan title, plan social, draft review, review post, title post, title share, social share",
)


def test_light_nodes_that_nothing_waits_for_share_a_task_at_the_end() -> None:
    waits = compile_nodes(*BLOG, None).report["waits"]
    assert ("share", "post") in tasks(compiled(*BLOG))
    reasons = {wait["node"]: wait["text"].partition(", for ")[2] for wait in waits}
    assert set(reasons.values()) == {
        "it takes milliseconds, nothing waits for it, and at the end it shares a Task"
    }


def test_what_answers_a_webhook_is_not_put_off() -> None:
    nodes, edges = BLOG
    assert ("share",) in tasks(compiled({**nodes, "share": "respond"}, edges))


def test_an_order_that_branches_have_exactly_is_kept() -> None:
    definition = compiled({"a": "llm", "b": "llm", "join": "output", "c": "llm"}, "a join, b join")
    assert ("join",) in tasks(definition)


def test_a_node_that_is_known_to_take_long_shares_no_task() -> None:
    nodes, edges = {"a": "http", "b": "transform"}, "a b"
    assert tasks(compiled(nodes, edges)) == [("a", "b")]
    profile = Profile({"a": 1.0, "b": 3.0})
    assert tasks(compiled(nodes, edges, profile)) == [("a",), ("b",)]
