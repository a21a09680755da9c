from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.repository import ROOT


def test_imports_keep_the_contracts_of_the_house() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    report = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert report.returncode == 0, report.stdout
    assert "Contracts: 7 kept, 0 broken." in report.stdout
