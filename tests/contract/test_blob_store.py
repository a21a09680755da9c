from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from engine.adapters.aws_clients import AwsClients
from engine.adapters.memory import MemoryBlobStore
from engine.adapters.s3 import S3BlobStore
from tests.contract.blob_store_contract import BlobStoreContract


class TestInMemory(BlobStoreContract):
    @pytest.fixture
    def store(self) -> MemoryBlobStore:
        return MemoryBlobStore()


class TestInS3(BlobStoreContract):
    @pytest.fixture
    def store(self, aws: AwsClients, bucket: str) -> S3BlobStore:
        return S3BlobStore(aws.s3, bucket)

    def test_a_link_serves_the_object_to_anyone(self, store: S3BlobStore) -> None:
        store.put("files/naïve name+1.png", b"picture", "image/png")
        answer = httpx.get(store.link("files/naïve name+1.png", 60))
        assert (answer.status_code, answer.content) == (200, b"picture")
        assert answer.headers["content-type"] == "image/png"

    def test_a_link_names_the_download(self, store: S3BlobStore) -> None:
        store.put("key", b"data")
        answer = httpx.get(store.link("key", 60, download_name='Überblick "1".pdf'))
        expected = "attachment; filename=\"_berblick _1_.pdf\"; filename*=UTF-8''%C3%9Cberblick%20%221%22.pdf"
        assert answer.headers["content-disposition"] == expected

    def test_a_link_is_signed_with_version_4_and_lives_a_week_at_most(self, store: S3BlobStore) -> None:
        query = parse_qs(urlsplit(store.link("key", 10_000_000)).query)
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert query["X-Amz-Expires"] == ["604800"]

    def test_more_objects_than_one_page_holds_are_deleted(self, store: S3BlobStore) -> None:
        for number in range(1_003):
            store.put(f"many/{number}", b"")
        assert store.delete_prefix("many/") == 1_003
        assert store.delete_prefix("many/") == 0
