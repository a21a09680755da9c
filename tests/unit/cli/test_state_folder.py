from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.cli.failure import CommandError
from infra.cli.state_folder import StateFolder


def test_a_second_user_is_told_who_has_the_folder(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    other = StateFolder(tmp_path / "state")
    with (
        folder.claim("http://localhost:8000"),
        pytest.raises(CommandError) as refused,
        other.claim("http://localhost:9000"),
    ):
        pytest.fail("the folder was claimed twice")
    assert refused.value.exit_code == 2
    assert str(refused.value) == (
        f"Mini-N8N at http://localhost:8000 (process {os.getpid()}) already uses the state in "
        f"{folder.path}; stop that one, or keep state elsewhere with --state-dir (and use other ports)."
    )


def test_a_folder_can_be_claimed_again_after_its_user_has_left(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    for address in ("http://localhost:8000", "http://localhost:9"):
        with folder.claim(address):
            assert address in (tmp_path / "lock").read_text()


def test_a_lock_that_says_nothing_still_keeps_others_out(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    with folder.claim("http://localhost:8000"):
        (tmp_path / "lock").write_text("")
        with pytest.raises(CommandError, match=r"^Another Mini-N8N already uses"), folder.claim("x"):
            pytest.fail("the folder was claimed twice")


def test_starting_anew_forgets_the_state_and_nothing_else(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    (folder.aws / "services").mkdir(parents=True)
    (tmp_path / "mine.txt").write_text("kept")
    folder.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    folder.clear()


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CommandError, match="choose another --state-dir"),
        StateFolder(tmp_path / "file" / "state").claim("x"),
    ):
        pytest.fail("the folder was claimed")
