from __future__ import annotations

import pytest

from engine import errors
from engine.asl import Retrier
from engine.compiler.retry import SERVICE_RETRIERS, TIMEOUT_ERRORS, node_retrier
from engine.workflow import Retry

OWN = ("RetryableNodeError",)


@pytest.mark.parametrize(
    ("retry", "explicit", "retrier"),
    [
        (Retry(), False, Retrier(OWN, 1, 2, 2.0)),
        (Retry(), True, Retrier((*OWN, *TIMEOUT_ERRORS), 1, 2, 2.0)),
        (Retry(max_attempts=1), True, None),
        (Retry(max_attempts=7), False, Retrier(OWN, 1, 6, 2.0)),
        (Retry(max_attempts=8), False, Retrier(OWN, 1, 7, 2.0, max_delay_seconds=60)),
        (Retry(interval_seconds=9, max_interval_seconds=9), False, Retrier(OWN, 9, 2, 1.0)),
        (Retry(max_attempts=2, interval_seconds=9, max_interval_seconds=10), False, Retrier(OWN, 9, 1, 2.0)),
        (Retry(max_attempts=20, backoff_rate=10.0), False, Retrier(OWN, 1, 19, 10.0, 60)),
    ],
)
def test_a_nodes_retry_becomes_a_retrier(retry: Retry, explicit: bool, retrier: Retrier | None) -> None:
    assert node_retrier(retry, explicit=explicit) == retrier


def test_every_error_of_ours_that_a_retrier_names_is_in_the_tree_of_errors() -> None:
    named = {name for retrier in SERVICE_RETRIERS for name in retrier.errors} | set(OWN) | set(TIMEOUT_ERRORS)
    ours = {name for name in named if "." not in name}
    assert ours == {error.__name__ for error in errors.WIRE_ERRORS}
