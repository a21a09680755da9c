"""How a command ends when it does not succeed."""

from __future__ import annotations

# Exit codes: what was asked for did not succeed; or it cannot be asked for like this.
FAILED = 1
USAGE = 2


class CommandError(Exception):
    """A command cannot go on; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def usage_error(message: str) -> CommandError:
    """The error for a command that makes no sense as it was given."""
    return CommandError(message, USAGE)
