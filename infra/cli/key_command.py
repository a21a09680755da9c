"""``key``: another API key of a running ``up``."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.api_client import ApiClient
from infra.cli.console import print_error, print_out
from infra.cli.failure import CommandError
from infra.cli.first_key import make_key


def print_new_key(name: str, role: str, user: str | None, aws_port: int) -> int:
    """Make a key and print it alone on stdout; the exit code. CommandError when nothing runs there."""
    from infra.local.deployment import read_outputs, read_secret

    endpoint = f"http://127.0.0.1:{aws_port}"
    try:
        outputs = read_outputs(endpoint)
        bootstrap_key = read_secret(endpoint, outputs["ApiKeySecretName"])
    except (BotoCoreError, ClientError, KeyError) as error:
        raise CommandError(
            f"no Mini-N8N runs with its local AWS on port {aws_port} ({type(error).__name__}); start it with "
            "`mini-n8n up`, or say its port with --aws-port."
        ) from error
    with ApiClient(outputs["ApiUrl"], bootstrap_key) as client:
        key = make_key(client, name, role, user)
    print_error(f"A key for {outputs['ApiUrl']}, role {role}. It cannot be shown again.")
    print_out(key)
    return 0
