"""A core as a latch: chains that all run at once, and a wait wherever a step comes after another chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.compiler.poset import Poset
from engine.compiler.step import Step
from engine.compiler.tree import Latch, Leaf, Link, Parallel, Tree, children, in_parallel
from engine.dag import bits


def latch_of(poset: Poset, core: int, seconds: Sequence[float]) -> Latch:
    """The latch of a convex set: exactly its order, with few waits.

    Steps with the same neighbours stand in one link: who waits for one of them waits for all.
    """
    links = _alike(poset, core)
    link_of = {v: index for index, members in enumerate(links) for v in members}
    before = [_before(poset, members, link_of) for members in links]
    ends: list[float] = []
    for members, sources in zip(links, before, strict=True):
        ends.append(max((ends[s] for s in sources), default=0.0) + max(seconds[v] for v in members))
    chains: dict[int, list[Link]] = {}
    chain_of: dict[int, int] = {}
    open_ends: set[int] = set()
    for index, members in enumerate(links):
        # The chain of the source that ends last: the wait for the others is over by then.
        last = max((s for s in before[index] if s in open_ends), key=lambda s: (ends[s], -s), default=None)
        awaits = [poset.names[v] for s in before[index] if s != last for v in links[s]]
        part = in_parallel(Leaf(poset.names[v]) for v in members)
        chain_of[index] = index if last is None else chain_of[last]
        open_ends.discard(-1 if last is None else last)
        open_ends.add(index)
        assert isinstance(part, Leaf | Parallel)  # noqa: S101 - what it is made of are leaves
        chains.setdefault(chain_of[index], []).append(Link(part, tuple(awaits)))
    return Latch(tuple(map(tuple, chains.values())))


def note_latches(tree: Tree, steps: Mapping[str, Step]) -> Mapping[str, Step]:
    """The steps, each with the waits at which it arrives."""
    noted = dict(steps)
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        waiting.extend(children(part))
        for link in (link for chain in part.chains for link in chain) if isinstance(part, Latch) else ():
            for step in link.awaits:
                noted[step] = replace(noted[step], arrives=(*noted[step].arrives, link.id))
    return noted


def _alike(poset: Poset, core: int) -> list[list[int]]:
    """The steps of a set in its order, those with the same neighbours together."""
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    for v in bits(core):
        sources = tuple(p for p in poset.predecessors[v] if core >> p & 1)
        targets = tuple(n for n in poset.successors[v] if core >> n & 1)
        groups.setdefault((sources, targets), []).append(v)
    return list(groups.values())


def _before(poset: Poset, members: Sequence[int], link_of: Mapping[int, int]) -> list[int]:
    """The links that a link comes right after: the same for each of its steps."""
    return list(dict.fromkeys(link_of[p] for p in poset.predecessors[members[0]] if p in link_of))
