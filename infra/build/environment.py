"""The repository's Python environments, each from one hashed requirements file.

`dev` is `.venv`. `sam`, `checkov`, `node` and `bench` pin packages that `dev` pins otherwise, or that few
need: they are `.venv-<name>`, made when first asked for. Standard library only: this runs before anything is
installed.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
import tomllib
import venv
from collections import deque
from pathlib import Path

from infra.build.installed_folder import InstalledFolder

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "infra" / "requirements"
ENVIRONMENTS = ("dev", "sam", "checkov", "node", "bench")
# uv installs in a twentieth of pip's time. It is one wheel, which pip fetches for `dev`; others take dev's.
INSTALLER = REQUIREMENTS / "uv.txt"
# The files are closed sets, so nothing is resolved; every file that arrives is held against its hash; and
# nothing is built from source, since a build would fetch its own tools without hashes.
HASHED = ("--no-deps", "--only-binary=:all:", "--require-hashes", "-r")
# But for what is published as source alone: its own environment holds what builds it, by hash too.
SOURCES = {"bench": "wfcommons"}
UV_OPTIONS = ("--system-certs",)  # where an organisation's own certificates are, if it has any
LOG_LINES_SHOWN = 40  # the end of an installer's output, printed when it fails


class InstallationError(Exception):
    """An installer failed; its last lines are in the message."""


def environment(name: str) -> InstalledFolder:
    """The folder of an environment, with the fingerprint of all that it is made from."""
    if name not in ENVIRONMENTS:
        message = f"no environment is called {name!r}; there are: {', '.join(ENVIRONMENTS)}"
        raise ValueError(message)
    parts: list[object] = [str(ROOT), hashlib.sha256(_requirements(name).read_bytes()).hexdigest()]
    if name == "dev":
        # The console script and the entry points come from these tables alone; a lint rule rebuilds nothing.
        tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        parts += [tables["build-system"], tables["project"], tables["tool"]["setuptools"]]
    fingerprint = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return InstalledFolder(ROOT / (".venv" if name == "dev" else f".venv-{name}"), fingerprint)


def ensure_environment(name: str) -> Path:
    """Return the folder of the environment `name`, made or made anew where needed.

    Progress goes to stderr. Raises InstallationError, and ValueError for a name that is not in ENVIRONMENTS.
    """

    def install(folder: Path) -> None:
        started = time.monotonic()
        _say(f"Making {folder.name} with Python {sys.version.split()[0]} ...")
        venv.create(folder, clear=True, symlinks=True)
        uv = _find_uv(folder)
        _say(f"Installing {_count(_requirements(name))} packages of infra/requirements/{name}.txt ...")
        _install(folder, uv, [*HASHED, str(_wheels(name, folder))])
        if name in SOURCES:
            built = [f"--no-binary={SOURCES[name]}", "--no-build-isolation"]
            _install(folder, uv, ["--no-deps", *built, "--require-hashes", "-r", str(_requirements(name))])
        if name == "dev":
            _say("Installing the project itself ...")
            editable = ["--no-deps", "--no-build-isolation", "--config-settings=editable_mode=compat", "-e"]
            _install(folder, uv, [*editable, str(ROOT)])
        _say(f"{folder.name} is ready after {time.monotonic() - started:.0f} s.")

    return environment(name).ensure(install)


def _find_uv(folder: Path) -> Path:
    """The installer of `dev`; where that is not made yet, one in the folder itself. InstallationError."""
    own = folder / "bin" / "uv"
    of_dev = ROOT / ".venv" / "bin" / "uv"  # gone where `folder` is dev, which was just made empty
    if of_dev.exists():
        return of_dev
    _pip(folder, [*HASHED, str(INSTALLER)])
    return own


def _install(folder: Path, uv: Path, what: list[str]) -> None:
    # Byte code now: an interpreter that may write none would compile at every start. Of `dev` alone, for of
    # what stands in the others little is ever imported.
    compiled = ["--compile-bytecode"] if folder.name == ".venv" else []
    python = str(folder / "bin" / "python")
    try:
        _run([str(uv), *UV_OPTIONS, "pip", "install", *compiled, "--python", python, *what])
    except (InstallationError, OSError):
        # uv does not read pip's configuration: where only pip knows the way to the packages, pip does it.
        _say("uv could not; trying pip, which takes a minute or two longer ...")
        _pip(folder, what)


def _pip(folder: Path, what: list[str]) -> None:
    """Install with pip, which is put there first: that alone takes longer than uv needs for everything."""
    python = str(folder / "bin" / "python")
    if not (folder / "bin" / "pip").exists():
        _run([python, "-Im", "ensurepip", "--upgrade", "--default-pip"])
    _run([python, "-Im", "pip", "--disable-pip-version-check", "install", *what])


def _run(command: list[str]) -> None:
    """Run an installer, passing on what tells of progress; raise InstallationError if it fails."""
    kept: deque[str] = deque(maxlen=LOG_LINES_SHOWN)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    with process:
        for line in process.stdout or ():
            kept.append(line)
            if line.startswith("Downloading "):
                _say(f"  {line.rstrip()}")
    if process.returncode != 0:
        raise InstallationError(f"{' '.join(command)}\n{''.join(kept)}")


def _wheels(name: str, folder: Path) -> Path:
    """The requirements of an environment without what must be built from source."""
    if name not in SOURCES:
        return _requirements(name)
    entries = re.split(r"^(?=\S)", _requirements(name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    wheels = folder / "wheels.txt"
    wheels.write_text(
        "".join(entry for entry in entries if not entry.startswith(f"{SOURCES[name]}==")), encoding="utf-8"
    )
    return wheels


def _requirements(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"


def _count(requirements: Path) -> int:
    return sum("==" in line for line in requirements.read_text(encoding="utf-8").splitlines())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """`NAME` makes the environment; `--current NAME` tells by its exit code whether it is up to date."""
    if arguments[:1] == ["--current"]:
        return 0 if environment(arguments[1]).is_current() else 1
    try:
        ensure_environment(arguments[0])
    except InstallationError as error:
        _say(f"The environment could not be made; the next start tries again.\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
