from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from infra.build.installed_folder import InstalledFolder


def _install(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "installations").open("a") as log:
        log.write("x")
    time.sleep(0.2)


def _ensure(path: Path) -> None:
    InstalledFolder(path, "a").ensure(_install)


def _installations(folder: Path) -> int:
    return len((folder / "installations").read_text())


def test_a_folder_is_installed_once_for_one_fingerprint(tmp_path: Path) -> None:
    folder = InstalledFolder(tmp_path / "folder", "a")
    assert [folder.ensure(_install), folder.ensure(_install)] == [folder.path, folder.path]
    assert (_installations(folder.path), folder.is_current()) == (1, True)


def test_a_new_fingerprint_installs_again(tmp_path: Path) -> None:
    InstalledFolder(tmp_path / "folder", "a").ensure(_install)
    folder = InstalledFolder(tmp_path / "folder", "b")
    assert not folder.is_current()
    folder.ensure(_install)
    assert (_installations(folder.path), folder.is_current()) == (2, True)


def test_an_installation_that_broke_off_is_made_anew(tmp_path: Path) -> None:
    def break_off(folder: Path) -> None:
        _install(folder)
        raise KeyboardInterrupt

    InstalledFolder(tmp_path / "folder", "a").ensure(_install)
    folder = InstalledFolder(tmp_path / "folder", "b")
    with pytest.raises(KeyboardInterrupt):
        folder.ensure(break_off)
    assert (folder.is_current(), InstalledFolder(folder.path, "a").is_current()) == (False, False)
    folder.ensure(_install)
    assert (_installations(folder.path), folder.is_current()) == (3, True)


def test_two_starts_at_once_install_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    starts = [spawn.Process(target=_ensure, args=(tmp_path / "folder",)) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(30)
    assert [start.exitcode for start in starts] == [0, 0]
    assert _installations(tmp_path / "folder") == 1
