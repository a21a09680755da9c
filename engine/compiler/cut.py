"""Where a core may be cut: chains of downsets, given as the blocks between one and the next.

Every step of a block comes, by the order asked for, after no step of a later block; so a barrier after
each block, or after any of them, is valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from engine.compiler.poset import EPSILON_SECONDS, Poset
from engine.dag import bits

Blocks = tuple[int, ...]

# Cuts whose bound is within this factor of the best are as good, and so many of them are compared.
NEAR = 1.0005
MAX_NEAR_CUTS = 40
# In larger sets single steps hardly tell where to cut, and looking at each is quadratic.
MAX_CLOSURE_STEPS = 120


def level_blocks(poset: Poset, steps: int) -> Blocks:
    """By the longest path from a beginning: the levels of the set."""
    level: dict[int, int] = {}
    for v in bits(steps):
        own = 0
        for p in poset.predecessors[v]:
            # A plain loop: this runs some ten thousand times in a search.
            if level.get(p, -1) >= own:
                own = level[p] + 1
        level[v] = own
    return _group(level)


def late_level_blocks(poset: Poset, steps: int) -> Blocks:
    """By the longest path to an end: each step as late as it can be (ALAP)."""
    height: dict[int, int] = {}
    for v in reversed(list(bits(steps))):
        height[v] = max((height[s] + 1 for s in poset.successors[v] if s in height), default=0)
    return _group({v: -height[v] for v in height})


def time_blocks(poset: Poset, steps: int, seconds: Sequence[float], count: int) -> Iterator[Blocks]:
    """Some ``count`` blocks by earliest end, and by latest start, of each step."""
    ends, tails = _ends_and_tails(poset, steps, seconds)
    yield _quantiles(ends, count)
    yield _quantiles({v: -tail for v, tail in tails.items()}, count)


def downset_cuts(poset: Poset, steps: int, seconds: Sequence[float], count: int) -> list[tuple[float, int]]:
    """Single cuts with the least seconds that the longest chains before and after it take together.

    No tree with that first barrier is faster than this. Of cuts that are as good, those come first that
    put the fewest pairs in order.
    """
    ends, tails = _ends_and_tails(poset, steps, seconds)
    found = {cut: bound for bound, cut in _threshold_cuts(ends, tails, seconds)}
    if len(ends) <= MAX_CLOSURE_STEPS:
        for cut in _closure_cuts(poset, steps):
            if cut and cut != steps and cut not in found:
                longest = max(map(ends.__getitem__, bits(cut)))
                found[cut] = longest + max(map(tails.__getitem__, bits(steps & ~cut)))
    bounds = [(bound, cut) for cut, bound in found.items()]
    least = min(bounds, default=(0.0, 0))[0] * NEAR + EPSILON_SECONDS
    near = [bound for bound in bounds if bound[0] <= least][:MAX_NEAR_CUTS]
    near.sort(key=lambda bound: (poset.unordered_pairs(bound[1], steps & ~bound[1]), bound))
    others = sorted(bound for bound in bounds if bound[0] > least)
    return near[:count] + others[: count - 1]


def _threshold_cuts(
    ends: Mapping[int, float], tails: Mapping[int, float], seconds: Sequence[float]
) -> Iterator[tuple[float, int]]:
    """All steps up to a time, by end, by start, and by the latest of both; each with its bound."""
    keys = (
        ends,
        {v: -tail for v, tail in tails.items()},
        {v: end - seconds[v] for v, end in ends.items()},
        {v: seconds[v] - tail for v, tail in tails.items()},
    )
    for key in keys:
        order = sorted(key, key=lambda v: (key[v], v))
        # The longest tail of what is left after each step.
        left = list(accumulate((tails[v] for v in reversed(order)), max))[-2::-1]
        cut, longest = 0, 0.0
        for (v, following), tail in zip(pairwise(order), left, strict=True):
            cut |= 1 << v
            longest = max(longest, ends[v])
            if key[following] > key[v] + EPSILON_SECONDS:
                yield longest + tail, cut


def _closure_cuts(poset: Poset, steps: int) -> Iterator[int]:
    """What comes before a step, what does not come after it, what its followers need."""
    for v in bits(steps):
        own = 1 << v
        yield poset.ancestors[v] & steps
        yield (poset.ancestors[v] | own) & steps
        yield steps & ~poset.descendants[v]
        yield steps & ~(poset.descendants[v] | own)
        needed = 0
        for successor in poset.successors[v]:
            needed |= poset.ancestors[successor]
        yield needed & steps


def _ends_and_tails(
    poset: Poset, steps: int, seconds: Sequence[float]
) -> tuple[dict[int, float], dict[int, float]]:
    """When each step ends at the earliest, and how long it takes from its start to the end of all."""
    ends: dict[int, float] = {}
    for v in bits(steps):
        ends[v] = seconds[v] + max((ends[p] for p in poset.predecessors[v] if p in ends), default=0.0)
    tails: dict[int, float] = {}
    for v in reversed(list(bits(steps))):
        tails[v] = seconds[v] + max((tails[s] for s in poset.successors[v] if s in tails), default=0.0)
    return ends, tails


def _group(keys: Mapping[int, int]) -> Blocks:
    """Steps with the same key in one block, lowest key first."""
    blocks: dict[int, int] = {}
    for v, key in keys.items():
        blocks[key] = blocks.get(key, 0) | 1 << v
    return tuple(blocks[key] for key in sorted(blocks))


def _quantiles(keys: Mapping[int, float], count: int) -> Blocks:
    """Blocks of about the same size by key; steps with the same key, or almost, stay together.

    A step that takes no time has the key of what it waits for, and may not be parted from it by rounding.
    """
    order = sorted(keys, key=lambda v: (keys[v], v))
    size = max(1, -(-len(order) // count))
    blocks: list[int] = []
    block = 0
    for index, v in enumerate(order):
        block |= 1 << v
        last = index + 1 == len(order)
        if last or (block.bit_count() >= size and keys[order[index + 1]] > keys[v] + EPSILON_SECONDS):
            blocks.append(block)
            block = 0
    return tuple(blocks)
