"""Compile the dependency groups of pyproject.toml to infra/requirements/*.txt: exact versions and hashes.

Versions that stand in a file are kept until `--upgrade` is given. No file carries an address.
"""

from __future__ import annotations

import os
import subprocess
import sys

from infra.build.environment import REQUIREMENTS, ROOT, UV_OPTIONS

HEADER = "# Made by `python -m infra.build.requirement_sets` from pyproject.toml; not edited by hand.\n"
# Functions, with the versions of dev.txt: what is tested is what is deployed.
FUNCTION_SETS = ("api", "core", "http", "ai", "custom", "flow", "events", "triggers")
# Independent of dev.txt: they pin what it pins otherwise.
OWN_SETS = ("sam", "checkov", "node", "bench", "uv")
# The Lambda runtime has these (docs.aws.amazon.com/lambda/latest/dg/python-package.html); boto3 alone weighs
# more than all the rest of a function.
IN_LAMBDA_RUNTIME = ("boto3", "botocore", "s3transfer", "python-dateutil", "six", "urllib3")


def compile_set(name: str, extra: list[str]) -> None:
    """Write infra/requirements/`name`.txt. Raises CalledProcessError if no versions fit together."""
    target = REQUIREMENTS / f"{name}.txt"
    command = [
        sys.executable,
        "-m",
        "uv",
        *UV_OPTIONS,
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
    ]
    command += ["--generate-hashes", "--universal", "--python-version", "3.11", "--output-file", str(target)]
    # Addresses from the surroundings (UV_INDEX_URL, UV_DEFAULT_INDEX, ...) are used, not written down.
    command += ["--no-emit-index-url", "--no-emit-find-links"]
    subprocess.run([*command, "--group", f"pyproject.toml:{name}", *extra], cwd=ROOT, check=True)
    lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
    closed = [line for line in lines if not line.startswith("#")]
    target.write_text(HEADER + "".join(closed), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Compile all sets; arguments go to `uv pip compile` (`--upgrade`, `--upgrade-package NAME`)."""
    compile_set("dev", ["pyproject.toml", *arguments])
    constrained = ["--constraints", str((REQUIREMENTS / "dev.txt").relative_to(ROOT))]
    for package in IN_LAMBDA_RUNTIME:
        constrained += ["--no-emit-package", package]
    for name in FUNCTION_SETS:
        # Constraints leave one version to choose from, so what stood in the file must not hold it back.
        compile_set(name, [*constrained, "--upgrade"])
    for name in OWN_SETS:
        compile_set(name, arguments)
    return 0


if __name__ == "__main__":
    os.environ.pop("VIRTUAL_ENV", None)
    sys.exit(main(sys.argv[1:]))
