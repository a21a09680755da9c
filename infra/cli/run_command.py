"""``run``: one execution of one file, on a stack of its own that leaves nothing behind."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DocumentError
from engine.json_value import JsonObject, JsonValue
from engine.workflow import EXPRESS_SECONDS, Workflow
from infra.cli.api_client import ApiClient
from infra.cli.compilation import check_file, installed_nodes
from infra.cli.compile_command import print_json, print_problems
from infra.cli.console import print_error
from infra.cli.failure import FAILED, USAGE
from infra.cli.input_value import BASE_URL_INPUT, check_inputs, needs_base_url, read_inputs
from infra.cli.kept_file import find_file_links, keep_files
from infra.cli.progress import choose_progress
from infra.cli.start import starting
from infra.cli.stop_signal import stops_in_order
from infra.cli.up_command import INTERRUPTED
from infra.local.models import read_own_models
from infra.local.stack import LocalStack, StackOptions

# Between two looks at the execution: often enough to look live, rarely enough to cost nothing.
LOOK_SECONDS = 0.15


@dataclass(frozen=True)
class RunOptions:
    """What ``run`` was asked for."""

    file: Path
    inputs: tuple[str, ...] = ()
    input_json: Path | None = None
    bypass_cache: bool = False
    timeout_seconds: float = 3600.0
    files: Path | None = None
    offline: bool = False
    allowed_hosts: tuple[str, ...] = ()


def run_file(options: RunOptions) -> int:
    """Run the workflow and print its output; the exit code."""
    registry = installed_nodes()
    try:
        workflow = check_file(options.file, registry)
    except DocumentError as error:
        print_problems(options.file, error)
        return USAGE
    inputs = read_inputs(workflow, options.inputs, options.input_json)
    with_data = needs_base_url(workflow, inputs)
    # Before anything is started: the address stands for one that only the started stack knows.
    check_inputs(workflow, registry, inputs | ({BASE_URL_INPUT: "http://localhost"} if with_data else {}))
    own_models = None if options.offline else read_own_models(os.environ)
    print_error(f"AI nodes ask {own_models or 'the offline model server'}.")
    stack = LocalStack(StackOptions(own_models=own_models, allowed_hosts=options.allowed_hosts), print_error)
    try:
        with stops_in_order(), starting(stack), ApiClient(stack.api_url, stack.api_key()) as client:
            if with_data:
                print_error(f"Input {BASE_URL_INPUT}: the offline data set, {stack.data_url}.")
                inputs[BASE_URL_INPUT] = stack.data_url
            return _run(client, workflow, inputs, options)
    except KeyboardInterrupt:
        print_error("Stopped.")
        return INTERRUPTED


def _run(client: ApiClient, workflow: Workflow, inputs: JsonObject, options: RunOptions) -> int:
    saved = client.create_workflow(workflow.as_document())
    if saved["mode"] == "express":
        print_error(f"Runs as an express execution: {EXPRESS_SECONDS} s at most, and at least once.")
    execution = client.execute(saved["id"], inputs, bypass_cache=options.bypass_cache)
    execution = _watch(client, execution, options.timeout_seconds)
    if execution["status"] != "succeeded":
        print_error(explain_end(execution))
        return FAILED
    output = _read_output(client, execution)
    links = find_file_links(output, client.url)
    if options.files is not None:
        output = keep_files(output, client, options.files)
    elif links:
        print_error(f"Links to files end with this run ({len(links)} of them); --files DIR keeps the files.")
    print_json(output)
    return 0


def _watch(client: ApiClient, execution: JsonObject, timeout_seconds: float) -> JsonObject:
    """Show the execution until it ends; cancel it when it takes too long."""
    progress = choose_progress()
    deadline = time.monotonic() + timeout_seconds
    with progress.showing():
        progress.show(execution)
        while execution["status"] == "running":
            if time.monotonic() > deadline:
                print_error(f"Cancelled, for it took longer than --timeout {timeout_seconds:g} (seconds).")
                return client.cancel(execution["id"])
            time.sleep(LOOK_SECONDS)
            execution = client.execution(execution["id"])
            progress.show(execution)
    print_error(f"{execution['status'].capitalize()} after {execution['duration_seconds']:.2f} s.")
    if execution["cost"] is not None:
        print_error(explain_cost(execution["cost"]))
    return execution


def _read_output(client: ApiClient, execution: JsonObject) -> JsonValue:
    """The output, also where it is so large that the API gives it by link."""
    if execution["output_url"] is None:
        return execution["output"]
    return json.loads(client.download(execution["output_url"]))


def explain_cost(cost: JsonObject) -> str:
    """What it would have cost on AWS, by parts."""
    parts = [f"states {cost['states_usd']:.6f}", f"Lambda {cost['lambda_usd']:.6f}"]
    if cost["models_usd"] is not None:
        parts.append(f"models {cost['models_usd']:.6f}")
    if cost["input_tokens"] or cost["output_tokens"]:
        parts.append(f"{cost['input_tokens']} tokens in, {cost['output_tokens']} out")
    if cost["unpriced_models"]:
        return f"Cost in USD: {', '.join(parts)}; no price is known of {', '.join(cost['unpriced_models'])}."
    return f"Cost: {cost['usd']:.6f} USD ({', '.join(parts)})."


def explain_end(execution: JsonObject) -> str:
    """Why it did not succeed: node, field, and the message, which names the cure."""
    error = execution["error"] or {"type": execution["status"], "message": "no reason is known"}
    where = f"node '{error['node_id']}'" if error.get("node_id") else "the execution"
    if error.get("field"):
        where += f", {error['field']}"
    return f"{where}: {error['type']}: {error['message']}"
