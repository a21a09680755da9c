"""What an execution shares of another it holds, so that it does not go before it."""

from __future__ import annotations

from engine.execution import Execution
from engine.removal_port import RemovalStore


def hold_results(executions: RemovalStore, execution: Execution) -> None:
    """Hold the executions whose results this one keeps, and those that they hold themselves.

    Once for all: which of the results lie where, or name files, is not looked at. NotFoundError when one of
    the former is gone.
    """
    for earlier in dict.fromkeys((execution.retry_of, execution.selection.results_of)):
        if earlier is None:
            continue
        executions.hold(earlier, execution.execution_id)
        for held in executions.list_held(earlier):
            executions.hold(held, execution.execution_id, through=earlier)
