from __future__ import annotations

import gc

import pytest

from functions.cold_start import without_collection


def test_nothing_is_collected_meanwhile_and_what_was_made_is_left_alone_later() -> None:
    try:
        with without_collection():
            assert not gc.isenabled()
            made = [{"some": [number]} for number in range(1_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(made)
    finally:
        gc.unfreeze()


def test_the_collector_comes_back_after_an_import_that_failed() -> None:
    try:
        with pytest.raises(ImportError), without_collection():
            raise ImportError("no such module")
        assert gc.isenabled()
    finally:
        gc.unfreeze()
