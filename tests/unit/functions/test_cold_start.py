from __future__ import annotations

import gc
import sys

import pytest
from pydantic import BaseModel

from functions.cold_start import models_built_when_used, without_collection


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


def test_models_are_built_at_their_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic.v1", sys.modules.get("pydantic.v1"))
    with models_built_when_used():

        class Deferred(BaseModel, frozen=True):
            size: int

    class Direct(BaseModel):
        size: int

    assert (Deferred.__pydantic_complete__, Direct.__pydantic_complete__) == (False, True)
    assert Deferred.model_validate({"size": "3"}) == Deferred(size=3)
    assert Deferred.__pydantic_complete__
    assert "defer_build" not in BaseModel.model_config
