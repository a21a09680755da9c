"""Ends of node runs that are written together: each write is a call, and takes longer than a light node.

An end may wait where to run the node again does no harm. It waits until a node begins whose work must not be
done twice, until somebody else goes on from it, or until the task ends; what is written at once is written
all, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.runner.records import NodeRecords, OvertakenError, TaskReading
from engine.task import TaskAnswer

RunNodes = Callable[[TaskReading], TaskAnswer]


def run_together(around: TaskReading, run_nodes: RunNodes, records: NodeRecords) -> TaskAnswer:
    """Run the nodes, and write what waits.

    Where another call of the same task was first, go on from what it wrote, so that all see one result of
    each node. That comes to an end: each time, another node of the task has ended.
    """
    while True:
        try:
            try:
                return run_nodes(around)
            finally:
                records.write(around.later)
        except OvertakenError:
            around = records.read(around.prepared, around.task)
