"""What Lambda itself answers when a function cannot: documents as the service words them."""

from __future__ import annotations

import json
import signal

MAX_SYNC_PAYLOAD_BYTES = 6 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MAX_RESPONSE_BYTES = MAX_SYNC_PAYLOAD_BYTES + 100
"""The response limit as Lambda names it in its message: 6,291,556 bytes."""


def timed_out(request_id: str, timeout_seconds: float) -> bytes:
    """Return the document of an invocation that overran its timeout."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"
    return _document("Sandbox.Timedout", message)


def exited(request_id: str, returncode: int) -> bytes:
    """Return the document of a process that ended in mid-invocation; a negative code is a signal's number."""
    if returncode == 0:
        return _document(
            "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        )
    how = (
        f"signal: {signal.strsignal(-returncode)}".lower() if returncode < 0 else f"exit status {returncode}"
    )
    return _document("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")


def response_too_large() -> bytes:
    """Return the document of a result that is larger than Lambda passes on."""
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    return _document("Function.ResponseSizeTooLarge", message)


def _document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
