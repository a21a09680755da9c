from __future__ import annotations

import marshal
import py_compile
import re
from pathlib import Path

import pytest

from infra.build.byte_code import compile_folder

NOTHING = re.compile(r"(?!)")


def packed(folder: Path, **sources: str) -> Path:
    for name, text in sources.items():
        (folder / "part").mkdir(parents=True, exist_ok=True)
        (folder / "part" / f"{name}.py").write_text(text)
    return folder


def compiled(folder: Path) -> dict[str, Path]:
    return {path.name.partition(".")[0]: path for path in folder.rglob("*.pyc")}


def value_of(byte_code: Path) -> object:
    """What ``VALUE`` is in a module of that byte code."""
    names: dict[str, object] = {}
    exec(marshal.loads(byte_code.read_bytes()[16:]), names)
    return names["VALUE"]


def test_equal_sources_are_compiled_once_and_others_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    compile_one = py_compile.compile

    def watched(file: str, *arguments: object, **more: object) -> object:
        made.append(Path(file).relative_to(tmp_path).as_posix())
        return compile_one(file, *arguments, **more)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(py_compile, "compile", watched)
    for folder, both in (
        (packed(tmp_path / "one", same="VALUE = 1", other="VALUE = 2"), {"same": 1, "other": 2}),
        (packed(tmp_path / "two", same="VALUE = 1", other="VALUE = 3"), {"same": 1, "other": 3}),
    ):
        compile_folder(folder, leave=NOTHING, kept=tmp_path / "kept")
        assert {name: value_of(path) for name, path in compiled(folder).items()} == both
    assert sorted(made) == ["one/part/other.py", "one/part/same.py", "two/part/other.py"]


def test_byte_code_names_the_place_that_it_runs_in_and_is_not_held_against_its_source(tmp_path: Path) -> None:
    folder = packed(tmp_path / "one", same="VALUE = 1")
    compile_folder(folder, leave=NOTHING, kept=tmp_path / "kept")
    (byte_code,) = compiled(folder).values()
    assert marshal.loads(byte_code.read_bytes()[16:]).co_filename == "/var/task/part/same.py"
    assert byte_code.read_bytes()[4:8] == b"\1\0\0\0"  # unchecked: https://peps.python.org/pep-0552/
    assert byte_code.parent.name == "__pycache__"


def test_what_is_to_stay_source_stays_so(tmp_path: Path) -> None:
    folder = packed(tmp_path / "one", same="VALUE = 1", seldom="VALUE = 2")
    compile_folder(folder, leave=re.compile(r"/part/seldom"), kept=tmp_path / "kept")
    assert compiled(folder).keys() == {"same"}


def test_a_module_that_does_not_compile_is_named(tmp_path: Path) -> None:
    folder = packed(tmp_path / "one", broken="VALUE = (")
    with pytest.raises(py_compile.PyCompileError, match=r"/var/task/part/broken\.py"):
        compile_folder(folder, leave=NOTHING, kept=tmp_path / "kept")
