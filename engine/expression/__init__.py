"""Expressions: `{{ … }}` in a config, in JMESPath and nothing more.

Invariants: nothing here reaches Python (no attribute is read, no format string applied), no clock, no
randomness; every expression ends within the bounds of ``limits``; what is raised is ExpressionError alone.
"""

from __future__ import annotations

from engine.expression.budget import Budget
from engine.expression.failure import describe_mistake
from engine.expression.function import FUNCTIONS, FunctionSpec
from engine.expression.resolve import (
    Reference,
    check_expression,
    check_expressions,
    evaluate,
    find_references,
    resolve,
)
from engine.expression.scope import NO_ITEM, RESERVED_NAMES, Scope

__all__ = [
    "Scope",
    "Reference",
    "resolve",
    "find_references",
    "check_expressions",
    "describe_mistake",
    "evaluate",
    "check_expression",
    "Budget",
    "FUNCTIONS",
    "FunctionSpec",
    "NO_ITEM",
    "RESERVED_NAMES",
]
