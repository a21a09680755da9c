"""Many clients in small: what ``bench load`` does with two hundred, with a few."""

from __future__ import annotations

from infra.cli.api_client import ApiClient
from infra.cli.bench.load.load_command import LoadPlan, measure_many_clients
from infra.local.stack import LocalStack


def test_clients_at_once_lose_nothing_and_all_that_is_kept_agrees(stack: LocalStack, api_key: str) -> None:
    with ApiClient(stack.api_url, api_key) as client:
        found = list(measure_many_clients(stack, client, LoadPlan(clients=4, seconds=2, executions=8)))
    for one in found:
        print(f"{one.area:6} {one.name:44} {one.value:g} {one.unit}")
    assert [one.name for one in found if not one.is_met] == []
    succeeded = [one.value for one in found if one.name == "executions that succeeded, of 8"]
    # The mixed clients may happen to start as many.
    assert succeeded
    assert succeeded[-1] == 8
