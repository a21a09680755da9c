"""The command line ``mini-n8n``: what can be asked for, and how. What does the work is imported then."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli.console import print_error
from infra.cli.failure import CommandError

app = typer.Typer(
    name="mini-n8n",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: it pastes, pipes, and comes at once
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="""Workflows as JSON, compiled to AWS Step Functions; here, on this machine alone.

    \b
    Start here:
      mini-n8n up                                    everything on http://localhost:8000
      mini-n8n run examples/blog_writer.json --input topic="AI in Healthcare"
      mini-n8n plan examples/data_enrichment.json    what it compiles to, and what that costs

    Results go to stdout, progress to stderr. Exit codes: 0 success, 1 failure, 2 wrong usage.
    """,
)

File = Annotated[Path, typer.Argument(help="A workflow document (JSON); - reads stdin.", metavar="FILE")]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help='Durations to plan with: {"durations": {"node": seconds}, "type_durations": {"llm": seconds}}.',
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Use the offline models, whatever OPENAI_* variables say.")
]
AllowHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="HOST:PORT",
        help="A private address that HTTP nodes may reach, such as localhost:3000. May be repeated.",
    ),
]
PORT_HELP = "0 takes any free port."


@app.command(short_help="Start Mini-N8N on this machine, until Ctrl-C.")
def up(
    *,
    port: Annotated[int, typer.Option(help=f"Where the API answers. {PORT_HELP}", min=0, max=65535)] = 8000,
    aws_port: Annotated[int, typer.Option(help=f"The local AWS. {PORT_HELP}", min=0, max=65535)] = 4566,
    model_port: Annotated[
        int, typer.Option(help=f"The offline models and data. {PORT_HELP}", min=0, max=65535)
    ] = 8001,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget all state and start anew.")] = False,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where state is kept. Default: .mini-n8n in the repository.",
            show_default=False,
        ),
    ] = None,
    offline: Offline = False,
    allow_host: AllowHosts = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A parameter of template.yaml (infra/README.md lists them). May be repeated.",
        ),
    ] = None,
) -> None:
    """Start Mini-N8N on this machine, and stop it again with Ctrl-C.

    Starts a local AWS (one process, 127.0.0.1 only, no Docker, no account), deploys template.yaml to it,
    loads the examples, and prints the address, and a curl command that works when pasted. The first start
    makes an administrator's API key and prints it, once; `mini-n8n key` makes others. State survives Ctrl-C
    and a restart.

    AI nodes ask the server that OPENAI_BASE_URL and OPENAI_API_KEY name (either is enough), else the offline
    model server, which says in every answer that it is synthetic. The key is handed to the functions as a
    secret of the local AWS: so it lies, in clear, among the state in DIR.

    \b
    Examples:
      mini-n8n up
      mini-n8n up --port 9000 --fresh
      mini-n8n up --parameter OidcIssuer=http://localhost:8080/realms/ours --parameter OidcAudience=mini-n8n
      OPENAI_BASE_URL=http://localhost:11434/v1 mini-n8n up      models of your own, here Ollama's
    """
    from infra.cli.up_command import UpOptions, run_up

    raise typer.Exit(
        run_up(
            UpOptions(
                port=port,
                aws_port=aws_port,
                model_port=model_port,
                fresh=fresh,
                state_dir=state_dir,
                offline=offline,
                allowed_hosts=tuple(allow_host or ()),
                parameters=tuple(parameter or ()),
            )
        )
    )


@app.command(short_help="Make another API key of a running up.")
def key(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "made on this machine",
    role: Annotated[str, typer.Option(help="viewer, operator, editor or admin.")] = "admin",
    user: Annotated[
        str | None,
        typer.Option(
            help="Who owns what is made with it. Default: the first administrator.", show_default=False
        ),
    ] = None,
    aws_port: Annotated[int, typer.Option(help="Where up has its local AWS.", min=1, max=65535)] = 4566,
) -> None:
    """Make another API key of a running `mini-n8n up`, and print it, alone on stdout.

    Keys are kept as hashes, so one that is lost cannot be shown again: make another, and revoke the lost one
    with DELETE /api/v1/api-keys/{id}.

    \b
    Examples:
      export MINI_N8N_KEY=$(mini-n8n key)
      mini-n8n key --role operator --user ann --name "ann's laptop"
    """
    from infra.cli.key_command import print_new_key

    raise typer.Exit(print_new_key(name, role, user, aws_port))


@app.command(short_help="Run a workflow once and print its output.")
def run(
    file: File,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", "-i", metavar="NAME=VALUE", help="The value of an input node. May be repeated."
        ),
    ] = None,
    input_json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Inputs as a JSON object; where both give one, --input wins."),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Make every result anew.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Cancel the execution after that long.", min=0.1)
    ] = 3600.0,
    files: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the files that nodes make here; the output then names them instead of links.",
        ),
    ] = None,
    offline: Offline = False,
    allow_host: AllowHosts = None,
) -> None:
    """Run a workflow once: start what that needs, show each node, print the output, stop everything.

    The output is JSON and alone on stdout; progress goes to stderr. Exit code 0: it succeeded; 1: it failed,
    timed out or was cancelled, and stderr names the node; 2: the workflow or its inputs are not usable.

    Values are read as their input node declares: a string is taken as it stands; numbers, booleans, objects
    and arrays are JSON. An input base_url that is given no value and has no default gets the address of the
    offline data set, which the examples call. AI nodes find their models as with `mini-n8n up`.

    \b
    Examples:
      mini-n8n run examples/blog_writer.json --input topic="AI in Healthcare"
      mini-n8n run examples/data_enrichment.json --input limit=5 | jq .report
      mini-n8n run examples/image_generator.json -i subject="a lighthouse" --files pictures
    """
    from infra.cli.run_command import RunOptions, run_file

    raise typer.Exit(
        run_file(
            RunOptions(
                file=file,
                inputs=tuple(inputs or ()),
                input_json=input_json,
                bypass_cache=no_cache,
                timeout_seconds=timeout,
                files=files,
                offline=offline,
                allowed_hosts=tuple(allow_host or ()),
            )
        )
    )


@app.command("compile", short_help="Print what a workflow compiles to, as JSON.")
def compile_(
    file: File,
    profile: ProfileFile = None,
    target_arn: Annotated[
        str | None,
        typer.Option(
            metavar="ARN",
            help="The function that Tasks invoke; {executor} in it stands for core, http, ai or custom.",
        ),
    ] = None,
) -> None:
    """Print what a workflow compiles to: {"definition", "report"} as JSON.

    The definition is Amazon States Language. A document with problems prints {"problems"}, all of them, and
    ends with exit code 1.

    \b
    Examples:
      mini-n8n compile examples/blog_writer.json | jq .definition > machine.asl.json
      mini-n8n compile - --target-arn arn:aws:lambda:eu-west-1:123456789012:function:mini-n8n-dev-{executor}
    """
    from infra.cli.compile_command import compile_to_stdout

    raise typer.Exit(compile_to_stdout(file, profile, target_arn))


@app.command(short_help="Show what a workflow compiles to: order, limits, cost.")
def plan(file: File, profile: ProfileFile = None) -> None:
    """Show what a workflow compiles to: what runs side by side, sizes against limits, cost, time.

    \b
    Example:
      mini-n8n plan examples/video_creator.json
    """
    from infra.cli.plan_command import print_plan

    raise typer.Exit(print_plan(file, profile))


@app.command(short_help="Print the picture of a workflow, as Mermaid.")
def graph(file: File) -> None:
    """Print the picture of a workflow as a Mermaid flowchart, which GitHub and many editors draw.

    \b
    Example:
      mini-n8n graph examples/blog_writer.json
    """
    from infra.cli.graph_command import print_graph

    raise typer.Exit(print_graph(file))


@app.command(short_help="Say all that is wrong with a workflow.")
def validate(
    file: File, as_json: Annotated[bool, typer.Option("--json", help='Print {"problems"} as JSON.')] = False
) -> None:
    """Say whether a workflow can be saved, and if not, all that keeps it from that (exit code 1).

    \b
    Example:
      mini-n8n validate my_workflow.json && mini-n8n run my_workflow.json
    """
    from infra.cli.compile_command import validate_file

    raise typer.Exit(validate_file(file, as_json))


@app.command(
    "test",
    short_help="Run what CI runs; arguments go to pytest.",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
def run_checks(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[PYTEST ARGUMENTS]", help="Paths, -k, -x and so on.")
    ] = None,
) -> None:
    """Run what CI runs: ruff, mypy, import-linter, then the tests.

    With arguments, which go to pytest, only pytest runs.

    \b
    Examples:
      mini-n8n test
      mini-n8n test tests/unit -k expression
    """
    from infra.cli.test_command import run_tests

    raise typer.Exit(run_tests(arguments or []))


@app.command(short_help="Measure: speed, load, what faults do.")
def bench(
    areas: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[AREA]...",
            help="compile, import, nodes, api; express, load, faults, real, compiler take minutes.",
        ),
    ] = None,
    clients: Annotated[int, typer.Option(min=1, max=1_000, help="load: clients at the same time.")] = 200,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="load: how long they read and start.")] = 60,
    executions: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000, help="load: started afterwards (1000); faults: with each fault (20)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Measure: compile time, cold starts, overhead per node, the API; under load and with faults.

    `compiler` compiles graphs of real scientific workflows, and says how close to their longest path they
    run, by levels and as compiled here with and without known durations; and what the examples cost. The
    graphs are made in an environment of their own, which takes a minute the first time. `real` runs three of
    them on the local AWS with nodes that sleep, and says how that compares with what was foretold.

    \b
    Examples:
      mini-n8n bench
      mini-n8n bench compile nodes --json
      mini-n8n bench compiler
      mini-n8n bench load --clients 200 --seconds 60 --executions 1000
      mini-n8n bench faults
    """
    from infra.cli.bench.bench_command import BenchOptions, run_bench

    raise typer.Exit(run_bench(tuple(areas or ()), as_json, BenchOptions(clients, seconds, executions)))


def main() -> None:
    """Run the command line; an error ends it with its message and its exit code."""
    try:
        app(prog_name="mini-n8n")
    except CommandError as error:
        print_error(f"mini-n8n: {error}")
        raise SystemExit(error.exit_code) from None
