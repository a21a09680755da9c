"""Not a defect but a seam: Lambda tasks of an execution may be answered by a Python callable.

moto always goes through a boto3 client; without a server there is nothing at its other end.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from typing import Any

from infra.local.asl.run_settings import FunctionError, Invoke, settings_of
from infra.local.patch import Patch, Replacement


def _call(invoke: Invoke, function: str, payload: bytes) -> Any:
    """Call as Lambda would. Raises moto's LambdaFunctionErrorException for whatever ``invoke`` raises."""
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
        LambdaFunctionErrorException,
    )

    try:
        return json.loads(json.dumps(invoke(function, json.loads(payload or b"{}"))))
    except ClientError:  # what the service refuses is named after the service
        raise
    except FunctionError as error:
        raise LambdaFunctionErrorException("Unhandled", str(error)) from error
    except Exception as error:
        document = {
            "errorMessage": str(error),
            "errorType": getattr(error, "error_type", None) or type(error).__name__,
            "stackTrace": traceback.format_tb(error.__traceback__)[1:],
        }
        raise LambdaFunctionErrorException("Unhandled", json.dumps(document)) from error


def _make(original: Any) -> Any:
    def execute(env: Any, parameters: dict[str, Any], region: str, state_credentials: Any) -> None:
        invoke = settings_of(env).invoke
        if invoke is None:
            original(env=env, parameters=parameters, region=region, state_credentials=state_credentials)
            return
        function = ":".join(filter(None, (parameters["FunctionName"], parameters.get("Qualifier"))))
        result = _call(invoke, function, parameters.get("Payload") or b"{}")
        env.stack.append({"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200})

    return execute


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    yield Replacement(lambda_eval_utils, "execute_lambda_function_integration", _make)


PATCH = Patch("asl.lambda_calls", _replacements)
