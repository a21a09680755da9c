"""Requests that nobody thought of: none is an error of ours, and every answer is as the document says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.api.app import create_app
from tests.unit.api.api_bench import API_KEY, ApiBench
from tests.unit.engine_bench import connect, node


def make_schema() -> Any:
    """The document of an API that holds a workflow, an execution of it, and a credential."""
    bench = ApiBench()
    document = {
        "name": "Greeting",
        "nodes": [node("who", "input", name="who"), node("each", for_each=[1, 2], value="{{item}}")],
        "connections": connect("who>each"),
    }
    saved = bench.send("POST", "/workflows/", json=document).json()
    bench.send("POST", f"/workflows/{saved['id']}/execute")
    bench.send("PUT", "/credentials/mine", json={"kind": "bearer", "values": {"token": "token-of-mine"}})
    path = f"/workflows/{saved['id']}/triggers"
    bench.send("POST", path, json={"type": "schedule", "expression": "rate(1 hour)"})
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(bench.services))


OPERATIONS = {found.ok().label: found.ok() for found in make_schema().get_all_operations()}


# The operations by their labels, not by pytest's own integration: that one needs an older pytest.
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_is_an_error_of_ours(label: str) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[label].as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(
            headers={"X-API-Key": API_KEY},
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    ask()
