"""``bench load``: the clients, then the executions, then whether everything agrees."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from infra.cli.api_client import ApiClient
from infra.cli.bench.load.agreement import disagreements, machine_statuses, wait_for_ends
from infra.cli.bench.load.clients import LoadClients, Tally, Target
from infra.cli.bench.load.workflow import NODE_IDS, expected_output, square_workflow
from infra.cli.bench.measurement import Measurement, percentile
from infra.cli.console import print_error
from infra.local.stack import LocalStack

# What the local AWS may take for each execution that still runs when the clients have stopped.
SECONDS_FOR_EACH = 2.0
LEAST_WAIT_SECONDS = 120.0
SHOWN = 10


@dataclass(frozen=True)
class LoadPlan:
    """How many clients, for how long, and how many executions afterwards."""

    clients: int = 200
    seconds: float = 60.0
    executions: int = 1_000


def measure_many_clients(stack: LocalStack, client: ApiClient, plan: LoadPlan) -> Iterator[Measurement]:
    """Percentiles, and counts of what must not be, whose goal is none."""
    print_error(f"the machine's load before: {os.getloadavg()[0]:.1f}")
    print_error(f"{plan.clients} clients for {plan.seconds:g} s ...")
    clients = _make_clients(stack, client, plan.clients)
    asyncio.run(clients.mix(plan.seconds))
    yield from _tell("mixed", clients.tally)
    yield from _check("mixed", stack, client, clients)
    print_error(f"{plan.executions} executions, as fast as {plan.clients} clients can start them ...")
    clients = _make_clients(stack, client, plan.clients)
    began = time.monotonic()
    asyncio.run(clients.start_many(plan.executions))
    yield from _tell("burst", clients.tally)
    yield from _check("burst", stack, client, clients, plan.executions)
    rate = len(clients.tally.accepted) / (time.monotonic() - began)
    yield Measurement("burst", "started, run and checked", round(rate, 1), "executions a second")
    print_error(f"the machine's load after: {os.getloadavg()[0]:.1f}")


def _make_clients(stack: LocalStack, client: ApiClient, count: int) -> LoadClients:
    workflow_id = client.create_workflow(square_workflow(stack.data_url))["id"]
    return LoadClients(Target(stack.api_url, stack.api_key(), workflow_id), count)


def _tell(area: str, tally: Tally) -> Iterator[Measurement]:
    for kind, seconds in sorted(tally.seconds.items()):
        for percent in (50, 99):
            value = round(percentile(seconds, percent) * 1000)
            yield Measurement(area, f"{kind}, p{percent} of {len(seconds)}", value, "ms")
    asked = sum(tally.statuses.values())
    yield Measurement(area, "requests", round(asked / tally.elapsed_seconds, 1), "a second")
    for failure in tally.failures:
        print_error(f"{area}: {failure}")
    yield Measurement(area, "5xx and broken connections", sum(tally.broken.values()), "answers", 0)


def _check(
    area: str, stack: LocalStack, client: ApiClient, clients: LoadClients, wanted: int | None = None
) -> Iterator[Measurement]:
    accepted = clients.tally.accepted
    print_error(f"{len(accepted)} executions accepted; waiting for their ends ...")
    patience = LEAST_WAIT_SECONDS + SECONDS_FOR_EACH * len(accepted)
    ended = wait_for_ends(client, accepted, patience)
    machines = machine_statuses(stack.endpoint, clients.target.workflow_id)
    faults = disagreements(ended, machines, NODE_IDS, lambda name: expected_output(accepted[name]))
    errors = [execution["error"] for execution in ended.values() if execution.get("error")]
    reasons = Counter(f"{error['type']}: {error['message']}" for error in errors)
    faults_told = [f"{count} ended for this: {reason}" for reason, count in reasons.most_common(SHOWN)]
    for fault in (*faults_told, *faults[:SHOWN]):
        print_error(f"{area}: {fault}")
    succeeded = sum(execution["status"] == "succeeded" for execution in ended.values())
    lost = (wanted or len(accepted)) - succeeded
    yield Measurement(
        area, f"executions that succeeded, of {wanted or len(accepted)}", succeeded, "executions"
    )
    yield Measurement(area, "executions lost, failed or stuck", lost, "executions", 0)
    yield Measurement(area, "records that do not agree", len(faults), "executions", 0)
    ghosts = len(set(machines) - set(accepted))
    yield Measurement(area, "executions that nobody was told of", ghosts, "executions", 0)
