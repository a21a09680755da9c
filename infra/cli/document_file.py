"""Workflow documents and other JSON, read from files (or from stdin, as ``-``)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from engine.errors import DocumentError, Problem
from engine.json_value import JsonObject
from infra.cli.failure import usage_error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def read_text(path: Path) -> str:
    """The text of a file, or of stdin for ``-``; CommandError when it cannot be read."""
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except OSError as error:
        raise usage_error(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise usage_error(f"{path} is not UTF-8 text.") from None


def read_json(path: Path) -> Any:
    """The JSON of a file; CommandError says where it is wrong."""
    try:
        return json.loads(read_text(path), parse_constant=_refuse_constant)
    except ValueError as error:
        raise usage_error(f"{path} is not JSON: {error}.") from None
    except RecursionError:
        raise usage_error(f"{path} is nested too deeply.") from None


def read_document(path: Path) -> JsonObject:
    """A workflow document as it was written; DocumentError when it is no JSON object at all."""
    text = read_text(path)
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DocumentError([Problem("invalid_json", f"the file is not JSON: {error}")]) from None
    if not isinstance(document, dict):
        found = type(document).__name__
        raise DocumentError([Problem("invalid_json", f"the file must hold a JSON object, not {found}")])
    return document


def example_files() -> list[Path]:
    """The examples that come with Mini-N8N, by name."""
    return sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.json"))
