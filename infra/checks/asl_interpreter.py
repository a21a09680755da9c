"""An independent interpreter of Amazon States Language: aws-local-stepfunctions, for Node.js.

It has no task tokens, no Distributed Map and no services but Lambda. What it knows was read from the
specification by others, so that it tells where a definition relies on how one interpreter happens to read it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from types import TracebackType
from typing import IO

from engine.asl import all_states
from engine.json_value import JsonObject
from infra.checks.node_tools import CHECKS, ensure_node_packages

Invoke = Callable[[str, JsonObject], JsonObject]
# The one service integration that it is told how to answer.
_LAMBDA = "arn:aws:states:::lambda:invoke"


def is_supported(definition: JsonObject) -> bool:
    """Whether it knows all that a definition uses."""
    return all(
        state.get("Resource", _LAMBDA) == _LAMBDA
        and state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode", "INLINE") == "INLINE"
        for state in all_states(definition)
    )


class NodeInterpreter:
    """One process, which runs one definition at a time; a context manager."""

    def __enter__(self) -> NodeInterpreter:
        command = [ensure_node_packages(), str(CHECKS / "run_definitions.cjs")]
        self._run = 0
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            _pipe(self._process.stdin).close()
            self._process.terminate()

    def run(self, definition: JsonObject, input: JsonObject, invoke: Invoke) -> bool:
        """Whether the execution succeeded. ``invoke(function, payload)`` answers its Tasks, one by one.

        What it raises is an error of the function, named by its class.
        """
        self._run += 1
        self._say({"run": self._run, "definition": definition, "input": input})
        while "succeeded" not in (message := self._hear()):
            self._answer(message, invoke)
        return bool(message["succeeded"])

    def _answer(self, message: JsonObject, invoke: Invoke) -> None:
        call = message["call"]
        if message["run"] != self._run:
            self._say({"call": call, "error": {"name": "Ended", "message": "that execution has ended"}})
            return
        try:
            self._say({"call": call, "result": invoke("", message["payload"])})
        except Exception as error:  # noqa: BLE001 - whatever a function raises, Lambda tells by its class
            self._say({"call": call, "error": {"name": type(error).__name__, "message": str(error)}})

    def _say(self, message: JsonObject) -> None:
        stream = _pipe(self._process.stdin)
        stream.write(json.dumps(message) + "\n")
        stream.flush()

    def _hear(self) -> JsonObject:
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"the interpreter ended with exit code {self._process.wait()}")
        heard: JsonObject = json.loads(line)
        return heard


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # noqa: S101 - both are asked for
    return stream
