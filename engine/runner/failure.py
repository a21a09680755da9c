"""How an error is told: in full to the record, tersely to the state machine."""

from __future__ import annotations

from engine.errors import NodeError, NodeTimeoutError, RetryableNodeError
from engine.execution import ErrorInfo

# A message is for people; what is longer is an answer of some server that was pasted into it.
MAX_MESSAGE_CHARACTERS = 2_000


def printable(text: str) -> str:
    """The text with lone surrogates, which no record can hold, spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def describe_error(error: NodeError, node_id: str, *, type_name: str | None = None) -> ErrorInfo:
    """The error as its node run keeps it."""
    message = printable(str(error))
    if len(message) > MAX_MESSAGE_CHARACTERS:
        message = message[: MAX_MESSAGE_CHARACTERS - 1] + "…"
    return ErrorInfo(
        type=type_name or error.foreign_type or type(error).__name__,
        message=message,
        node_id=error.node_id or node_id,
        field=error.field,
        retryable=isinstance(error, RetryableNodeError),
    )


def stored_error(error: ErrorInfo | None, node_id: str, *, timed_out: bool) -> NodeError:
    """The error that a node run ended with, for Step Functions."""
    message = error.message if error else "failed"
    return wire_error((NodeTimeoutError if timed_out else NodeError)(message), node_id)


def wire_error(error: NodeError, node_id: str) -> NodeError:
    """The error that Step Functions sees: the class that Retry and Catch match, and no user data."""
    message = f"node '{node_id}' failed; its node run says why"
    for wire_class in (RetryableNodeError, NodeTimeoutError):
        if isinstance(error, wire_class):
            return wire_class(message, node_id=node_id)
    return NodeError(message, node_id=node_id)


def foreign_error(error: BaseException, node_id: str) -> NodeError:
    """An exception that a node type let slip, as a failure of its node; the cause keeps the trace."""
    told = NodeError(f"{type(error).__name__}: {error}", node_id=node_id)
    told.foreign_type = type(error).__name__
    return told
