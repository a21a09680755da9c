"""Names of states: unique in the machine, within the limit, readable in the console.

A node's first state is called by the node's id, which has no spaces; all other names have one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.asl import MAX_STATE_NAME_CHARACTERS
from engine.compiler.tree import Latch, Parallel, Tree, children, leaves

# Where a part of the tree stands: the index taken at each turn from the root.
Place = tuple[int, ...]


@dataclass
class _Names:
    taken: set[str] = field(default_factory=set)

    def give(self, wish: str) -> str:
        """The wish, shortened to the limit and numbered where it is taken."""
        name = shorten(wish)
        number = 2
        while name in self.taken:
            name = shorten(wish, f" ({number})")
            number += 1
        self.taken.add(name)
        return name


def shorten(wish: str, ending: str = "") -> str:
    """The wish and the ending within the limit; what is cut away is kept apart by a digest."""
    if len(wish) + len(ending) <= MAX_STATE_NAME_CHARACTERS:
        return wish + ending
    mark = "… " + hashlib.sha256(wish.encode()).hexdigest()[:8]
    return wish[: MAX_STATE_NAME_CHARACTERS - len(mark) - len(ending)] + mark + ending


def name_parallels(tree: Tree) -> Mapping[Place, str]:
    """A name for each Parallel and each latch, by its place, after the steps that its branches begin with."""
    names = _Names(taken=set(leaves(tree)))
    found: dict[Place, str] = {}
    waiting: list[tuple[Place, Tree]] = [((), tree)]
    while waiting:
        place, part = waiting.pop()
        if isinstance(part, Parallel | Latch):
            found[place] = names.give(_describe(part))
        inner = [((*place, index), child) for index, child in enumerate(children(part))]
        waiting.extend(reversed(inner))
    return found


def _describe(parallel: Parallel | Latch) -> str:
    firsts = [next(leaves(branch)) for branch in children(parallel)]
    for shown in range(len(firsts), 0, -1):
        hidden = len(firsts) - shown
        text = ", ".join(firsts[:shown]) + (f" and {hidden} more" if hidden else "")
        if len(text) <= MAX_STATE_NAME_CHARACTERS:
            return text
    return f"{firsts[0]} and {len(firsts) - 1} more"


def state_name(step_id: str, role: str = "") -> str:
    """The name of a state of a step; ``role`` says what it does besides running the node."""
    return shorten(f"{step_id} {role}" if role else step_id)
