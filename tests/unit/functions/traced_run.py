"""Runs nodes with credentials as a sampled invocation does, in a process whose clients X-Ray has patched.

``python -m tests.unit.functions.traced_run ORIGIN``: http nodes that ask ORIGIN, and one that fails with a
secret in its mouth. Prints how each ended.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from engine.errors import NodeError
from engine.node import HttpSettings, NodeResult
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.task import Task
from functions.tracing import traced
from tests.unit.engine_bench import PUBLIC_URL, EngineBench, node
from tests.unit.functions.test_trace_secrecy import CREDENTIALS, TRACE

ORIGIN = sys.argv[1]


class Bench(EngineBench):
    """May ask the server of the test."""

    def make_runner(self) -> Runner:
        """As a function has it."""
        http = HttpSettings(allowed_hosts=frozenset({ORIGIN.removeprefix("http://")}))
        environment = NodeEnvironment(public_url=PUBLIC_URL, http=http)
        contexts = ContextMaker(self.credentials, self.blobs, self.clock, environment)
        stores = Stores(self.workflows, self.executions, self.cache, self.values)
        return Runner(stores, self.registry, contexts, self.clock, self.metrics)


def main() -> None:
    """Run all of them."""
    bench = Bench()

    def leak(config: dict[str, Any], _: Any, context: Any) -> NodeResult:
        token = context.credential("bearer").part("token")
        context.logger.info(f"sent {token}")
        raise NodeError(f"refused {token}")

    bench.scripts.run = leak
    handler = traced(lambda event, _: bench.runner.run(Task.model_validate(event)).as_payload())
    nodes = [node("leak", credential="bearer")]
    for kind, values in CREDENTIALS.items():
        bench.store_credential(kind, kind, **values)
        for path in ("ok", "refuse"):
            url = f"{ORIGIN}/{path}?shown=yes"
            nodes.append(node(f"{kind}_{path}", "http", url=url, credential=kind, retry={"max_attempts": 1}))
    execution_id = bench.begin(*nodes)
    for number, one in enumerate(nodes):
        os.environ["_X_AMZN_TRACE_ID"] = TRACE.format(number)
        try:
            handler(bench.task(execution_id, one["id"]).model_dump(mode="json", by_alias=True), None)  # type: ignore[arg-type]
            sys.stdout.write(f"{one['id']} ran\n")
        except Exception as error:  # noqa: BLE001 - whatever it is: it is what X-Ray has seen
            sys.stdout.write(f"{one['id']} {type(error).__name__}\n")


if __name__ == "__main__":
    main()
