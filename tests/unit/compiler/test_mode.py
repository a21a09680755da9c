"""Standard, express, or whichever of them fits."""

from __future__ import annotations

from typing import Any

import pytest

from engine.compiler import Profile, compile_workflow
from engine.compiler.measure import Cost
from engine.compiler.mode import find_misfits
from engine.compiler.price import ExpressSeconds, price_executions
from engine.errors import DocumentError
from engine.registry import NodeRegistry
from engine.settings import EXECUTORS
from engine.validation import check_document
from nodes import BUILTIN_NODES
from tests.unit.engine_bench import TARGETS, connect, node

REGISTRY = NodeRegistry(BUILTIN_NODES)
FETCH = {"url": "https://example.com"}


def chosen(*nodes: dict[str, Any], settings: dict[str, Any], pairs: tuple[str, ...] = ()) -> Any:
    document = {
        "name": "Mode",
        "nodes": list(nodes),
        "connections": connect(*pairs),
        "settings": settings,
    }
    compiled = compile_workflow(check_document(document, REGISTRY), REGISTRY, targets=TARGETS)
    assert compiled.report["mode"]["chosen"] == compiled.mode
    return compiled


def refused(*nodes: dict[str, Any], **settings: Any) -> list[tuple[str | None, str | None]]:
    with pytest.raises(DocumentError) as error:
        chosen(*nodes, settings={"mode": "express", **settings})
    assert all("standard" in problem.message for problem in error.value.problems)
    return [(problem.node, problem.field) for problem in error.value.problems]


def test_a_document_that_says_nothing_is_standard_as_before() -> None:
    compiled = chosen(node("a", "transform"), settings={})
    assert compiled.mode == "standard"
    assert "TimeoutSeconds" in compiled.definition
    assert list(compiled.definition["States"]) == ["a"]


def test_express_is_refused_what_it_cannot_do_node_by_node_with_the_cure() -> None:
    found = refused(
        node("slow", "http", **FETCH, timeout_seconds=200),
        node("long", "wait", seconds=301),
        node("film", "video", prompt="A film", timeout_seconds=900),
    )
    assert found == [("long", "config"), ("film", "timeout_seconds")]
    assert refused(node("a", "transform"), timeout_seconds=301) == [(None, "settings.timeout_seconds")]


def test_what_express_cannot_do_hides_neither_a_size_nor_what_else_it_cannot_do() -> None:
    settled = {"timeout_seconds": 9, "on_error": "output", "retry": {"max_attempts": 5}}
    nodes = [node(f"n{index}", "http", **FETCH, **settled) for index in range(998)]
    with pytest.raises(DocumentError) as error:
        chosen(*nodes, node("long", "wait", seconds=301), settings={"mode": "express"})
    assert [(one.code, one.node) for one in error.value.problems] == [
        ("express_misfit", "long"),
        ("definition_too_large", None),
    ]


def test_what_is_disabled_keeps_nothing_from_being_express() -> None:
    waits = node("long", "wait", seconds=301, disabled=True)
    assert chosen(waits, settings={"mode": "express"}).mode == "express"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}, "task token"),
        ({"Resource": "arn:aws:states:::states:startExecution.sync:2"}, "another execution"),
        ({"Resource": "arn:aws:states:us-east-1:0:activity:people"}, "activity"),
    ],
)
def test_patterns_of_standard_machines_are_found_in_a_definition(state: dict[str, Any], words: str) -> None:
    """Whatever node types and stages there are: what they emit is looked at."""
    workflow = check_document({"name": "M", "nodes": [node("a", "transform")]}, REGISTRY)
    task = {"Type": "Task", "Parameters": {"Payload": {"nodes": ["a"]}}, **state}
    definition = {"States": {"P": {"Type": "Parallel", "Branches": [{"States": {"a": task}}]}}}
    (problem,) = find_misfits(workflow, REGISTRY, definition)
    assert (problem.node, problem.field, words in problem.message) == ("a", "type", True)


def test_a_distributed_map_is_found_and_its_node_named() -> None:
    workflow = check_document({"name": "M", "nodes": [node("a", "transform")]}, REGISTRY)
    item = {"Type": "Task", "Parameters": {"Payload": {"nodes": ["a"]}}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "States": {"item": item}}
    definition = {"States": {"each": {"Type": "Map", "ItemProcessor": processor}}}
    (problem,) = find_misfits(workflow, REGISTRY, definition)
    assert (problem.node, "Distributed Map" in problem.message) == ("a", True)


def test_auto_takes_express_where_all_timeouts_together_fit() -> None:
    quick = [node(f"n{i}", "http", **FETCH, timeout_seconds=90, retry={"max_attempts": 1}) for i in range(4)]
    fits = chosen(*quick[:3], settings={"mode": "auto"}, pairs=("n0>n1", "n1>n2"))
    assert (fits.mode, fits.report["mode"]["longest_seconds"]) == ("express", 270)
    over = chosen(*quick, settings={"mode": "auto"}, pairs=("n0>n1", "n1>n2", "n2>n3"))
    assert (over.mode, over.report["mode"]["longest_seconds"]) == ("standard", 360)
    assert "360 s" in over.report["mode"]["why"][0]
    beside = chosen(*quick, settings={"mode": "auto"}, pairs=("n0>n1", "n1>n2"))
    assert (beside.mode, beside.report["mode"]["longest_seconds"]) == ("express", 270)


