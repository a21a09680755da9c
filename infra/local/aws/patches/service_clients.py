"""Defect: the interpreter's service integrations talk to moto's own server, with a new client for each call.

``boto_client_for`` passes an explicit ``endpoint_url`` of moto's port, so AWS_ENDPOINT_URL does not help, and
making a boto3 client takes about 20 ms. Here they talk to this server and are kept.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

from infra.local.asl.light_import import import_interpreter
from infra.local.patch import Patch, Replacement

_LONGEST_TASK_SECONDS = 930
"""A Lambda function may run for 900 s."""


def _client_factory(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=10,
        inject_host_prefix=False,
        max_pool_connections=512,
        parameter_validation=False,
        read_timeout=_LONGEST_TASK_SECONDS,
        retries={"total_max_attempts": 1},
    )
    make_client: Any = boto3.client  # typed by literal service names, which are not known here
    clients: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:  # noqa: ARG001
        with lock:
            if (region, service) not in clients:
                clients[region, service] = make_client(
                    service,
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",  # noqa: S106 - the local AWS knows no secrets
                    config=config,
                )
            return clients[region, service]

    return boto_client_for


def patch(endpoint: str) -> Patch:
    """Return the patch that sends service integrations to ``endpoint``."""

    def replacements() -> Iterator[Replacement]:
        import_interpreter()
        factory = _client_factory(endpoint)
        for name, module in sorted(sys.modules.items()):
            if name.startswith("moto.stepfunctions.parser") and "boto_client_for" in vars(module):
                yield Replacement(module, "boto_client_for", lambda _: factory)

    return Patch("aws.service_clients", replacements)
