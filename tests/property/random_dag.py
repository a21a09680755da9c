"""Random graphs, and random graphs that are series-parallel."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.dag import Dag


@st.composite
def dags(draw: st.DrawFn, max_nodes: int = 14) -> Dag:
    """Any acyclic graph; ids in random order."""
    count = draw(st.integers(1, max_nodes))
    ids = draw(st.permutations([f"n{index}" for index in range(count)]))
    pairs = [(source, target) for source in range(count) for target in range(source + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=3 * count)) if pairs else []
    return Dag.of_edges(sorted(ids), [(ids[source], ids[target]) for source, target in edges])


@st.composite
def series_parallel_dags(draw: st.DrawFn) -> Dag:
    """A graph made by putting parts one after another or beside each other; each edge once."""
    count = 0

    def make(depth: int) -> tuple[list[str], list[str], list[tuple[str, str]], list[str]]:
        """Beginnings, ends, edges and nodes of a part."""
        nonlocal count
        kind = draw(st.sampled_from(["leaf", "series", "parallel"])) if depth else "leaf"
        if kind == "leaf":
            count += 1
            own = [f"n{count}"]
            return own, own, [], own
        first, second = make(depth - 1), make(depth - 1)
        edges, nodes = first[2] + second[2], first[3] + second[3]
        if kind == "parallel":
            return first[0] + second[0], first[1] + second[1], edges, nodes
        joining = [(end, beginning) for end in first[1] for beginning in second[0]]
        return first[0], second[1], edges + joining, nodes

    _, _, edges, nodes = make(4)
    return Dag.of_edges(nodes, edges)
