from __future__ import annotations

import re
from pathlib import Path

from engine.validation.node_rule import EXECUTOR_TIMEOUT_SECONDS

TEMPLATE = (Path(__file__).parents[3] / "template.yaml").read_text()


def test_the_limits_told_are_the_timeouts_of_the_functions_in_the_template() -> None:
    found: dict[str, int] = {}
    for executor in EXECUTOR_TIMEOUT_SECONDS:
        function = TEMPLATE[TEMPLATE.index(f"\n  {executor.capitalize()}Function:\n") :]
        timeout = re.search(r"^      Timeout: (\d+)", function, re.MULTILINE)
        assert timeout is not None
        found[executor] = int(timeout[1])
    assert found == EXECUTOR_TIMEOUT_SECONDS
