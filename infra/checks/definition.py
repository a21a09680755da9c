"""Two independent validators of Amazon States Language on compiled definitions.

asl-validator (for Node.js) checks schema, paths and reachability; statelint, in its Python port, the rules of
the States Language specification. Neither sees undefined variables: the compiler's own checks do.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from infra.checks.node_tools import CHECKS, ensure_node_packages


def validate_definitions(paths: Iterable[Path]) -> list[str]:
    """Return the problems of the definition files, each as `path: validator: problem`; none is an empty list.

    Installs asl-validator at first use. Raises CalledProcessError if a validator itself breaks.
    """
    files = [str(path) for path in paths]
    return [*_asl_validator(files), *(problem for file in files for problem in _statelint(file))]


def _asl_validator(files: list[str]) -> list[str]:
    command = [ensure_node_packages(), str(CHECKS / "validate_definitions.cjs")]
    answer = subprocess.run(command, input=json.dumps(files), capture_output=True, text=True, check=True)
    problems: list[str] = json.loads(answer.stdout)
    return problems


def _statelint(file: str) -> list[str]:
    from statelint.config import Config
    from statelint.linter import Linter
    from statelint.problem import ProblemType

    # It wants 2.0 for 2 in BackoffRate; in JSON these are the same number, and Step Functions takes both.
    config = Config({ProblemType.FLOAT})
    definition = json.loads(Path(file).read_text(encoding="utf-8"))
    return [f"{file}: statelint: {problem}" for problem in Linter.validate(definition, config)]
