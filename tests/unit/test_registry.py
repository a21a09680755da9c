from __future__ import annotations

from importlib.metadata import EntryPoint
from socket import socket
from typing import ClassVar

import pytest
from pydantic import ConfigDict

import engine.registry
from engine.errors import NotFoundError, RegistrationError
from engine.node import BaseNode, NodeConfig, NodeContext, NodeInputs, NodeResult
from engine.registry import NodeRegistry
from nodes import BUILTIN_NODES


class Fine(BaseNode):
    type = "fine"

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        return self.create_result(output=1)


class NoRun(BaseNode):
    type = "no_run"


class BadName(Fine):
    type = "Bad Name"


class SyncRun(Fine):
    type = "sync_run"

    def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:  # type: ignore[override]
        return self.create_result(output=1)


class NoOutputs(Fine):
    type = "no_outputs"
    outputs: ClassVar[tuple[str, ...]] = ()


class BadExecutor(Fine):
    type = "bad_executor"
    executor = "root"  # type: ignore[assignment]


class BadConfig(Fine):
    type = "bad_config"
    Config = dict  # type: ignore[assignment]


class PollsWithoutPoll(Fine):
    type = "polls_without_poll"
    polls = True


class Unbuildable(Fine):
    """Its models are built when they are used, as those of all modules in the functions."""

    type = "unbuildable"

    class Config(NodeConfig):
        model_config = ConfigDict(defer_build=True)

        connection: socket


@pytest.mark.parametrize(
    ("node_class", "rule"),
    [
        (NoRun, "async def run"),
        (BadName, "`type` must be"),
        (SyncRun, "async def run"),
        (NoOutputs, "at least one output"),
        (BadExecutor, "one of core, http, ai, custom"),
        (BadConfig, "subclass of NodeConfig"),
        (PollsWithoutPoll, "must write `poll`"),
    ],
)
def test_a_class_that_breaks_the_contract_is_refused_by_name(node_class: type[BaseNode], rule: str) -> None:
    with pytest.raises(RegistrationError) as raised:
        NodeRegistry().register(node_class)
    assert node_class.__qualname__ in str(raised.value)
    assert rule in str(raised.value)


def test_a_registered_type_is_found_by_name() -> None:
    registry = NodeRegistry()
    registry.register(Fine)
    assert registry.get("fine") is Fine
    assert registry.names() == ("fine",)
    assert "fine" in registry


def test_a_name_is_taken_once() -> None:
    class Other(Fine):
        pass

    registry = NodeRegistry()
    registry.register(Fine)
    with pytest.raises(RegistrationError, match="taken"):
        registry.register(Other)


def test_an_installed_type_cannot_take_the_name_of_a_builtin() -> None:
    class Llm(Fine):
        type = "llm"

    with pytest.raises(RegistrationError, match="taken"):
        NodeRegistry(BUILTIN_NODES).register(Llm)


def test_an_unknown_type_is_not_found_and_the_closest_is_named() -> None:
    registry = NodeRegistry(BUILTIN_NODES)
    with pytest.raises(NotFoundError):
        registry.get("lm")
    assert registry.closest("lm") == "llm"
    assert registry.closest("zzzzzz") is None


def test_every_builtin_keeps_the_contract() -> None:
    registry = NodeRegistry(BUILTIN_NODES)
    assert [node_type.type for node_type in registry.all()] == sorted(BUILTIN_NODES)


def installed(monkeypatch: pytest.MonkeyPatch, **types: str) -> NodeRegistry:
    """A registry with what packages offer: ``module:Class`` by type."""
    group = engine.registry.ENTRY_POINT_GROUP
    found = [EntryPoint(name, value, group) for name, value in types.items()]
    monkeypatch.setattr(engine.registry, "entry_points", lambda group: found)
    registry = NodeRegistry(BUILTIN_NODES)
    registry.load_installed()
    return registry


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("gone", "no.such.module:Node", "No module named 'no'"),
        ("gone", f"{__name__}:NotThere", "NotThere"),
        ("raises", "tests.unit.raising_package:Node", "ZeroDivisionError"),
        ("other", f"{__name__}:Fine", "its entry point is named 'other'"),
        ("llm", f"{__name__}:Fine", "its entry point is named 'llm'"),
        ("sync_run", f"{__name__}:SyncRun", "async def run"),
        ("unbuildable", f"{__name__}:Unbuildable", "Unable to generate pydantic-core schema"),
    ],
)
def test_a_package_that_is_refused_is_named_and_stands_in_nobodys_way(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    registry = installed(monkeypatch, **{name: value}, fine=f"{__name__}:Fine")
    assert reason in registry.refused[name].reason
    assert registry.refused[name].package == "an installed package"
    assert (name in registry) is (name in BUILTIN_NODES)
    assert registry.get("fine") is Fine


def test_config_that_does_not_fit_names_the_field() -> None:
    class WithConfig(Fine):
        type = "with_config"

        class Config(NodeConfig):
            size: int

    from engine.errors import NodeConfigError

    with pytest.raises(NodeConfigError, match="size") as raised:
        WithConfig({"size": "large"})
    assert raised.value.field == "config.size"
