"""The tree of errors, drawn once.

::

    MiniN8nError
    ├── RegistrationError            a node type that breaks the contract
    ├── DocumentError                a workflow with problems; carries all of them
    ├── RequestError                 a request that is well formed and still makes no sense
    ├── UnauthenticatedError         nobody knows who asks
    ├── ForbiddenError               it is known who asks, and they may not
    ├── LimitExceededError           they may, but not so often
    ├── NotFoundError                what was named does not exist, or is not for who asks
    ├── ConflictError                what was asked collides with what is stored
    │   ├── RevisionConflictError    the head moved since it was read
    │   └── ExecutionEndedError      a late write to an execution that is over
    ├── NodeError                    a node failed for good
    │   ├── ExpressionError          an expression of the node could not be resolved
    │   ├── NodeConfigError          the resolved config does not fit the node type
    │   ├── NodeTimeoutError         the node was over its time
    │   └── RetryableNodeError       the node failed and may well succeed when tried again
    └── UnavailableError             a service that we stand on is throttled or away; try again

Step Functions matches an error by the *name* of its class, so this file is part of the wire
format: a class that a Retry or a Catch names (`WIRE_ERRORS`) is renamed only with the compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document, and how to mend it.

    ``node`` is the id of the node, or None where the problem is the workflow's; ``field`` is a dotted
    path inside the node (``config.url``) or inside the document (``connections[3].target``);
    ``code`` is stable and made for programs; ``message`` names the cure.
    """

    code: str
    message: str
    node: str | None = None
    field: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """The problem as a JSON object ``{code, message, node, field}``."""
        return asdict(self)


class MiniN8nError(Exception):
    """Every error that Mini-N8N raises on purpose."""


class RegistrationError(MiniN8nError):
    """A node type was refused; the message names it and the rule it breaks."""


class DocumentError(MiniN8nError):
    """A workflow document has problems; ``problems`` lists all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        where = [f"{problem.node or 'workflow'}: {problem.message}" for problem in self.problems]
        super().__init__("; ".join(where))


class RequestError(MiniN8nError):
    """A request cannot be served as it stands; ``field`` names the part to change."""

    def __init__(self, message: str, field: str | None = None, problems: Sequence[Problem] = ()) -> None:
        self.field = field
        self.problems = tuple(problems)
        super().__init__(message)


class UnauthenticatedError(MiniN8nError):
    """A request carries no key or token that is good now; the message says what to send."""


class ForbiddenError(MiniN8nError):
    """Who asks is known, and may not do this; the message names what it takes."""


class LimitExceededError(MiniN8nError):
    """Who asks has used up a limit.

    ``policy`` names it, ``limit`` is how many it allows, ``retry_after_seconds`` when it makes sense to ask
    again.
    """

    def __init__(self, message: str, *, policy: str, limit: int, retry_after_seconds: int) -> None:
        self.policy, self.limit, self.retry_after_seconds = policy, limit, retry_after_seconds
        super().__init__(message)


class NotFoundError(MiniN8nError):
    """``kind`` (a word of the field: workflow, execution, …) with the id ``name`` does not exist.

    ``cure`` ends the message, such as ``; did you mean 'http'?``.
    """

    def __init__(self, kind: str, name: str, cure: str = "") -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is no {kind} '{name}'{cure or '.'}")


class ConflictError(MiniN8nError):
    """What was asked collides with what is stored."""


class RevisionConflictError(ConflictError):
    """The head of a workflow moved since it was read: read it again, then save."""

    def __init__(self, workflow_id: str, expected: int | None, actual: int | None) -> None:
        self.workflow_id, self.expected, self.actual = workflow_id, expected, actual
        super().__init__(
            f"Workflow '{workflow_id}' is at revision {actual}, not {expected}: "
            "someone changed it meanwhile. Read it again and repeat your change."
        )


class ExecutionEndedError(ConflictError):
    """A write came after the end of its execution, or of its node run, and was refused."""


class NodeError(MiniN8nError):
    """A node failed for good; ``node_id`` and ``field`` say where, where that is known.

    ``foreign_type`` names the class of the exception that a node type let slip; ``log_lines`` is what the
    node had logged. The runner sets both.
    """

    foreign_type: str | None = None
    log_lines: tuple[object, ...] = ()

    def __init__(self, message: str, *, node_id: str | None = None, field: str | None = None) -> None:
        self.node_id, self.field = node_id, field
        super().__init__(message)


class ExpressionError(NodeError):
    """An expression could not be resolved; ``expression`` is its text."""

    def __init__(
        self, message: str, *, expression: str, node_id: str | None = None, field: str | None = None
    ) -> None:
        self.expression = expression
        super().__init__(message, node_id=node_id, field=field)


class NodeConfigError(NodeError):
    """The config, once resolved, does not fit the schema of the node type."""


class NodeTimeoutError(NodeError):
    """The node took longer than its ``timeout_seconds``."""


class RetryableNodeError(NodeError):
    """The node failed in a way that may pass: its Retry applies.

    ``retry_after_seconds`` is what the other side asked for (an HTTP ``Retry-After``), or None.
    """

    def __init__(
        self,
        message: str,
        *,
        node_id: str | None = None,
        field: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message, node_id=node_id, field=field)


class UnavailableError(MiniN8nError):
    """A service below us (a table, a bucket, the state machine service) did not answer in time."""


# The classes that compiled state machines name in Retry or Catch.
WIRE_ERRORS: tuple[type[MiniN8nError], ...] = (RetryableNodeError, NodeTimeoutError, UnavailableError)
