from __future__ import annotations

import statistics

from tests.architecture.repository import functions, line_count, modules

MEDIAN_MODULE_LINES = 120
LONGEST_MODULE_LINES = 400
LONGEST_FUNCTION_LINES = 60


def test_half_of_the_modules_are_short() -> None:
    assert statistics.median(line_count(path) for path in modules()) <= MEDIAN_MODULE_LINES


def test_no_module_is_long() -> None:
    assert [
        f"{path}: {line_count(path)}" for path in modules() if line_count(path) > LONGEST_MODULE_LINES
    ] == []


def test_no_function_is_long() -> None:
    long = [
        f"{path}:{function.lineno}: {function.name}"
        for path in modules()
        for function in functions(path)
        if function.end_lineno is not None and function.end_lineno - function.lineno >= LONGEST_FUNCTION_LINES
    ]
    assert long == []
