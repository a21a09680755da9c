from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.build.environment import REQUIREMENTS
from infra.build.function_package import PACKAGES
from infra.build.requirement_sets import FUNCTION_SETS, IN_LAMBDA_RUNTIME, OWN_SETS
from tests.architecture.repository import ROOT

PINNED = re.compile(r"^([a-z0-9._-]+)==([^ ;]+)(?: ;.*)? \\$")
SETS = ("dev", *FUNCTION_SETS, *OWN_SETS)


def _pins(name: str) -> dict[str, str]:
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for match in map(PINNED.match, lines) if match}


def _group(name: str) -> set[str]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    names: set[str] = set()
    for entry in groups[name]:
        names |= _group(entry["include-group"]) if isinstance(entry, dict) else {_name(entry)}
    return names


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


@pytest.mark.parametrize("name", SETS)
def test_a_requirements_file_holds_exact_versions_and_hashes_and_nothing_else(name: str) -> None:
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    other = [
        line
        for line in lines
        if not PINNED.match(line) and not re.match(r"^    --hash=sha256:[0-9a-f]{64}", line)
    ]
    assert other == [
        "# Made by `python -m infra.build.requirement_sets` from pyproject.toml; not edited by hand."
    ]
    assert _pins(name) != {}


@pytest.mark.parametrize("name", SETS)
def test_a_requirements_file_holds_all_that_its_group_names(name: str) -> None:
    assert _group(name) - _pins(name).keys() == set()


def test_the_environment_holds_what_the_project_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {_name(requirement) for requirement in project["dependencies"]} - _pins("dev").keys() == set()


@pytest.mark.parametrize("name", FUNCTION_SETS)
def test_a_function_is_deployed_with_the_versions_that_are_tested(name: str) -> None:
    tested = _pins("dev")
    assert {package: tested.get(package) for package in _pins(name)} == _pins(name)


@pytest.mark.parametrize("name", FUNCTION_SETS)
def test_a_function_brings_nothing_that_the_runtime_has(name: str) -> None:
    assert _pins(name).keys() & set(IN_LAMBDA_RUNTIME) == set()


def test_each_function_set_is_packed_and_each_package_has_its_set() -> None:
    assert {package.requirements for package in PACKAGES.values()} == set(FUNCTION_SETS)


def test_the_node_packages_are_pinned_by_integrity_and_without_addresses() -> None:
    lock = json.loads((ROOT / "infra" / "checks" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages != {}
    assert {
        name for name, entry in packages.items() if "integrity" not in entry or "resolved" in entry
    } == set()
