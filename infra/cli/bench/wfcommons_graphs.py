"""Scientific workflows, made by WfCommons' generator from traces of real ones; runs in ``.venv-bench``.

Reads ``{"families": [name, ...], "sizes": [nodes, ...]}`` from stdin and writes a JSON list to stdout, of
``{"family", "nodes": [{"type", "seconds"}, ...], "links": [[place, place], ...]}``. A size that is too small
for a family is left out. The same sizes give the same graphs (with PYTHONHASHSEED set).
"""

from __future__ import annotations

import json
import logging
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy
from wfcommons import WorkflowGenerator
from wfcommons.wfchef import recipes

SEED = 3


def make_graphs(families: list[str], sizes: list[int]) -> Iterator[dict[str, Any]]:
    """A graph for each family and size, each from the same seed."""
    for family in families:
        recipe = getattr(recipes, f"{family.capitalize()}Recipe")
        for size in sizes:
            random.seed(SEED)
            numpy.random.seed(SEED)
            try:
                workflow = WorkflowGenerator(recipe.from_num_tasks(size)).build_workflow()
            except ValueError:
                continue  # the traces of this family have no graph that small
            tasks = list(workflow.tasks.values())
            place = {task.task_id: index for index, task in enumerate(tasks)}
            yield {
                "family": family,
                "nodes": [{"type": task.name, "seconds": float(task.runtime)} for task in tasks],
                "links": sorted([place[source], place[target]] for source, target in workflow.edges),
            }


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asked = json.load(sys.stdin)
    output, sys.stdout = sys.stdout, sys.stderr  # the generator says what it does on stdout
    json.dump(list(make_graphs(asked["families"], asked["sizes"])), output)
