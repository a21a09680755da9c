"""Pins: results that stand in for runs of nodes, and whether one fits its node."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import ValidationError

from engine.errors import Problem
from engine.node import ERROR, INPUT_TYPE, BaseNode
from engine.wording import say
from engine.workflow import Node, Pin


def pin_problems(
    node: Node, node_class: type[BaseNode], pin: Pin, outputs: Collection[str] | None, field: str
) -> Iterator[Problem]:
    """What keeps a pin from standing in for a run of the node; ``field`` is where the pin stands.

    ``outputs`` are those of the node, None where they cannot be told.
    """
    if node.type == INPUT_TYPE:
        cure = "give the value with the execution, or as the input's default"
        yield Problem("pin_refused", f"an input is not pinned; {cure}", node.id, field)
        return
    if "output" not in pin.result:
        message = "a result has an `output`, as a node run shows it; add it"
        yield Problem("pin_without_output", message, node.id, f"{field}.result")
        return
    if outputs is not None and pin.output_name not in outputs:
        message = f"the node has no output '{pin.output_name}'; its outputs: {', '.join(outputs)}"
        yield Problem("unknown_output", message, node.id, f"{field}.output_name")
    elif node.for_each is not None:
        if not isinstance(pin.result["output"], list):
            message = "the result of a for_each node is the list of its items' outputs; make `output` a list"
            yield Problem("pin_misfit", message, node.id, f"{field}.result.output")
    elif pin.output_name != ERROR:
        yield from _misfits(node, node_class, pin, f"{field}.result")


def _misfits(node: Node, node_class: type[BaseNode], pin: Pin, field: str) -> Iterator[Problem]:
    """Against the model of the type's results, of which more than it names may be pinned."""
    try:
        node_class.Output.model_validate(pin.result)
    except ValidationError as error:
        for told in error.errors(include_url=False):
            if told["type"] != "extra_forbidden":
                where = ".".join(str(part) for part in (field, *told["loc"]))
                message = f"{say(told)}: copy the result of a node run, or correct it"
                yield Problem("pin_misfit", message, node.id, where)
