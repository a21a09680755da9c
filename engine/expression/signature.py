"""What a function takes, in the form of jmespath's own signatures, and whether arguments fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from engine.expression.failure import EvaluationFailure
from engine.json_type import add_article, name_type
from engine.json_value import JsonValue

Method = TypeVar("Method", bound=Callable[..., JsonValue])
# One entry for each argument: {"types": [names], "optional"?: bool, "variadic"?: bool}.
Signature: TypeAlias = Sequence[Mapping[str, Any]]


def takes(*arguments: str) -> Callable[[Method], Method]:
    """Mark a function with what it takes: types with ``|`` between them, ``any``, a ``?`` for optional."""

    def mark(method: Method) -> Method:
        method.signature = tuple(_read(argument) for argument in arguments)  # type: ignore[attr-defined]  # read by jmespath
        return method

    return mark


def _read(argument: str) -> Mapping[str, Any]:
    name = argument.removesuffix("?")
    return {"types": [] if name == "any" else name.split("|"), "optional": name != argument}


def check_arguments(name: str, signature: Signature, arguments: Sequence[JsonValue]) -> None:
    """EvaluationFailure names the function, the argument, what it takes and what it was given."""
    for position, argument in enumerate(arguments):
        # The last of the signature is repeated where a function takes any number of arguments.
        types = signature[min(position, len(signature) - 1)]["types"]
        if types and not any(_fits(argument, wanted) for wanted in types):
            which = f"argument {position + 1} of {name}()" if len(arguments) > 1 else f"{name}()"
            raise EvaluationFailure(
                f"{which} takes {_spell(types)}, and was given {_describe(argument, types)}"
            )


def _fits(argument: JsonValue, wanted: str) -> bool:
    kind, _, inner = wanted.partition("-")
    if kind == "expref":
        return True  # check_tree has seen to it
    if name_type(argument) != kind:
        return False
    return not inner or all(name_type(element) == inner for element in argument)


def _spell(types: Sequence[str]) -> str:
    parts = (wanted.partition("-") for wanted in types)
    return " or ".join(f"an array of {inner}s" if inner else add_article(kind) for kind, _, inner in parts)


def _describe(argument: JsonValue, types: Sequence[str]) -> str:
    kind = name_type(argument)
    if kind != "array" or not any(wanted.startswith("array") for wanted in types):
        return add_article(kind)
    inside = dict.fromkeys(name_type(element) for element in argument)
    return f"an array with {' and '.join(map(add_article, inside))} in it"
