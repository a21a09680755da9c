"""Faults of AWS, one at a time, while executions are started: the table of ``bench faults`` in small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.cli.api_client import ApiClient
from infra.cli.bench.faults.fault import FAULTS
from infra.cli.bench.faults.fault_run import CREDENTIAL, FaultRun
from infra.cli.bench.faults.stage import fault_stage

EXECUTIONS = 3
# These wait for half a minute, or for everything to start again: they stand in `bench faults` alone.
SLOW = frozenset({"events lost", "Secrets Manager is away", "the local AWS restarted"})


@pytest.fixture(scope="module")
def run() -> Iterator[FaultRun]:
    with fault_stage() as stage, ApiClient(stage.stack.api_url, stage.stack.api_key()) as client:
        client.put_credential(CREDENTIAL, "bearer", {"token": "token-of-the-faults"})
        yield FaultRun(stage, client, EXECUTIONS)


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in SLOW])
def test_every_accepted_execution_ends_for_a_reason_and_repeats_nothing(run: FaultRun, name: str) -> None:
    result = run.run(name, FAULTS[name])
    print(
        f"{name:34} {len(result.accepted)} accepted, {dict(result.ended)}, {result.injected} times at fault, "
        f"{sum(result.refusals.values())} refused first, {result.repeated} repeated"
    )
    assert result.unkept == []
    assert (result.stuck, result.lost, result.repeated) == (0, 0, 0)
    assert len(result.accepted) == EXECUTIONS
    if name == "none":
        assert result.ended == {"succeeded": EXECUTIONS}
    # What AWS refuses or loses for a moment is tried again: these do not even fail.
    if name == "DynamoDB's answers are lost":
        assert not any("already" in reason for reason in result.reasons), result.reasons
    assert not any("stackTrace" in reason for reason in result.reasons), result.reasons
