from __future__ import annotations

import pytest

from engine.connections import is_live, should_run
from engine.workflow import Connection, Node

A_MAIN = Connection(source="a", target="n")
A_TRUE = Connection(source="a", source_output="true", target="n")
B_MAIN = Connection(source="b", target="n")


@pytest.mark.parametrize(
    ("connection", "left_through", "live"),
    [(A_MAIN, "main", True), (A_MAIN, "error", False), (A_MAIN, None, False), (A_TRUE, "true", True)],
)
def test_a_connection_is_live_when_its_source_left_through_its_output(
    connection: Connection, left_through: str | None, live: bool
) -> None:
    assert is_live(connection, left_through) is live


@pytest.mark.parametrize(
    ("join", "a", "b", "runs"),
    [
        ("any", "main", None, True),
        ("any", None, None, False),
        ("all", "main", "main", True),
        ("all", "main", None, False),
    ],
)
def test_join_says_how_many_must_be_live(join: str, a: str | None, b: str | None, runs: bool) -> None:
    node = Node.model_validate({"id": "n", "type": "t", "join": join})
    assert should_run(node, [is_live(A_MAIN, a), is_live(B_MAIN, b)]) is runs


def test_a_node_without_connections_runs() -> None:
    assert should_run(Node(id="n", type="t"), [])
