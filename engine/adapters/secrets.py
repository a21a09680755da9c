"""Single secrets in Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.errors import NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient


class SecretsManagerStore:
    """Keeps SecretStore's promise; a name is the full name of a secret, or its ARN."""

    def __init__(self, client: SecretsManagerClient) -> None:
        self._client = client

    def read(self, name: str) -> str:
        """The text of the secret; NotFoundError."""
        try:
            with translated(f"cannot read secret '{name}'"):
                answer = self._client.get_secret_value(SecretId=name)
        except ClientError as error:
            # InvalidRequestException: the secret is marked for deletion.
            if error_code(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                raise NotFoundError("secret", name) from error
            raise
        if "SecretString" in answer:
            return answer["SecretString"]
        return answer["SecretBinary"].decode()
