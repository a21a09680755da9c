"""How long the compiler takes, on layered graphs of a hundred and a thousand nodes."""

from __future__ import annotations

import time

from engine.compiler import compile_workflow
from engine.json_value import JsonObject
from engine.settings import TARGETS
from engine.validation import check_document
from infra.cli.bench.measurement import Measurement
from infra.cli.compilation import LOCAL_TARGET, installed_nodes

SIZES = (100, 1_000)
WIDTH = 5  # nodes of a layer, as many as a branchy workflow has side by side
REPEATS = 3  # the fastest counts: the others were disturbed


def layered_workflow(size: int) -> JsonObject:
    """Layers of ``WIDTH`` nodes, each node after two of the layer before."""
    nodes = [{"id": f"n{number}", "type": "output", "config": {"value": number}} for number in range(size)]
    links = [
        {"source": f"n{layer - WIDTH + (number + step) % WIDTH}", "target": f"n{layer + number}"}
        for layer in range(WIDTH, size, WIDTH)
        for number in range(min(WIDTH, size - layer))
        for step in (0, 1)
    ]
    return {"name": f"Layers of {size}", "nodes": nodes, "connections": links}


def measure_compiler() -> list[Measurement]:
    """Seconds from the document to the definition, validation included."""
    registry = installed_nodes()
    targets: dict[str, str] = {name: LOCAL_TARGET.format(executor=name) for name in TARGETS}
    found = []
    for size in SIZES:
        document = layered_workflow(size)
        seconds = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            compile_workflow(check_document(document, registry), registry, targets=targets)
            seconds.append(time.perf_counter() - started)
        found.append(Measurement("compile", f"{size:,} nodes", round(min(seconds) * 1000, 1), "ms"))
    return found
