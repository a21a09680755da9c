"""Importing the interpreter without what it does not need.

Defect: for one enumeration of job states moto's interpreter imports its Batch emulation and, with it, EC2's:
more than half of the whole import time. An empty package stands in for Batch meanwhile.
"""

from __future__ import annotations

import importlib.util
import sys
import types

_HEAVY = "moto.batch"


def import_interpreter() -> None:
    """Load every module of the interpreter that the patches look for."""
    if _HEAVY in sys.modules:
        _import()
        return
    spec = importlib.util.find_spec(_HEAVY)
    stand_in = types.ModuleType(_HEAVY)
    stand_in.__path__ = list((spec.submodule_search_locations if spec else None) or [])
    sys.modules[_HEAVY] = stand_in
    try:
        _import()
    finally:
        del sys.modules[_HEAVY]  # whoever wants the real package still gets it


def _import() -> None:
    import moto.stepfunctions.parser.backend.execution_worker  # noqa: F401 - imported for its side effect
