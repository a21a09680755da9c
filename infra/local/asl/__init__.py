"""The Amazon States Language interpreter of the local AWS (moto's, mended), usable without any server.

``run_definition`` runs a compiled definition in this process with a Python callable in the place of Lambda:
a few milliseconds an execution, thread-safe, for tests of compiled definitions.
"""

from __future__ import annotations

from infra.local.asl.harness import run_definition
from infra.local.asl.interpreter import AslExecution, AslOutcome
from infra.local.asl.validation import InvalidDefinitionError, definition_problems

__all__ = ["AslExecution", "AslOutcome", "InvalidDefinitionError", "definition_problems", "run_definition"]
