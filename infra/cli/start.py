"""Starting a local stack for a command: with the time it took, and with errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.cli.console import print_error
from infra.cli.failure import CommandError
from infra.local.aws import LocalAwsStartError
from infra.local.stack import LocalStack


@contextmanager
def starting(stack: LocalStack) -> Iterator[LocalStack]:
    """The stack, started; stopped at the end. CommandError when it cannot be started."""
    started = time.monotonic()
    try:
        stack.start()
    except LocalAwsStartError as error:
        raise CommandError(str(error)) from error
    except RuntimeError as error:
        from infra.local.deployment import DeploymentError

        if isinstance(error, DeploymentError):
            raise CommandError(f"{error}. `mini-n8n up --fresh` starts with no state.") from error
        raise
    try:
        print_error(f"Started after {time.monotonic() - started:.1f} s.")
        yield stack
    finally:
        stack.stop()
