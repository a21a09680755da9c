"""How long the compiler takes, on graphs of a hundred and a thousand nodes."""

from __future__ import annotations

import time

from engine.compiler import compile_workflow
from engine.errors import DocumentError
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
            document, told = shape(size), f"{size:,} nodes, {name}"
            seconds = []
            for _ in range(REPEATS):
                started = time.perf_counter()
                workflow = check_document(document, registry)
                try:
                    compile_workflow(workflow, registry, targets=targets)
                except DocumentError as error:
                    # It takes as long to find that the definition is too large, and somebody waits for that.
                    told = f"{size:,} nodes, {name} ({error.problems[0].code})"
                seconds.append(time.perf_counter() - started)
            found.append(Measurement("compile", told, round(min(seconds) * 1000, 1), "ms"))
    return found
