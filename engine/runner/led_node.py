"""Which of a task's nodes its step is meant for, and which of their answers counts."""

from __future__ import annotations

from engine.task import Task, TaskAnswer
from engine.workflow import Node


def leads(node: Node, task: Task) -> bool:
    """Whether the step of the task is meant for this node; others only share the Task, and are run."""
    if task.step == "settle":
        return node.settles_items if task.item is not None else node.on_error != "stop"
    if task.step in ("expand", "collect"):
        return node.for_each is not None
    return True


def longer_list(one: TaskAnswer | None, other: TaskAnswer) -> TaskAnswer | None:
    """Of answers that list indexes the one with more of them: of nodes in one Map some may not run."""
    if other.indexes is None or (one is not None and len(one.indexes or ()) > len(other.indexes)):
        return one
    return other
