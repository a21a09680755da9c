"""Rules on connections and on the graph that they make, one function each."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.item_flow import ItemFlow, iterates
from engine.node import ERROR, MAIN
from engine.validation.subject import Subject
from engine.validation.text import did_you_mean


def ends_exist(subject: Subject) -> Iterator[Problem]:
    """Both ends of a connection are nodes of the workflow."""
    for place, connection in subject.connections():
        for field, node_id in (("source", connection.source), ("target", connection.target)):
            if node_id not in subject.nodes:
                yield Problem(
                    "unknown_node",
                    f"there is no node '{node_id}'{did_you_mean(node_id, subject.nodes)}",
                    field=f"{place}.{field}",
                )


def no_node_follows_itself(subject: Subject) -> Iterator[Problem]:
    """No connection leads from a node to itself."""
    for place, connection in subject.connections():
        if connection.source == connection.target:
            yield Problem(
                "self_connection",
                f"the connection leads from '{connection.source}' to itself; remove it",
                connection.source if connection.source in subject.nodes else None,
                place,
            )


def connections_are_unique(subject: Subject) -> Iterator[Problem]:
    """No connection is written twice."""
    first: dict[tuple[str, str, str], str] = {}
    for place, c in subject.connections():
        same = first.setdefault((c.source, c.source_output, c.target), place)
        if same != place:
            yield Problem(
                "duplicate_connection",
                f"{same} says the same, '{c.source}' to '{c.target}'; remove one",
                field=place,
            )


def outputs_exist(subject: Subject) -> Iterator[Problem]:
    """A connection leaves through an output that its source has."""
    for place, connection in subject.connections():
        source = subject.nodes.get(connection.source)
        outputs = subject.outputs(source) if source is not None else None
        if source is None or outputs is None or connection.source_output in outputs:
            continue
        wanted = connection.source_output
        if wanted == ERROR:
            cure = f"set on_error of '{source.id}' to \"output\""
        else:
            cure = f"it has {', '.join(outputs)}{did_you_mean(wanted, outputs)}"
        yield Problem(
            "unknown_output",
            f"node '{source.id}' has no output '{wanted}'; {cure}",
            source.id,
            f"{place}.source_output",
        )


def items_are_followed(subject: Subject) -> Iterator[Problem]:
    """Where items leave through different outputs, what comes next takes them one by one."""
    flow = ItemFlow(subject.workflow)
    for place, connection in subject.connections():
        source, target = subject.nodes.get(connection.source), subject.nodes.get(connection.target)
        if source is None or target is None or not iterates(source):
            continue
        if connection.source_output in (MAIN, ERROR) or flow.is_itemwise(connection):
            continue
        follow = f"{{{{ {source.id}.output }}}}"
        yield Problem(
            "items_not_followed",
            f"each item of '{source.id}' leaves through an output of its own: '{target.id}' must be enabled "
            f'and have the for_each "{follow}", or be connected to a node that has',
            target.id,
            place,
        )


def no_cycles(subject: Subject) -> Iterator[Problem]:
    """No node comes after itself; the problem stands at the first node of the cycle."""
    for cycle in subject.dag.cycles:
        yield Problem(
            "cycle",
            f"nodes wait for each other in a circle: {' → '.join((*cycle, cycle[0]))}; remove a connection",
            cycle[0],
            "connections",
        )


CONNECTION_RULES = (
    ends_exist,
    no_node_follows_itself,
    connections_are_unique,
    outputs_exist,
    items_are_followed,
    no_cycles,
)
