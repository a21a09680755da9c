"""Retriers: for the services underneath, and for the node itself."""

from __future__ import annotations

from engine.asl import ALL_ERRORS, Retrier
from engine.errors import NodeTimeoutError, RetryableNodeError, UnavailableError
from engine.workflow import Retry

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-handling-errors
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-troubleshooting.html
# Our own UnavailableError stands with them: a table or a bucket did not answer in time.
SERVICE_RETRIER = Retrier(
    errors=(
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.Unknown",
        "Lambda.SnapStartException",
        "Lambda.SnapStartNotReadyException",
        "Lambda.SnapStartTimeoutException",
        "Runtime.ExitError",
        UnavailableError.__name__,
    ),
    max_attempts=5,
)
# Concurrency is used up: come back at different times, for some minutes.
THROTTLED_RETRIER = Retrier(
    errors=("Lambda.TooManyRequestsException",), max_attempts=10, max_delay_seconds=30, full_jitter=True
)
SERVICE_RETRIERS = (SERVICE_RETRIER, THROTTLED_RETRIER)
# A Task that only records what became of a node runs nothing whose failure could be meant: whatever goes
# wrong there is of the services, and so many names of errors need not be spelled.
RECORDING_RETRIERS = (THROTTLED_RETRIER, Retrier(errors=(ALL_ERRORS,), max_attempts=5))

# The node was over its time: told by the executor, by Lambda, by Step Functions.
TIMEOUT_ERRORS = (NodeTimeoutError.__name__, "Sandbox.Timedout", "States.Timeout")


def node_retrier(retry: Retry, *, explicit: bool) -> Retrier | None:
    """The node's own retry; None where it has one attempt.

    A timeout is tried again only where the document asks for a retry: a default must not double the time.
    """
    if retry.max_attempts == 1:
        return None
    last_wait = retry.interval_seconds * retry.backoff_rate ** min(retry.max_attempts - 2, 64)
    bounded = last_wait > retry.max_interval_seconds
    # MaxDelaySeconds must be above IntervalSeconds: where it is not, all waits are the same.
    constant = retry.max_interval_seconds <= retry.interval_seconds
    return Retrier(
        errors=(RetryableNodeError.__name__, *(TIMEOUT_ERRORS if explicit else ())),
        interval_seconds=min(retry.interval_seconds, retry.max_interval_seconds),
        max_attempts=retry.max_attempts - 1,
        backoff_rate=1.0 if constant else retry.backoff_rate,
        max_delay_seconds=retry.max_interval_seconds if bounded and not constant else None,
    )
