"""Documents that are right, and hard to compile: as many nodes as there may be, in shapes that hurt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from tests.integration.documents import connect, node, workflow

SIZE = 1_000


def light(number: int) -> dict[str, Any]:
    """A node that shares Tasks with others."""
    return node(f"n{number}", "transform", set={"n": number})


def heavy(name: str) -> dict[str, Any]:
    """A node with a Task of its own; none of these is ever run."""
    return node(name, "http", url="http://example.com/")


def fork(number: int) -> dict[str, Any]:
    """A node with two ways."""
    return node(f"f{number}", "conditional", left=1, operator="equals", right=1)


def chain(make: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """One after the other."""
    nodes = [make(number) for number in range(SIZE)]
    links = [f"{one['id']}>{other['id']}" for one, other in pairwise(nodes)]
    return workflow(*nodes, connections=connect(*links))


def forks(way: str, *, work: bool) -> dict[str, Any]:
    """Conditionals one behind the other's ``way``, each with a heavy node on it where there is ``work``."""
    count = SIZE // 2 if work else SIZE
    nodes = [fork(number) for number in range(count)]
    links = [f"f{number}.{way}>f{number + 1}" for number in range(count - 1)]
    if work:
        nodes += [heavy(f"w{number}") for number in range(count)]
        links += [f"f{number}.true>w{number}" for number in range(count)]
    return workflow(*nodes, connections=connect(*links))


def worked_forks() -> dict[str, Any]:
    """A conditional, a heavy node behind its true, the next conditional behind that."""
    count = SIZE // 2
    nodes = [part for number in range(count) for part in (fork(number), heavy(f"w{number}"))]
    links = [f"f{number}.true>w{number}" for number in range(count)]
    links += [f"w{number}>f{number + 1}" for number in range(count - 1)]
    return workflow(*nodes, connections=connect(*links))


def comb(*, back: bool) -> dict[str, Any]:
    """A spine with a tooth at each of its nodes; ``back``: each tooth leads to the node after the next."""
    count = SIZE // 2
    nodes = [part for number in range(count) for part in (heavy(f"s{number}"), heavy(f"t{number}"))]
    links = [f"s{number}>s{number + 1}" for number in range(count - 1)]
    links += [f"s{number}>t{number}" for number in range(count)]
    if back:
        links += [f"t{number}>s{number + 2}" for number in range(count - 2)]
    return workflow(*nodes, connections=connect(*links))


def fan() -> dict[str, Any]:
    """One before all others, and one after."""
    nodes = [heavy(f"h{number}") for number in range(SIZE - 2)]
    links = [f"n0>{one['id']}" for one in nodes] + [f"{one['id']}>n1" for one in nodes]
    return workflow(light(0), *nodes, light(1), connections=connect(*links))


def layers(width: int, links_each: int) -> dict[str, Any]:
    """Layers of heavy nodes, each node after some of the layer before."""
    nodes = [heavy(f"h{number}") for number in range(SIZE)]
    links = [
        f"h{(layer - 1) * width + (place + step) % width}>h{layer * width + place}"
        for layer in range(1, SIZE // width)
        for place in range(width)
        for step in range(links_each)
    ]
    return workflow(*nodes, connections=connect(*links[:10_000]))


def ladder() -> dict[str, Any]:
    """Two chains with rungs from one to the other: prime from end to end."""
    count = SIZE // 2
    nodes = [part for number in range(count) for part in (heavy(f"a{number}"), heavy(f"b{number}"))]
    links = [f"{side}{number}>{side}{number + 1}" for number in range(count - 1) for side in "ab"]
    links += [f"a{number}>b{number + 1}" for number in range(count - 1)]
    return workflow(*nodes, connections=connect(*links))


def tree(*, inward: bool) -> dict[str, Any]:
    """A binary tree, from the root or to it."""
    nodes = [heavy(f"h{number}") for number in range(SIZE)]
    pairs = [((number - 1) // 2, number) for number in range(1, SIZE)]
    links = [f"h{child}>h{parent}" if inward else f"h{parent}>h{child}" for parent, child in pairs]
    return workflow(*nodes, connections=connect(*links))


def switches() -> dict[str, Any]:
    """Switches of twenty ways, each way with a heavy node, all joined by the next switch."""
    rules = [{"output": f"r{rule}", "left": 1, "operator": "equals", "right": rule} for rule in range(20)]
    nodes, links = [], []
    for number in range(SIZE // 21):
        nodes += [node(f"s{number}", "switch", rules=rules)]
        nodes += [heavy(f"w{number}_{rule}") for rule in range(20)]
        links += [f"s{number}.r{rule}>w{number}_{rule}" for rule in range(20)]
        if number:
            links += [f"w{number - 1}_{rule}>s{number}" for rule in range(20)]
    return workflow(*nodes, connections=connect(*links))


SHAPES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "a chain of light nodes": lambda: chain(light),
    "a chain of heavy nodes": lambda: chain(lambda number: heavy(f"h{number}")),
    "islands": lambda: workflow(*(heavy(f"h{number}") for number in range(SIZE))),
    "a fan": fan,
    "conditionals behind true": lambda: forks("true", work=False),
    "conditionals behind false, work behind true": lambda: forks("false", work=True),
    "conditionals and work behind true": worked_forks,
    "a comb": lambda: comb(back=False),
    "a comb that leads back": lambda: comb(back=True),
    "a ladder": ladder,
    "thin layers": lambda: layers(5, 2),
    "wide layers": lambda: layers(100, 2),
    "dense layers": lambda: layers(20, 10),
    "full layers": lambda: layers(10, 10),
    "a tree from its root": lambda: tree(inward=False),
    "a tree to its root": lambda: tree(inward=True),
    "switches of twenty ways": switches,
}
