"""Defect: AWS SDK tasks send parameters in the case they were written in, which boto3 refuses or ignores.

moto kept the calls of the original's key normalisation (``TableName`` here, ``tableName`` there) and emptied
the two methods; they are filled again from botocore's service models.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from infra.local.patch import Patch, Replacement


@lru_cache(maxsize=1)
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@lru_cache(maxsize=64)
def _operations(service: str) -> dict[str, Any]:
    from moto.stepfunctions.parser.utils import camel_to_snake_case

    model = _session().get_service_model(service)
    return {camel_to_snake_case(name): model.operation_model(name) for name in model.operation_names}


def _operation(task: Any, service: str | None, action: str | None) -> Any:
    service_name = task._get_boto_service_name(boto_service_name=service)
    return _operations(service_name).get(task._get_boto_service_action(service_action_name=action))


def _parameters(_original: Any) -> Any:
    def normalise(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = _operation(self, boto_service_name, service_action_name)
        if operation is not None and operation.input_shape is not None:
            self._to_boto_request(parameters, operation.input_shape)

    return normalise


def _response(_original: Any) -> Any:
    def normalise(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = _operation(self, boto_service_name, service_action_name)
        if operation is not None and operation.output_shape is not None:
            self._from_boto_response(response, operation.output_shape)

    return normalise


def _replacements() -> Iterator[Replacement]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service

    yield Replacement(state_task_service.StateTaskService, "_normalise_parameters", _parameters)
    yield Replacement(state_task_service.StateTaskService, "_normalise_response", _response)


PATCH = Patch("asl.request_casing", _replacements)
