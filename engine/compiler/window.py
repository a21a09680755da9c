"""The dynamic program over a chain of blocks: which neighbours to put together into windows."""

from __future__ import annotations

from engine.compiler.cost import Cost, CostModel, add_costs, is_less
from engine.compiler.cut import Blocks

# Blocks in a window, at most: it bounds the work on a core with many levels.
MAX_WINDOW_BLOCKS = 24


def best_windows(costs: CostModel, blocks: Blocks) -> tuple[Cost, Blocks]:
    """The windows, at least two, that are estimated to cost least one after another.

    A chain takes a part of the work that is left; what that is not enough for stays in single blocks.
    """
    work_limit = costs.work + (costs.max_work - costs.work) // 3
    rest = [0] * (len(blocks) + 1)
    for index in range(len(blocks) - 1, -1, -1):
        rest[index] = rest[index + 1] | blocks[index]
    best: list[tuple[Cost, Blocks]] = [((0.0, 0), ())]
    for end in range(1, len(blocks) + 1):
        found: tuple[Cost, Blocks] | None = None
        window, crossing = 0, 0
        for start in range(end - 1, max(-1, end - 1 - MAX_WINDOW_BLOCKS), -1):
            window |= blocks[start]
            crossing += costs.barrier(blocks[start], rest[end])[1]
            if window == rest[0]:
                break  # all blocks together are the core itself
            if start < end - 1 and costs.work > work_limit:
                break
            before, windows = best[start]
            cost = add_costs([before, costs.estimate(window), (0.0, crossing)])
            if found is None or is_less(cost, found[0]):
                found = cost, (*windows, window)
        best.append(found or ((float("inf"), 0), ()))
    return best[-1]
