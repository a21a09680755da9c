"""Requests that nobody thought of: none is an error of ours, and every answer is as the document says.

All checks that schemathesis has but for one that asks what this API does not promise:
``positive_data_acceptance`` (what fits a schema may name a workflow that there is not, or hold a cycle).
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.specs.openapi.stateful import OpenAPIStateMachine

from tests.unit.api.api_bench import API_KEY, ApiBench, shared_app
from tests.unit.engine_bench import connect, node

load_all_checks()
NOT_PROMISED = frozenset({"positive_data_acceptance"})
EVERY_CHECK = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in NOT_PROMISED]
# Each makes requests of its own (without a key, by other methods): once for an operation is enough.
ASKING = frozenset({"ignored_auth", "unsupported_method"})
CHEAP_CHECKS = [check for check in EVERY_CHECK if check.__name__ not in ASKING]
# A story sends good bodies where bad ones were drawn: what was drawn is not what was asked.
STORY_CHECKS = [check for check in CHEAP_CHECKS if check.__name__ != "negative_data_rejection"]
# Both: what a case brings of its own would be asked first.
HEADERS = {"Authorization": f"Bearer {API_KEY}", "X-API-Key": API_KEY}

GREETING = {
    "name": "Greeting",
    "nodes": [node("who", "input", name="who"), node("each", for_each=[1, 2], value="{{item}}")],
    "connections": connect("who>each"),
}
BODIES = {
    "POST /api/v1/workflows/": GREETING,
    "PUT /api/v1/workflows/{workflow_id}": GREETING | {"description": "Once more."},
    "POST /api/v1/workflows/{workflow_id}/execute": {},
    "POST /api/v1/workflows/{workflow_id}/triggers": {"type": "schedule", "expression": "rate(1 hour)"},
}


def furnished() -> ApiBench:
    """An API that holds a workflow, an execution of it, a trigger, and a credential."""
    bench = ApiBench()
    saved = bench.send("POST", "/workflows/", json=GREETING).json()
    bench.send("POST", f"/workflows/{saved['id']}/execute")
    bench.send("PUT", "/credentials/mine", json={"kind": "bearer", "values": {"token": "token-of-mine"}})
    path = f"/workflows/{saved['id']}/triggers"
    bench.send("POST", path, json={"type": "schedule", "expression": "rate(1 hour)"})
    return bench


def make_schema() -> Any:
    """The document of the API, whose app stands on what it was lent last."""
    return schemathesis.openapi.from_asgi("/openapi.json", shared_app(ApiBench().services))


@pytest.fixture(scope="module")
def held() -> ApiBench:
    """One for all operations, which come upon what earlier ones left."""
    return furnished()


@pytest.fixture(autouse=True)
def lent(held: ApiBench) -> None:
    held.app.state.services = held.services


OPERATIONS = {found.ok().label: found.ok() for found in make_schema().get_all_operations()}


# The operations by their labels, not by pytest's own integration: that one needs an older pytest.
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_is_an_error_of_ours(label: str) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[label].as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=CHEAP_CHECKS)

    ask()


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_operation_answers_without_a_key_or_by_another_method(label: str) -> None:
    @settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[label].as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, checks=EVERY_CHECK)

    ask()


def test_no_story_of_requests_is_an_error_of_ours() -> None:
    """What one answer made goes into the next request: saved, started, read, shared, deleted, asked again."""
    told: dict[str, int] = {}
    schema = make_schema()
    machine = schema.as_state_machine()

    class Story(machine):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            # Each begins with the same: what an earlier one left would answer the same requests otherwise,
            # and what is drawn for them must not depend on that.
            schema.app.state.services = furnished().services
            super().setup()

        def before_call(self, case: Any) -> None:
            # Left to chance, hardly any document could be saved, and stories would end where they begin.
            case.body = BODIES.get(case.operation.label, case.body)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": HEADERS}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            key = f"{case.operation.label} {response.status_code}"
            told[key] = told.get(key, 0) + 1
            more.pop("additional_checks", None)
            case.validate_response(response, checks=STORY_CHECKS, **more)

    assert issubclass(Story, OpenAPIStateMachine)
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    statuses = {key.rpartition(" ")[2] for key in told}
    print(f"{sum(told.values())} requests of stories, {len(told)} pairs of operation and status: {statuses}")
    # Links were followed: things were found by ids that answers gave.
    found = [key for key in told if "{" in key and key[-3:] in ("200", "201", "202", "204")]
    assert len(found) >= 3, told
