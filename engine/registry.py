"""Node types by name. Built-ins and installed packages enter by the same door, and are checked there."""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from pydantic import BaseModel

from engine.errors import NotFoundError, RegistrationError
from engine.node import BaseNode, NodeConfig, NodeOutput

log = logging.getLogger("mini_n8n.registry")

ENTRY_POINT_GROUP = "mini_n8n.nodes"
_TYPE_PATTERN = re.compile(r"^[a-z][a-z0-9_.-]{0,63}$")
_OUTPUT_PATTERN = re.compile(r"^[A-Za-z_][A-Za-z0-9_ -]{0,62}$")
_EXECUTORS = ("core", "http", "ai", "custom", "flow")


def _refuse(node_class: object, rule: str) -> RegistrationError:
    type_name = getattr(node_class, "type", None)
    class_name = getattr(node_class, "__qualname__", repr(node_class))
    return RegistrationError(f"node type '{type_name}' ({class_name}) is refused: {rule}")


def check_node_class(node_class: type[BaseNode]) -> None:
    """Hold a class against the contract; RegistrationError names the type and the rule it breaks."""
    if not (inspect.isclass(node_class) and issubclass(node_class, BaseNode)):
        raise _refuse(node_class, "it must be a subclass of BaseNode")
    type_name = getattr(node_class, "type", None)
    if not isinstance(type_name, str) or not _TYPE_PATTERN.match(type_name):
        raise _refuse(node_class, "`type` must be lower case letters, digits, '_', '.' or '-'")
    if inspect.isabstract(node_class) or not inspect.iscoroutinefunction(node_class.run):
        raise _refuse(node_class, "`run` must be written, as `async def run(self, inputs, context)`")
    if not issubclass(node_class.Config, NodeConfig):
        raise _refuse(node_class, "`Config` must be a subclass of NodeConfig")
    if not issubclass(node_class.Output, NodeOutput):
        raise _refuse(node_class, "`Output` must be a subclass of NodeOutput")
    if not node_class.outputs or not all(_OUTPUT_PATTERN.match(name) for name in node_class.outputs):
        raise _refuse(node_class, "`outputs` must name at least one output")
    if node_class.executor not in _EXECUTORS:
        raise _refuse(node_class, f"`executor` must be one of {', '.join(_EXECUTORS)}")
    if node_class.polls and node_class.poll is BaseNode.poll:
        raise _refuse(node_class, "a type with `polls = True` must write `poll`")
    if node_class.wakes and not node_class.polls:
        raise _refuse(node_class, "a type with `wakes = True` polls: set `polls = True` and write `poll`")


def _build_models(node_class: object) -> None:
    """Raise what keeps the models of a class from being built, where that was put off to their first use."""
    for name in ("Config", "Output"):
        model = getattr(node_class, name, None)
        if inspect.isclass(model) and issubclass(model, BaseModel):
            model.model_rebuild(raise_errors=True)


@dataclass(frozen=True)
class RefusedType:
    """A node type of an installed package that cannot be used, and why."""

    type: str
    package: str
    reason: str


class NodeRegistry:
    """The node types that a workflow may use."""

    def __init__(self, builtins: Mapping[str, str] | None = None) -> None:
        """``builtins`` maps a type to ``module:Class``, imported when first asked for."""
        self._paths = dict(builtins or {})
        self._classes: dict[str, type[BaseNode]] = {}
        self._refused: dict[str, RefusedType] = {}

    def register(self, node_class: type[BaseNode]) -> type[BaseNode]:
        """Add a node type; RegistrationError if it breaks the contract or the name is taken."""
        check_node_class(node_class)
        taken = self._classes.get(node_class.type)
        if (taken is not None and taken is not node_class) or (
            taken is None and node_class.type in self._paths
        ):
            raise _refuse(node_class, "the name is taken by another node type")
        self._classes[node_class.type] = node_class
        return node_class

    def load_installed(self) -> None:
        """Register what installed packages offer under the entry point group ``mini_n8n.nodes``.

        A package that is refused stands in `refused`, and stands in nobody's way.
        """
        for entry in entry_points(group=ENTRY_POINT_GROUP):
            try:
                self._load(entry)
            except RegistrationError as error:
                package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an installed package"
                self._refused[entry.name] = RefusedType(entry.name, package, str(error))
                log.error("%s is installed and refused: %s", package, error)

    def _load(self, entry: EntryPoint) -> None:
        try:
            node_class = entry.load()
            _build_models(node_class)
        except Exception as error:
            # Whatever somebody else's module does when it is imported: the other types are none the worse.
            why = f"{type(error).__name__}: {error}"
            raise RegistrationError(
                f"node type '{entry.name}' ({entry.value}) cannot be imported: {why}"
            ) from error
        if getattr(node_class, "type", None) != entry.name:
            raise _refuse(node_class, f"its entry point is named '{entry.name}'; both must be the same")
        self.register(node_class)

    @property
    def refused(self) -> Mapping[str, RefusedType]:
        """Installed node types that cannot be used, by name."""
        return self._refused

    def get(self, type_name: str) -> type[BaseNode]:
        """The node type; NotFoundError if there is none of that name."""
        if type_name not in self._classes:
            path = self._paths.get(type_name)
            if path is None:
                near = self.closest(type_name)
                cure = f"; did you mean '{near}'?" if near else ""
                raise NotFoundError("node type", type_name, cure)
            module, _, class_name = path.partition(":")
            node_class = getattr(importlib.import_module(module), class_name)
            check_node_class(node_class)
            self._classes[type_name] = node_class
        return self._classes[type_name]

    def __contains__(self, type_name: object) -> bool:
        return type_name in self._classes or type_name in self._paths

    def is_light(self, type_name: str) -> bool:
        """Whether nodes of the type are light; False for one that is not known."""
        return type_name in self and self.get(type_name).light

    def names(self) -> tuple[str, ...]:
        """All type names, sorted."""
        return tuple(sorted({*self._classes, *self._paths}))

    def all(self) -> Iterable[type[BaseNode]]:
        """All node types, by name."""
        return (self.get(name) for name in self.names())

    def closest(self, type_name: str) -> str | None:
        """The name that was probably meant, or None."""
        found = difflib.get_close_matches(type_name, self.names(), n=1)
        return found[0] if found else None
