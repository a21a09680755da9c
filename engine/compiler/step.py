"""What is compiled: steps, each a node with all that its states need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.asl import Retrier
from engine.compiler.retry import node_retrier
from engine.errors import RequestError
from engine.node import ERROR, MAIN, BaseNode
from engine.registry import NodeRegistry
from engine.workflow import Node, Workflow

# What a Task has over the time of its node: 10 s for a cold start, reading inputs and storing the result,
# 60 s for the longest Retry-After that an attempt waits out before it begins.
ENGINE_MARGIN_SECONDS = 70
# One call of a polling node: it submits or asks, and never waits for the work itself.
POLL_CALL_SECONDS = 120
# The executor that keeps tokens, whoever runs the node: it alone may answer them.
WAKER = "flow"
# Steps around the items of a for_each node and after a failure only read and write records.
BOOKKEEPING_SECONDS = 120


@dataclass(frozen=True)
class Step:
    """One leaf of the tree: the nodes that its Task runs in order, and how."""

    id: str
    nodes: tuple[str, ...]
    function_arn: str
    timeout_seconds: int
    """Of a Task that runs the node or one item of it: the node's own time and the engine's margin."""
    retry: Retrier | None
    """The node's own retry, besides those for the services underneath; None where it has no second try."""
    settles: bool = False
    """Whether a failure is recorded and the workflow goes on (on_error continue or output)."""
    polls: bool = False
    waker_arn: str | None = None
    """The function that keeps the token of a pending node's wait; None: nothing ends that wait early."""
    max_concurrency: int | None = None
    """Items at the same time under for_each; None: no for_each."""
    light: bool = False
    """Whether all of its nodes take milliseconds and touch nothing outside: it may join a neighbour."""
    portable: bool = False
    """Whether every function has what its nodes need."""
    outputs: tuple[str, ...] = (MAIN,)
    """What the node may leave through."""
    fork: str | None = None
    """Which of its nodes decides between the ways that follow."""
    arrives: tuple[str, ...] = ()
    """The waits of a latch that are told when its node has ended."""

    @property
    def nodes_before(self) -> tuple[str, ...]:
        """Its nodes up to the one that leads, which is called like the step."""
        return self.nodes[: self.nodes.index(self.id) + 1]

    @property
    def nodes_after(self) -> tuple[str, ...]:
        """Its nodes from the one that leads on."""
        return self.nodes[self.nodes.index(self.id) :]


def plan_steps(workflow: Workflow, registry: NodeRegistry, targets: Mapping[str, str]) -> tuple[Step, ...]:
    """A step for each node, in the document's order.

    ``targets`` maps an executor to the ARN of its function; RequestError names one that is missing.
    """
    return tuple(_plan_step(node, registry.get(node.type), targets) for node in workflow.nodes)


def _plan_step(node: Node, node_class: type[BaseNode], targets: Mapping[str, str]) -> Step:
    for executor in {node_class.executor, *((WAKER,) if node_class.wakes else ())} - set(targets):
        raise RequestError(
            f"node '{node.id}' of type '{node.type}' runs in the executor '{executor}', "
            f"and there is no function for it: targets name {', '.join(sorted(targets)) or 'none'}",
            "targets",
        )
    polls = node_class.polls and not node.disabled
    own_seconds = node.timeout_seconds or node_class.default_timeout_seconds
    own_settings = node.retry or node.timeout_seconds or node.for_each or node.on_error != "stop"
    outputs = node_class.outputs_for(node.config)
    return Step(
        id=node.id,
        nodes=(node.id,),
        function_arn=targets[node_class.executor],
        timeout_seconds=(min(own_seconds, POLL_CALL_SECONDS) if polls else own_seconds)
        + ENGINE_MARGIN_SECONDS,
        retry=node_retrier(node.retry or node_class.default_retry, explicit=node.retry is not None),
        settles=node.on_error != "stop",
        polls=polls,
        waker_arn=targets[WAKER] if polls and node_class.wakes else None,
        max_concurrency=node.for_each.max_concurrency if node.for_each and not node.disabled else None,
        light=node_class.light and not own_settings,
        portable=node_class.executor == "core",
        outputs=(*outputs, ERROR) if node.on_error == "output" else outputs,
    )
