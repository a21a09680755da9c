"""The border to AWS: what may pass becomes UnavailableError, everything else stays what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import ClientError

from engine.errors import UnavailableError

# Codes of "later, please" that do not come with an HTTP status of 429 or 5xx. Sources: DynamoDB
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, S3
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, common errors
# https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
PASSING_CODES = frozenset(
    {
        "ExecutionLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)

# Those that say: you ask too much. Same sources; S3 says SlowDown.
THROTTLE_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


def error_code(error: ClientError) -> str:
    """The service's name for the error, or an empty string."""
    return str(error.response.get("Error", {}).get("Code", ""))


def may_pass(error: ClientError) -> bool:
    """Whether the service was throttled or broken, so that the same request may work later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error_code(error) in PASSING_CODES or status == 429 or status >= 500


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Around calls to AWS: UnavailableError, saying ``what`` could not be done, for what may pass.

    The SDK's own retries are spent by then. Other errors of the SDK come out as they are.
    """
    try:
        yield
    except ClientError as error:
        if not may_pass(error):
            raise
        raise UnavailableError(f"{what}: {error_code(error)}; try again") from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise UnavailableError(f"{what}: no answer ({type(error).__name__}); try again") from error
