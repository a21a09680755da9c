"""From a document to a state machine: pure stages over frozen values.

Nothing here reads a clock, an environment or a service; the same workflow, node types, targets and
profile give the same bytes.
"""

from __future__ import annotations

from engine.compiler.pipeline import Compiled, compile_workflow
from engine.compiler.profile import Profile

__all__ = ["Compiled", "Profile", "compile_workflow"]