def test_auto_counts_every_attempt_and_every_wait_between() -> None:
    retry = {"max_attempts": 3, "interval_seconds": 10, "backoff_rate": 2, "max_interval_seconds": 15}
    compiled = chosen(node("a", "http", **FETCH, timeout_seconds=80, retry=retry), settings={"mode": "auto"})
    assert compiled.report["mode"]["longest_seconds"] == 3 * 80 + 10 + 15
    assert compiled.mode == "express"


@pytest.mark.parametrize(
    ("doubtful", "words"),
    [
        (node("a", "video", prompt="A film"), "by the timeouts"),
        (node("a", "wait", until="{{ inputs.when }}"), "by the timeouts"),
        (node("a", "wait", seconds=400), "waits 400 s"),
        (node("a", "http", for_each="{{ inputs.when }}", **FETCH), "depends on its data"),
    ],
)
def test_auto_stays_standard_in_doubt_and_says_why(doubtful: dict[str, Any], words: str) -> None:
    when = node("when", "input", name="when")
    compiled = chosen(when, doubtful, settings={"mode": "auto"}, pairs=("when>a",))
    assert compiled.mode == "standard"
    assert words in " ".join(compiled.report["mode"]["why"])


def test_auto_takes_express_for_what_ends_in_time_because_the_document_says_so() -> None:
    when = node("when", "input", name="when")
    each = node("a", "http", for_each="{{ inputs.when }}", **FETCH)
    settings = {"mode": "auto", "timeout_seconds": 120}
    compiled = chosen(when, each, settings=settings, pairs=("when>a",))
    assert (compiled.mode, compiled.definition["TimeoutSeconds"]) == ("express", 120)
    longer = chosen(when, each, settings={"mode": "auto", "timeout_seconds": 301}, pairs=("when>a",))
    assert longer.mode == "standard"


def test_auto_does_not_take_what_costs_more() -> None:
    """One Task that lasts long: a single transition is cheaper than its seconds."""
    document = {
        "name": "Slow",
        "nodes": [node("a", "http", **FETCH, timeout_seconds=200, retry={"max_attempts": 1})],
        "settings": {"mode": "auto"},
    }
    workflow = check_document(document, REGISTRY)
    profile = Profile.from_json({"durations": {"a": 150}})
    unknown = compile_workflow(workflow, REGISTRY, targets=TARGETS)
    known = compile_workflow(workflow, REGISTRY, targets=TARGETS, profile=profile)
    assert (unknown.mode, known.mode) == ("express", "standard")
    assert "costs more from 23 s on" in known.report["mode"]["why"][0]


def test_without_a_function_that_ends_executions_nothing_is_express() -> None:
    targets = {name: TARGETS[name] for name in EXECUTORS}
    document = {"name": "M", "nodes": [node("a", "transform")]}
    auto = check_document(document | {"settings": {"mode": "auto"}}, REGISTRY)
    assert compile_workflow(auto, REGISTRY, targets=targets).mode == "standard"
    asked = check_document(document | {"settings": {"mode": "express"}}, REGISTRY)
    with pytest.raises(DocumentError, match="finish"):
        compile_workflow(asked, REGISTRY, targets=targets)


def test_an_express_machine_is_the_same_machine_in_a_parallel_with_an_end() -> None:
    nodes = [node("a", "http", **FETCH), node("b", "http", **FETCH)]
    inner = chosen(*nodes, settings={}, pairs=("a>b",)).definition
    outer = chosen(*nodes, settings={"mode": "express"}, pairs=("a>b",)).definition
    first = outer["States"][outer["StartAt"]]
    assert first["Branches"] == [{"StartAt": inner["StartAt"], "States": inner["States"]}]
    assert outer["TimeoutSeconds"] == 300
    assert first["Catch"][0]["ErrorEquals"] == ["States.ALL"]


def test_express_is_paid_by_request_and_by_time_in_steps() -> None:
    price = price_executions(Cost(transitions=8), ExpressSeconds(2.51, "so"))
    # https://aws.amazon.com/step-functions/pricing/: 1,000 requests, and 2.6 s of 64 MB each
    assert price["express_requests"] == pytest.approx(0.001)
    assert price["express_duration"] == pytest.approx(1_000 * 2.6 * 0.0625 * 0.00001667, abs=1e-6)
    assert price["express"] == pytest.approx(price["express_requests"] + price["express_duration"], abs=1e-6)
    assert price["standard_state_transitions"] == pytest.approx(0.2)
    at_break_even = price_executions(Cost(8), ExpressSeconds(price["express_costs_less_below_seconds"], "so"))
    assert at_break_even["express"] == pytest.approx(at_break_even["standard_state_transitions"], rel=1e-3)
