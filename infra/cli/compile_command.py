"""``compile`` and ``validate``: what becomes of a document, and what keeps it from that."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import DocumentError
from engine.json_value import JsonValue
from infra.cli.compilation import check_file, compile_file, installed_nodes
from infra.cli.console import print_error, print_out
from infra.cli.failure import FAILED


def compile_to_stdout(path: Path, profile: Path | None, target_arn: str | None) -> int:
    """Print definition and report as JSON, or else all problems; the exit code."""
    try:
        compiled = compile_file(path, profile, target_arn)
    except DocumentError as error:
        print_json(problems_as_json(error))
        return FAILED
    print_json({"definition": compiled.definition, "report": compiled.report})
    return 0


def validate_file(path: Path, as_json: bool) -> int:
    """Say whether a document can be saved, and if not, all that keeps it from that; the exit code."""
    try:
        workflow = check_file(path, installed_nodes())
    except DocumentError as error:
        if as_json:
            print_json(problems_as_json(error))
        else:
            print_problems(path, error)
        return FAILED
    if as_json:
        print_json({"problems": []})
    else:
        print_out(f"{path}: {len(workflow.nodes)} nodes, no problems.")
    return 0


def print_problems(path: Path, error: DocumentError) -> None:
    """One line for each problem on stderr: where, what, cure."""
    for problem in error.problems:
        where = ".".join(part for part in (problem.node, problem.field) if part) or "workflow"
        print_error(f"{path}: {where}: {problem.message}")
    count = len(error.problems)
    print_error(f"{count} problem{'s' if count != 1 else ''}.")


def problems_as_json(error: DocumentError) -> JsonValue:
    """The problems as the API spells them."""
    return {"problems": [problem.as_dict() for problem in error.problems]}


def print_json(value: JsonValue) -> None:
    """A value on stdout, readable, and complete."""
    print_out(json.dumps(value, indent=2, ensure_ascii=False))
