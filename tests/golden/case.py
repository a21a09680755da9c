"""A golden case: a folder with a workflow, perhaps a profile, and what they compile to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from engine.compiler import Compiled, Profile, compile_workflow
from engine.json_value import JsonObject
from engine.validation import check_document
from tests.golden.node_types import TARGETS, make_registry

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One folder under tests/golden."""

    folder: Path

    def compile(self) -> Compiled:
        """Compile the workflow as it stands in the folder."""
        registry = make_registry()
        workflow = check_document(self.read("workflow"), registry)
        profile = Profile.from_json(self.read("profile")) if (self.folder / "profile.json").exists() else None
        return compile_workflow(workflow, registry, targets=TARGETS, profile=profile)

    def read(self, name: str) -> JsonObject:
        """One of the folder's files."""
        value: JsonObject = json.loads((self.folder / f"{name}.json").read_text())
        return value

    def write(self, name: str, value: JsonObject) -> None:
        """Replace one of the folder's files."""
        text = json.dumps(value, indent=1, ensure_ascii=False)
        (self.folder / f"{name}.json").write_text(text + "\n")


def all_cases() -> list[Case]:
    """Every folder that holds a workflow, by name."""
    return [Case(path.parent) for path in sorted(FOLDER.glob("*/workflow.json"))]
