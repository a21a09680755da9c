from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from engine.adapters.aws_errors import translated
from engine.errors import UnavailableError
from tests.unit.adapters.scripted_service import ScriptedService


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("TransactionConflictException", 400),
        ("InternalServerError", 500),
        ("Anything", 503),
        ("Anything", 429),
    ],
)
def test_what_may_pass_is_unavailable(service: ScriptedService, code: str, status: int) -> None:
    service.answers = [service.refuse(code, status)]
    client = service.client("dynamodb")
    with pytest.raises(UnavailableError) as error, translated("cannot list tables"):
        client.list_tables()
    assert str(error.value) == f"cannot list tables: {code}; try again"
    assert isinstance(error.value.__cause__, ClientError)


@pytest.mark.parametrize(
    "code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"]
)
def test_what_will_not_pass_comes_out_as_it_is(service: ScriptedService, code: str) -> None:
    service.answers = [service.refuse(code)]
    client = service.client("dynamodb")
    with pytest.raises(ClientError) as error, translated("cannot list tables"):
        client.list_tables()
    assert error.value.response["Error"]["Code"] == code


def test_a_service_that_is_not_there_is_unavailable(service: ScriptedService) -> None:
    client = service.client("dynamodb")
    service.close()
    with pytest.raises(UnavailableError) as error, translated("cannot list tables"):
        client.list_tables()
    assert str(error.value) == "cannot list tables: no answer (EndpointConnectionError); try again"


def test_a_bug_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), translated("cannot divide"):
        _ = 1 / 0
