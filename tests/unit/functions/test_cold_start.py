from __future__ import annotations

import ast
import gc
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from functions.cold_start import (
    build_models_when_used,
    is_prepared,
    without_collection,
    without_pydantic_1,
)

ROOT = Path(__file__).resolve().parents[3]
# As FastAPI's models of the OpenAPI document are written.
LATER = """
from pydantic import BaseModel
class Parent(BaseModel):
    child: "Child"
class Child(BaseModel):
    size: int
Parent.model_rebuild()
"""


@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_what_is_prepared_puts_nothing_off(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    assert is_prepared()
    before = BaseModel.model_config
    build_models_when_used()
    assert BaseModel.model_config is before
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    assert not is_prepared()
    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE")
    assert not is_prepared()


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
    class Direct(BaseModel):
        size: int

    monkeypatch.setattr(BaseModel, "model_config", BaseModel.model_config)
    monkeypatch.setattr(BaseModel, "model_rebuild", BaseModel.__dict__["model_rebuild"])
    build_models_when_used()

    class Deferred(BaseModel, frozen=True):
        size: int

    assert (Deferred.__pydantic_complete__, Direct.__pydantic_complete__) == (False, True)
    assert Deferred.model_validate({"size": "3"}) == Deferred(size=3)
    assert Deferred.__pydantic_complete__


def test_what_a_module_rebuilds_at_its_end_is_built_at_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "model_config", BaseModel.model_config)
    monkeypatch.setattr(BaseModel, "model_rebuild", BaseModel.__dict__["model_rebuild"])
    build_models_when_used()
    module = ModuleType("made_for_this_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(LATER, module.__dict__)
    assert not module.Parent.__pydantic_complete__
    assert module.Parent(child={"size": 3}).model_dump() == {"child": {"size": 3}}
    assert module.Parent.__pydantic_complete__


def test_names_are_looked_for_where_the_rebuild_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseModel, "model_config", BaseModel.model_config)
    monkeypatch.setattr(BaseModel, "model_rebuild", BaseModel.__dict__["model_rebuild"])
    build_models_when_used()
    made: dict[str, Any] = {}
    exec("from pydantic import BaseModel\nclass Parent(BaseModel):\n    child: 'Child'", made)

    class Child(BaseModel):
        size: int

    assert made["Parent"].model_rebuild(raise_errors=True)
    assert made["Parent"](child={"size": 3}).child == Child(size=3)


@pytest.mark.parametrize("handler", ["api", "node_executor", "triggers", "execution_events"])
def test_each_function_asks_for_that_before_it_imports_a_model(handler: str) -> None:
    found = ast.parse((ROOT / f"functions/{handler}/handler.py").read_text())
    block = next(node for node in found.body if isinstance(node, ast.With))
    assert ast.unparse(block.body[0]) == "build_models_when_used()"


def test_nobody_finds_pydantic_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pydantic.v1", raising=False)
    without_pydantic_1()
    with pytest.raises(ImportError):
        importlib.import_module("pydantic.v1")
    monkeypatch.delitem(sys.modules, "pydantic.v1")
