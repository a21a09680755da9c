"""The values of credentials, each credential one secret: ``{prefix}/credentials/{name}``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.adapters.record import dump_value
from engine.errors import NotFoundError, UnavailableError
from engine.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

# What a secret's name may hold besides letters and digits, but for "=", which escapes the rest
# (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
_FOREIGN = re.compile(rb"[^A-Za-z0-9/_+.@-]")
# A name that was just deleted is free again after seconds.
WRITE_ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.2


class CredentialSecrets:
    """Writes, reads and deletes the secrets of credentials."""

    def __init__(self, client: SecretsManagerClient, prefix: str, clock: Clock) -> None:
        self._client: Any = client
        self._prefix = prefix
        self._clock = clock

    def secret_name(self, name: str) -> str:
        """The name of a credential's secret: another secret for each name."""
        escaped = _FOREIGN.sub(lambda match: b"=%02X" % match[0][0], name.encode("utf-8", "surrogatepass"))
        return f"{self._prefix}/credentials/{escaped.decode()}"

    def write(self, name: str, kind: str, values: Mapping[str, str]) -> None:
        """Create the secret or replace what it holds; UnavailableError while an old one is being deleted."""
        request = {"SecretString": dump_value({"kind": kind, "values": dict(values)})}
        secret_name = self.secret_name(name)
        for attempt in range(WRITE_ATTEMPTS):
            if self._written(secret_name, request):
                return
            self._clock.sleep(FIRST_WAIT_SECONDS * 2**attempt)
        raise UnavailableError(
            f"cannot write credential '{name}': its old secret is being deleted; try again"
        )

    def read(self, name: str) -> tuple[str, dict[str, str]]:
        """(kind, values by part); NotFoundError."""
        try:
            with translated(f"cannot read credential '{name}'"):
                answer = self._client.get_secret_value(SecretId=self.secret_name(name))
        except ClientError as error:
            # InvalidRequestException: the secret is marked for deletion.
            if error_code(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                raise NotFoundError("credential", name) from error
            raise
        content = json.loads(answer["SecretString"])
        return content["kind"], content["values"]

    def delete(self, name: str) -> None:
        """Delete the secret for good, if it is there."""
        with translated(f"cannot delete credential '{name}'"):
            # With this flag a secret that is not there is no error
            # (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html).
            self._client.delete_secret(SecretId=self.secret_name(name), ForceDeleteWithoutRecovery=True)

    def _written(self, secret_name: str, request: dict[str, str]) -> bool:
        """Put a new value, or make the secret; False when the name is not free at the moment."""
        try:
            with translated("cannot write a credential"):
                self._client.put_secret_value(SecretId=secret_name, **request)
        except ClientError as error:
            if error_code(error) == "InvalidRequestException":
                self._restore(secret_name)
                return False
            if error_code(error) != "ResourceNotFoundException":
                raise
            return self._created(secret_name, request)
        return True

    def _created(self, secret_name: str, request: dict[str, str]) -> bool:
        try:
            with translated("cannot write a credential"):
                self._client.create_secret(Name=secret_name, **request)
        except ClientError as error:
            # Someone made it meanwhile, or one of that name is still being deleted.
            if error_code(error) not in ("ResourceExistsException", "InvalidRequestException"):
                raise
            return False
        return True

    def _restore(self, secret_name: str) -> None:
        """Call a secret back that someone marked for deletion; one that is gone by now is no error."""
        try:
            with translated("cannot write a credential"):
                self._client.restore_secret(SecretId=secret_name)
        except ClientError as error:
            if error_code(error) not in ("ResourceNotFoundException", "InvalidRequestException"):
                raise
