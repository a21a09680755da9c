from __future__ import annotations

import re

from tests.architecture.repository import ROOT, files, modules

TOP_LEVEL = {
    "engine", "nodes", "functions", "infra", "examples", "tests",
    "template.yaml", "pyproject.toml", "Makefile",
    "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE",
    ".ci", ".importlinter", ".gitignore", ".gitattributes", ".editorconfig",
}  # fmt: skip
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
# Where packages came from, and where somebody's checkout stood, belong to a machine and not to the project.
MACHINE_PATHS = re.compile(r"""(?<![\w.*}])/(?:root|work|home|Users)/\w""")
REGISTRY_HOSTS = re.compile(
    r"(?:pypi|pythonhosted)\.org|registry\.(?:npmjs|yarnpkg)|deb\.debian|rubygems\.org"
)
UNFINISHED = re.compile(r"raise NotImplementedError|\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b")


def test_the_top_level_holds_what_belongs_there_and_nothing_else() -> None:
    assert {path.parts[0] for path in files()} - TOP_LEVEL == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in modules() if VAGUE_NAMES & {path.stem, *path.parts}] == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert _lines_with(MACHINE_PATHS) + _lines_with(REGISTRY_HOSTS) == []


def test_nothing_is_left_unfinished() -> None:
    sources = {str(path) for path in modules()}
    assert [line for line in _lines_with(UNFINISHED) if line.split(":")[0] in sources] == []


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in files()
        for number, line in enumerate(
            (ROOT / path).read_text(encoding="utf-8", errors="ignore").splitlines(), 1
        )
        if pattern.search(line)
    ]
