from __future__ import annotations

from typing import Any

import pytest

from engine.item_flow import Follow, ItemFlow
from engine.workflow import Connection, Workflow
from tests.unit.engine_bench import connect, node


def flow(*nodes: dict[str, Any], connections: tuple[str, ...]) -> ItemFlow:
    document = {"name": "w", "nodes": list(nodes), "connections": connect(*connections)}
    return ItemFlow(Workflow.model_validate(document))


def follows(items: str, **more: Any) -> Follow | None:
    """What ``b`` follows, behind ``a`` and ``c``, whose items are the same."""
    found = flow(
        node("a", for_each=[1]),
        node("c", for_each="{{ a.output }}"),
        node("b", for_each=items, **more),
        connections=("a>b", "a>c", "c>b"),
    )
    return found.follows.get("b")


@pytest.mark.parametrize(
    ("items", "sources", "part"),
    [
        ("{{a.output}}", ("a",), "output"),
        (" {{ a.items }} ", ("a",), "items"),
        ("{{ merge_items(a.output, c.output) }}", ("a", "c"), "output"),
        ("{{merge_items(c.items,a.items)}}", ("c", "a"), "items"),
    ],
)
def test_the_items_of_a_node_are_followed(items: str, sources: tuple[str, ...], part: str) -> None:
    assert follows(items) == Follow(sources, part)


@pytest.mark.parametrize(
    "items",
    [
        "{{ a.output[0] }}",
        "{{ a.output || c.output }}",
        "x{{ a.output }}",
        "{{ a.count }}",
        "{{ b.output }}",
        "{{ merge_items(a.output, c.items) }}",
        "{{ merge_items(a.output, `[1]`) }}",
    ],
)
def test_any_other_list_is_a_list_of_its_own(items: str) -> None:
    assert follows(items) is None


def test_a_disabled_node_neither_follows_nor_is_followed() -> None:
    assert follows("{{ a.output }}", disabled=True) is None
    found = flow(
        node("a", for_each=[1], disabled=True),
        node("b", for_each="{{ a.output }}"),
        connections=("a>b",),
    )
    assert found.follows == {}


def test_only_what_is_connected_is_followed() -> None:
    found = flow(
        node("a", for_each=[1]), node("x"), node("b", for_each="{{ a.output }}"), connections=("a>x", "x>b")
    )
    assert found.follows == {}


def test_lists_of_two_families_are_merged_as_lists() -> None:
    found = flow(
        node("a", for_each=[1]),
        node("c", for_each=[2]),
        node("b", for_each="{{ merge_items(a.output, c.output) }}"),
        connections=("a>b", "c>b"),
    )
    assert found.follows == {}


def test_nodes_in_a_circle_follow_nobody() -> None:
    found = flow(
        node("a", for_each="{{ b.output }}"),
        node("b", for_each="{{ a.output }}"),
        connections=("a>b", "b>a"),
    )
    assert found.follows == {}


def test_connections_hold_for_each_item_inside_a_family() -> None:
    found = flow(
        node("a", for_each=[1]),
        node("b", for_each="{{ a.output }}"),
        node("c", for_each="{{ b.output }}"),
        node("d"),
        connections=("a>b", "b>c", "a>c", "c>d"),
    )
    assert found.roots == {"a": "a", "b": "a", "c": "a"}
    held = {(s, t): found.is_itemwise(Connection(source=s, target=t)) for s, t in ("ab", "ac", "bc", "cd")}
    assert held == {("a", "b"): True, ("a", "c"): True, ("b", "c"): True, ("c", "d"): False}
