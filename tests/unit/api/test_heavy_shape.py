"""The largest documents in the worst shapes: saved, or told what to change, within an answer's time."""

from __future__ import annotations

import time
from random import Random

import pytest

from engine.asl import MAX_DEFINITION_BYTES
from engine.compiler import Profile, compile_workflow
from engine.validation import check_document
from tests.integration.heavy_shape import SHAPES
from tests.unit.api.api_bench import ApiBench
from tests.unit.engine_bench import TARGETS

# Of a function that answers within 29 s; Step Functions' own work comes on top.
PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("shape", SHAPES)
def test_a_heavy_shape_is_saved_or_refused_in_time(shape: str) -> None:
    bench = ApiBench()
    document = SHAPES[shape]()
    began = time.process_time()
    answer = bench.send("POST", "/workflows/", json=document)
    seconds = time.process_time() - began
    print(f"{shape:48} {answer.status_code} {seconds:5.2f} s of processor")
    assert answer.status_code in (201, 422), answer.text[:500]
    if answer.status_code == 422:
        assert {problem["code"] for problem in answer.json()["problems"]} == {"definition_too_large"}
    assert seconds < PATIENCE_SECONDS
    again = bench.send("GET", f"/workflows/{answer.json().get('id')}")
    assert again.status_code == (200 if answer.status_code == 201 else 404)


def test_the_plan_of_a_heavy_shape_is_shown_in_time() -> None:
    bench = ApiBench()
    saved = bench.send("POST", "/workflows/", json=SHAPES["a ladder"]()).json()
    began = time.process_time()
    plan = bench.send("GET", f"/workflows/{saved['id']}/plan")
    assert time.process_time() - began < PATIENCE_SECONDS
    assert (plan.status_code, bool(plan.json()["definition"])) == (200, True)


@pytest.mark.parametrize("shape", ["a ladder", "wide layers", "dense layers", "conditionals behind true"])
def test_a_heavy_shape_stays_what_it_can_be_once_it_is_known_how_long_nodes_take(shape: str) -> None:
    """In time, within the size of a definition, and predicted no slower than levels."""
    bench, random = ApiBench(), Random(shape)
    document = SHAPES[shape]()
    profile = Profile({one["id"]: random.lognormvariate(0, 1) for one in document["nodes"]})
    workflow = check_document(document, bench.registry)
    began = time.process_time()
    compiled = compile_workflow(workflow, bench.registry, targets=TARGETS, profile=profile)
    seconds = time.process_time() - began
    told = compiled.report["predicted"]
    print(f"{shape:30} {seconds:5.2f} s of processor, {told['makespan_seconds']} s predicted")
    print(f"  {compiled.report['smaller_plan']}")
    assert compiled.report["definition_bytes"] <= MAX_DEFINITION_BYTES
    assert told["makespan_seconds"] <= told["levels_makespan_seconds"]
    assert seconds < PATIENCE_SECONDS
