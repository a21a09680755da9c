"""What every BlobStore promises. Subclass it and give a fixture ``store``."""

from __future__ import annotations

import random

import pytest

from engine.errors import NotFoundError
from engine.ports import BlobInfo, BlobStore


class BlobStoreContract:
    def test_bytes_are_read_back(self, store: BlobStore) -> None:
        data = random.Random(1).randbytes(5_000_000)
        store.put("files/ex_1/naïve name+1.bin", data, "image/png")
        assert store.get("files/ex_1/naïve name+1.bin") == data
        info = BlobInfo("files/ex_1/naïve name+1.bin", 5_000_000, "image/png")
        assert store.info("files/ex_1/naïve name+1.bin") == info

    def test_nothing_is_something(self, store: BlobStore) -> None:
        store.put("empty", b"")
        assert store.get("empty") == b""
        assert store.info("empty") == BlobInfo("empty", 0, "application/json")

    def test_what_is_stored_again_is_replaced(self, store: BlobStore) -> None:
        store.put("key", b"one")
        store.put("key", b"three", "text/plain")
        assert (store.get("key"), store.info("key")) == (b"three", BlobInfo("key", 5, "text/plain"))

    def test_what_does_not_exist_is_not_found(self, store: BlobStore) -> None:
        for ask in (store.get, store.info):
            with pytest.raises(NotFoundError) as error:
                ask("nothing")
            assert (error.value.kind, error.value.name) == ("object", "nothing")

    def test_a_prefix_is_deleted_and_nothing_else(self, store: BlobStore) -> None:
        for key in ("a/1", "a/2/3", "ab", "b/1"):
            store.put(key, b"data")
        assert store.delete_prefix("a/") == 2
        assert store.delete_prefix("a/") == 0
        assert [store.get(key) for key in ("ab", "b/1")] == [b"data"] * 2
        with pytest.raises(NotFoundError):
            store.get("a/2/3")

    def test_links_of_two_objects_differ(self, store: BlobStore) -> None:
        store.put("one", b"1")
        assert store.link("one", 60) != store.link("two", 60)
