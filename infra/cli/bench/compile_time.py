"""How long the compiler takes, on graphs of a hundred and a thousand nodes."""

from __future__ import annotations

import time

from engine.compiler import compile_workflow
from engine.settings import TARGETS
from engine.validation import check_document
from infra.cli.bench.graph import SHAPES
from infra.cli.bench.measurement import Measurement
from infra.cli.compilation import LOCAL_TARGET, installed_nodes

SIZES = (100, 1_000)
REPEATS = 3  # the fastest counts: the others were disturbed


def measure_compiler() -> list[Measurement]:
    """Seconds from the document to the definition, validation included."""
    registry = installed_nodes()
    targets: dict[str, str] = {name: LOCAL_TARGET.format(executor=name) for name in TARGETS}
    found = []
    for size in SIZES:
        for name, shape in SHAPES.items():
            document = shape(size)
            seconds = []
            for _ in range(REPEATS):
                started = time.perf_counter()
                compile_workflow(check_document(document, registry), registry, targets=targets)
                seconds.append(time.perf_counter() - started)
            what = f"{size:,} nodes, {name}"
            found.append(Measurement("compile", what, round(min(seconds) * 1000, 1), "ms"))
    return found
