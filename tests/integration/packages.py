"""Packages of node types in the functions of the tests' stack: the example, two for tests, a broken one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.integration import fault_node
from tests.property import scripted_node
from tests.property.scripted_node import ActNode, BranchNode, ChooseNode, PollNode, QuickNode

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "custom_node"
SCRIPTED_TYPES = (ActNode, PollNode, BranchNode, QuickNode, ChooseNode)


def install_packages(target: Path) -> None:
    """Fill the folder, as ``pip install --target`` does."""
    _install_example(target)
    lay(target, "fault-node", "1", {"fault": "fault_node:FaultNode"}, Path(fault_node.__file__))
    scripted = {kind.type: f"scripted_node:{kind.__name__}" for kind in SCRIPTED_TYPES}
    lay(target, "scripted-node", "1", scripted, Path(scripted_node.__file__))
    # Its node type fails when it is imported.
    (broken := target / "broken_nodes.py").write_text("import a_module_that_is_missing\n")
    lay(target, "broken-nodes", "2.1", {"broken": "broken_nodes:BrokenNode"}, broken)


def lay(target: Path, name: str, version: str, types: Mapping[str, str], module: Path) -> None:
    """Put a package of one module there, with the entry points of its node types."""
    if module.parent != target:
        shutil.copy(module, target)
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entries = "".join(f"{kind} = {place}\n" for kind, place in types.items())
    (info / "entry_points.txt").write_text(f"[mini_n8n.nodes]\n{entries}")


def _install_example(target: Path) -> None:
    """From a copy: what builds a package writes beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyproject.toml", "reading_time_node.py"):
            shutil.copy(EXAMPLE / name, folder)
        install = ["uv", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--offline"]
        subprocess.run([sys.executable, "-m", *install, "--target", str(target), folder], check=True)
