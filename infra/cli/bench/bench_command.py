"""``bench``: all measurements, or those asked for, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from infra.cli.api_client import ApiClient
from infra.cli.bench.api_load import measure_api, measure_rate
from infra.cli.bench.compile_time import measure_compiler
from infra.cli.bench.compiler_bench import goals, measure_quality, print_quality, quality_as_json
from infra.cli.bench.import_time import measure_imports
from infra.cli.bench.load.load_command import LoadPlan, measure_many_clients
from infra.cli.bench.machine_type import measure_machine_types
from infra.cli.bench.measurement import Measurement
from infra.cli.bench.node_overhead import measure_nodes
from infra.cli.bench.real_run import measure_real_runs
from infra.cli.console import print_error, print_out
from infra.cli.failure import FAILED, usage_error
from infra.cli.start import starting
from infra.cli.stop_signal import stops_in_order
from infra.local.stack import LocalStack, StackOptions

AREAS = ("compile", "import", "nodes", "api")
# These take minutes, and run when they are named.
LONG_AREAS = ("express", "load", "faults", "real")
# Has tables of its own, so it is measured alone.
COMPILER = "compiler"


@dataclass(frozen=True)
class BenchOptions:
    """How hard the long measurements go about it; ``executions`` None: as many as each takes by itself."""

    clients: int = 200
    seconds: float = 60.0
    executions: int | None = None


def run_bench(areas: tuple[str, ...], as_json: bool, options: BenchOptions) -> int:
    """Measure and print; exit code 1 where a goal is missed."""
    there_are = (*AREAS, *LONG_AREAS, COMPILER)
    unknown = [name for name in areas if name not in there_are]
    if unknown:
        raise usage_error(f"there is no measurement '{unknown[0]}'; there are: {', '.join(there_are)}.")
    if COMPILER in areas:
        if len(areas) > 1:
            raise usage_error(f"'{COMPILER}' is measured alone.")
        return _bench_compiler(as_json)
    found = list(_measure(set(areas) or set(AREAS), options))
    if as_json:
        print_out(json.dumps([measurement.as_json() for measurement in found], indent=2))
    else:
        Console(highlight=False).print(_table(found))
    return 0 if all(measurement.is_met for measurement in found) else FAILED


def _bench_compiler(as_json: bool) -> int:
    quality = measure_quality()
    found = goals(quality)
    if as_json:
        print_out(quality_as_json(quality))
    else:
        print_quality(quality)
        Console(highlight=False).print(_table(found))
    return 0 if all(measurement.is_met for measurement in found) else FAILED


def _measure(areas: set[str], options: BenchOptions) -> Iterator[Measurement]:
    if "compile" in areas:
        print_error("compiling ...")
        yield from measure_compiler()
    if "import" in areas:
        yield from measure_imports()
    if areas & {"nodes", "api", "express", "load", "real"}:
        yield from _measure_stack(areas, options)
    if "faults" in areas:
        from infra.cli.bench.faults.fault_command import EXECUTIONS, measure_faults

        with stops_in_order():
            yield from measure_faults(options.executions or EXECUTIONS)


def _measure_stack(areas: set[str], options: BenchOptions) -> Iterator[Measurement]:
    stack = LocalStack(StackOptions(log_level="ERROR"), print_error)
    with stops_in_order(), starting(stack), ApiClient(stack.api_url, stack.api_key()) as client:
        if "nodes" in areas:
            print_error("running chains ...")
            yield from measure_nodes(client, stack.data_url)
        if "real" in areas:
            yield from measure_real_runs(client, stack.data_url)
        if "api" in areas:
            print_error("asking the API ...")
            yield from measure_api(client)
            yield from measure_rate(client)
        if "load" in areas:
            plan = LoadPlan(options.clients, options.seconds, options.executions or LoadPlan.executions)
            yield from measure_many_clients(stack, client, plan)
        if "express" in areas:
            print_error("running both types of machine ...")
            yield from measure_machine_types(client)


def _table(found: list[Measurement]) -> Table:
    table = Table(title="Measured on this machine", title_justify="left")
    for heading in ("what", "", "measured", "unit", "goal"):
        table.add_column(heading, justify="right" if heading == "measured" else "left")
    for measurement in found:
        goal = "" if measurement.goal is None else f"≤ {measurement.goal:g}"
        mark = "" if measurement.is_met else " missed"
        table.add_row(
            measurement.area, measurement.name, f"{measurement.value:g}", measurement.unit, goal + mark
        )
    return table
