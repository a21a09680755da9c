"""Defect: a function that a rule or a schedule calls is called once, and its failure is lost.

EventBridge and its scheduler invoke functions asynchronously: Lambda repeats a call that fails as the
function's EventInvokeConfig says, and then sends the event to the failure destination
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_logger = logging.getLogger(__name__)


def _make(_original: Any) -> Any:
    from ministack.services import lambda_svc

    def dispatch(arn: str, payload: str) -> None:
        try:
            event = json.loads(payload)
        except ValueError:
            event = payload  # a transformer may make a plain text
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            _logger.warning("an event for function %s is lost: there is none", name)
            return
        lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)

    return dispatch


def _replacements() -> Iterator[Replacement]:
    from ministack.services import eventbridge

    yield Replacement(eventbridge, "_dispatch_to_lambda", _make)


PATCH = Patch("aws.event_delivery", _replacements)
