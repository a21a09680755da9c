"""Large values and files in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.errors import NotFoundError, UnavailableError
from engine.ports import BlobInfo

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# A signed link lives a week at most
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html).
MAX_LINK_SECONDS = 604_800
# GetObject and HeadObject have different words for it; a HEAD has no body to say more.
MISSING_CODES = frozenset({"NoSuchKey", "404", "NotFound"})


class S3BlobStore:
    """Keeps BlobStore's promises on a bucket. An object is one request, so at most 5 GB."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store the bytes."""
        with translated(f"cannot store '{key}'"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """The bytes; NotFoundError."""
        try:
            with translated(f"cannot read '{key}'"):
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise _missing(error, key) from error

    def info(self, key: str) -> BlobInfo:
        """Size and type; NotFoundError."""
        try:
            with translated(f"cannot read '{key}'"):
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            raise _missing(error, key) from error
        return BlobInfo(key, answer["ContentLength"], answer["ContentType"])

    def link(self, key: str, expires_seconds: int, *, download_name: str | None = None) -> str:
        """A signed URL that serves the object to anyone until it expires, after a week at the latest.

        It ends earlier when the credentials that signed it do. Nobody asks whether the object exists.
        """
        request: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        if download_name is not None:
            request["ResponseContentDisposition"] = _attachment(download_name)
        return self._client.generate_presigned_url(
            "get_object", Params=request, ExpiresIn=min(expires_seconds, MAX_LINK_SECONDS)
        )

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object whose key starts so; how many."""
        deleted = 0
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated(f"cannot delete '{prefix}'"):
            for page in pages:
                keys: list[ObjectIdentifierTypeDef] = [{"Key": o["Key"]} for o in page.get("Contents", [])]
                if not keys:
                    continue
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True}
                )
                if failed := answer.get("Errors"):
                    raise UnavailableError(f"cannot delete '{prefix}': {failed[0].get('Code')}; try again")
                deleted += len(keys)
        return deleted


def _missing(error: ClientError, key: str) -> Exception:
    return NotFoundError("object", key) if error_code(error) in MISSING_CODES else error


def _attachment(name: str) -> str:
    """The header that names a download, as RFC 6266 spells names outside ASCII."""
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
