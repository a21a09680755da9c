"""``bench faults``: every fault, one after the other, as a table."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from infra.cli.api_client import ApiClient
from infra.cli.bench.faults.fault import FAULTS
from infra.cli.bench.faults.fault_run import CREDENTIAL, FaultResult, FaultRun
from infra.cli.bench.faults.stage import fault_stage
from infra.cli.bench.measurement import Measurement
from infra.cli.console import print_error

EXECUTIONS = 20
SHOWN = 5
TABLE_WIDTH = 140


def measure_faults(executions: int) -> Iterator[Measurement]:
    """The table on stderr, as it grows; then what was not kept, by fault."""
    results = list(run_faults(executions))
    console = Console(highlight=False, file=sys.stderr)
    console.width = max(console.width, TABLE_WIDTH)  # narrower, it would cut the names of the faults
    console.print(fault_table(results))
    for result in results:
        for told in result.unkept[:SHOWN]:
            print_error(f"{result.name}: {told}")
        unkept = len(result.unkept) + result.lost + result.stuck
        yield Measurement("faults", result.name, unkept, "promises not kept", 0)


def run_faults(executions: int, names: Collection[str] | None = None) -> Iterator[FaultResult]:
    """Each fault (or those named), on one stack; Linux alone can have executors killed."""
    with fault_stage() as stage, ApiClient(stage.stack.api_url, stage.stack.api_key()) as client:
        client.put_credential(CREDENTIAL, "bearer", {"token": "token-of-the-bench"})
        run = FaultRun(stage, client, executions)
        for name, fault in FAULTS.items():
            if names is not None and name not in names:
                continue
            if name == "executors killed" and sys.platform != "linux":
                print_error(f"{name}: left out, /proc is Linux's")
                continue
            print_error(f"{name} ...")
            yield run.run(name, fault)


def fault_table(results: Collection[FaultResult]) -> Table:
    """What became of the executions that were accepted during each fault."""
    table = Table(title="Faults, one at a time", title_justify="left", box=SIMPLE_HEAD)
    headings = (
        "fault",
        "injected",
        "started",
        "refused first",
        "succeeded",
        "failed",
        "stopped",
        "stuck",
        "lost",
    )
    for heading in (*headings, "repeated", "s"):
        table.add_column(heading, justify="left" if heading == "fault" else "right", no_wrap=True)
    for result in results:
        ended = result.ended
        stopped = ended["aborted"] + ended["timed_out"]
        numbers = (
            *(result.injected or "-", len(result.accepted), sum(result.refusals.values())),
            *(ended["succeeded"], ended["failed"], stopped, result.stuck, result.lost, result.repeated),
            round(result.seconds),
        )
        table.add_row(result.name, *(str(number) for number in numbers))
    return table
