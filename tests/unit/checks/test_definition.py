from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.checks.definition import validate_definitions

TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "core"},
    "Retry": [{"ErrorEquals": ["RetryableNodeError"], "BackoffRate": 2}],
    "ResultPath": None,
}


def _write(path: Path, states: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"StartAt": "A", "States": states}))
    return path


def test_a_sound_definition_has_no_problems(tmp_path: Path) -> None:
    assert validate_definitions([_write(tmp_path / "a.json", {"A": TASK | {"End": True}})]) == []


def test_each_validator_names_file_and_problem(tmp_path: Path) -> None:
    sound = _write(tmp_path / "sound.json", {"A": TASK | {"End": True}})
    lost = _write(tmp_path / "lost.json", {"A": TASK | {"Next": "B"}, "C": {"Type": "Succeed"}})
    assert validate_definitions([sound, lost]) == [
        f"{lost}: asl-validator: MISSING_TRANSITION_TARGET: State C is not reachable",
        f"{lost}: asl-validator: MISSING_TRANSITION_TARGET: Missing 'StartAt'|'Next'|'Default' target: B",
        f'{lost}: statelint: No state found named "B", referenced at State Machine.States.A.Next',
        f"{lost}: statelint: No transition found to state State Machine.C",
        f"{lost}: statelint: No terminal state found in machine at State Machine.States",
    ]
