"""A local stack whose functions reach AWS through a proxy that can be ill."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.deployment import local_client
from infra.local.fault_proxy import FaultProxy
from infra.local.stack import LocalStack, StackOptions

# Waits and retry intervals of state machines take a tenth of their time.
TIME_SCALE = 0.1
EXECUTORS = ("core", "http", "ai", "custom")


@dataclass
class FaultStage:
    """What faults are done to; ``done`` counts what was done that the proxy does not see."""

    stack: LocalStack
    proxy: FaultProxy
    done: int = 0

    @property
    def injected(self) -> int:
        """How often anything was made to fail."""
        return self.proxy.refused + self.done

    @property
    def endpoint(self) -> str:
        """The local AWS itself, which is never ill."""
        return self.stack.endpoint

    def function_name(self, name: str) -> str:
        """A function of the stack."""
        return f"mini-n8n-local-{name}"

    def client(self, service: Any) -> Any:
        """A client that the proxy does not stand before."""
        return local_client(self.endpoint, service)

    def lead_functions(self) -> None:
        """Have every function ask the proxy."""
        functions = self.client("lambda")
        for name in ("api", "execution-events", "triggers", *EXECUTORS):
            found = functions.get_function_configuration(FunctionName=self.function_name(name))
            variables = found["Environment"]["Variables"] | {"AWS_ENDPOINT_URL": self.proxy.endpoint}
            functions.update_function_configuration(
                FunctionName=self.function_name(name), Environment={"Variables": variables}
            )

    def restart(self) -> None:
        """End the local AWS in order and start it again, with what it kept, at the same addresses."""
        self.done += 1
        self.stack.aws.stop()
        self.stack.aws.start()


@contextmanager
def fault_stage() -> Iterator[FaultStage]:
    """A stack that keeps its state, on ports that it can come back to."""
    with tempfile.TemporaryDirectory(prefix="mini-n8n-faults-", ignore_cleanup_errors=True) as folder:
        aws_port, api_port = _free_ports(2)
        options = StackOptions(
            aws_port=aws_port,
            api_port=api_port,
            state_dir=Path(folder),
            time_scale=TIME_SCALE,
            log_level="ERROR",
        )
        with LocalStack(options) as stack, FaultProxy(stack.endpoint) as proxy:
            stage = FaultStage(stack, proxy)
            stage.lead_functions()
            yield stage


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
