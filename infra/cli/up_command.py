"""``up``: the whole product on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import os
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.cli.api_client import API_PREFIX, ApiClient
from infra.cli.console import print_error, print_out
from infra.cli.example_workflow import load_examples
from infra.cli.failure import FAILED, CommandError
from infra.cli.first_key import make_first_key
from infra.cli.port import check_ports
from infra.cli.start import starting
from infra.cli.state_folder import DEFAULT_FOLDER, StateFolder
from infra.cli.stop_signal import stops_in_order
from infra.local.models import read_own_models
from infra.local.stack import LOG_NAME, LocalStack, StackOptions

# What the printed commands take a key from, where none can be shown.
KEY_VARIABLE = "MINI_N8N_KEY"
DEFAULT_AWS_PORT = 4566
# What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130
# How often it is looked whether the local AWS still lives.
LOOK_SECONDS = 1.0
OFFLINE = "the offline model server; its answers are synthetic (OPENAI_BASE_URL or OPENAI_API_KEY: your own)"
# The example that the printed command runs, and what it is asked.
SHOWN_EXAMPLE, SHOWN_INPUTS = "blog_writer", {"topic": "AI in Healthcare"}


@dataclass(frozen=True)
class UpOptions:
    """What ``up`` was asked for."""

    port: int
    aws_port: int
    model_port: int
    fresh: bool = False
    state_dir: Path | None = None
    offline: bool = False
    allowed_hosts: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


def run_up(options: UpOptions) -> int:
    """Start, print where everything is, serve until told to stop; the exit code."""
    folder = StateFolder((options.state_dir or DEFAULT_FOLDER).resolve())
    ports = {"--port": options.port, "--aws-port": options.aws_port, "--model-port": options.model_port}
    with folder.claim(f"http://localhost:{options.port}"):
        check_ports(ports)
        if options.fresh:
            folder.clear()
        is_up = False
        try:
            with stops_in_order(), starting(_stack(options, folder)) as stack:
                print_out(_describe(stack, folder))
                is_up = True
                _serve(stack, folder)
        except KeyboardInterrupt:
            print_error("Stopped.")
    return 0 if is_up else INTERRUPTED


def _stack(options: UpOptions, folder: StateFolder) -> LocalStack:
    return LocalStack(
        StackOptions(
            api_port=options.port,
            aws_port=options.aws_port,
            model_port=options.model_port,
            state_dir=folder.aws,
            own_models=None if options.offline else read_own_models(os.environ),
            allowed_hosts=options.allowed_hosts,
            parameters=_parameters(options.parameters),
        ),
        print_error,
    )


def _parameters(given: tuple[str, ...]) -> dict[str, str]:
    """Parameters of the template by name; CommandError for what is none."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise CommandError(f"'{text}' is no parameter; write NAME=VALUE, such as OidcAudience=mini-n8n.")
        found[name] = value
    return found


def _describe(stack: LocalStack, folder: StateFolder) -> str:
    """Load the examples, and tell all that one needs to begin."""
    with ApiClient(stack.api_url, stack.api_key()) as client:
        examples = load_examples(client)
        key = make_first_key(client)
    lines = {
        "Mini-N8N": stack.api_url,
        "Documentation": f"{stack.api_url}/docs",
        "API key": f"{key}  (an administrator's; shown this once)" if key else _another_key(stack),
        "AI nodes ask": str(stack.options.own_models or OFFLINE),
        "Offline data": f"{stack.data_url}  (the base_url of data_enrichment)",
        "Local AWS": stack.endpoint,
        "State": str(folder.path),
    }
    told = [f"{name + ':':15}{value}" for name, value in lines.items()]
    told += [f"{'Workflows:':15}{name}  {workflow_id}" for name, workflow_id in examples.items()]
    shown = shlex.quote(f"Authorization: Bearer {key}") if key else f'"Authorization: Bearer ${KEY_VARIABLE}"'
    return "\n".join(["", *told, "", *_shown_command(stack.api_url, shown, examples), "", "Ctrl-C stops it."])


def _another_key(stack: LocalStack) -> str:
    """Where the key is that was shown before, and how to come to another."""
    port = urlsplit(stack.endpoint).port
    option = "" if port == DEFAULT_AWS_PORT else f" --aws-port {port}"
    return f"shown at the first start; another: export {KEY_VARIABLE}=$(./infra/dev key{option})"


def _shown_command(url: str, authorization: str, examples: dict[str, str]) -> list[str]:
    """A command that runs an example, to be pasted into a shell."""
    if SHOWN_EXAMPLE not in examples:
        return []
    address = f"{url}{API_PREFIX}/workflows/{examples[SHOWN_EXAMPLE]}/execute?wait=20"
    return [
        "Try it:",
        "",
        f"  curl -sS -X POST {shlex.quote(address)} \\",
        f"    -H {authorization} -H 'Content-Type: application/json' \\",
        f"    -d {shlex.quote(json.dumps({'inputs': SHOWN_INPUTS}))}",
    ]


def _serve(stack: LocalStack, folder: StateFolder) -> None:
    """Until a signal comes; CommandError if the local AWS ends by itself."""
    while stack.aws.is_running:
        time.sleep(LOOK_SECONDS)
    raise CommandError(f"the local AWS has ended by itself; {folder.aws / LOG_NAME} says why.", FAILED)
