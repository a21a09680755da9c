from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.build import environment


def _checkout(folder: Path) -> Path:
    """A checkout with infra/dev, whose environment says it is current and whose console script echoes."""
    shutil.copytree(environment.ROOT / "infra" / "build", folder / "infra" / "build")
    shutil.copytree(environment.REQUIREMENTS, folder / "infra" / "requirements")
    for name in ("infra/dev", "infra/__init__.py", "pyproject.toml"):
        shutil.copy(environment.ROOT / name, folder / name)
    scripts = folder / ".venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "python").symlink_to(sys.executable)
    (scripts / "mini-n8n").write_text('#!/bin/sh\nprintf "<%s>" "$@"\npwd\nexit 7\n')
    (scripts / "mini-n8n").chmod(0o755)
    fingerprint = (
        "from infra.build.environment import environment; print(environment('dev').fingerprint, end='')"
    )
    done = subprocess.run([sys.executable, "-c", fingerprint], cwd=folder, capture_output=True, check=True)
    (folder / ".venv" / ".installed").write_bytes(done.stdout)
    return folder


def test_dev_hands_over_arguments_folder_output_and_exit_code_untouched(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path / "a checkout with spaces")
    link, elsewhere = tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(checkout / "infra" / "dev")
    elsewhere.mkdir()
    done = subprocess.run([link, "run", "a b"], cwd=elsewhere, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"<run><a b>{elsewhere}\n", "", 7)


def test_dev_says_what_to_do_where_no_python_will_do(tmp_path: Path) -> None:
    checkout = _checkout(tmp_path / "checkout")
    shutil.rmtree(checkout / ".venv")
    path = tmp_path / "path"
    path.mkdir()
    for tool in ("bash", "dirname", "readlink"):
        (path / tool).symlink_to(shutil.which(tool) or tool)
    done = subprocess.run(
        [checkout / "infra" / "dev"], env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.splitlines()[0] == (
        "Mini-N8N needs Python 3.11 or newer, with the modules venv and ensurepip; none is on the PATH."
    )


def test_a_changed_requirement_makes_the_environment_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = shutil.copytree(environment.REQUIREMENTS, tmp_path / "requirements")
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    before = environment.environment("sam")
    with (requirements / "sam.txt").open("a") as file:
        file.write("# another\n")
    assert before.fingerprint != environment.environment("sam").fingerprint
    assert before.path == environment.ROOT / ".venv-sam"


def test_an_unknown_environment_is_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match="no environment is called 'prod'; there are: dev, sam, checkov, node"
    ):
        environment.environment("prod")
