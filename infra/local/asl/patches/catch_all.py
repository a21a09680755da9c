"""Defect: States.ALL catches errors that AWS lets nobody catch.

``States.Runtime`` and ``States.DataLimitExceeded`` always fail an execution; retrying or catching States.ALL
does not match them (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). moto
matches all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_TERMINAL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


def _make(original: Any) -> Any:
    def eval_body(self: Any, env: Any) -> None:
        name = env.stack[-1].error_name if env.stack[-1] is not None else None
        wildcards = {"States.ALL", "States.TaskFailed"}
        if name in _TERMINAL and wildcards & {known.error_name for known in self.error_names}:
            env.stack.pop()
            env.stack.append(False)
            return
        original(self, env)

    return eval_body


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl

    yield Replacement(ErrorEqualsDecl, "_eval_body", _make)


PATCH = Patch("asl.catch_all", _replacements)
