"""The express form of a machine: the same states, and an end that the machine tells itself.

No event says how an express execution ended, and nobody can ask. So all states become the one branch of a
Parallel, whose Catch sees every failure; a last Task ends our execution either way. What runs no Catch, the
machine's own timeout, is found by time when the execution is read.
"""

from __future__ import annotations

from engine import asl
from engine.compiler.lambda_call import call_function
from engine.compiler.retry import SERVICE_RETRIERS
from engine.compiler.step import BOOKKEEPING_SECONDS

# Names have a space, which no node id has, and none of them begins like a role of a step.
WHOLE = "the whole workflow"
SUCCEEDED = "end: succeeded"
NOT_SUCCEEDED = "end: failed"
FAILURE = "failed: its record says why"
CAUGHT = "error"


def finalise(machine: asl.Machine, finish_arn: str, timeout_seconds: int) -> asl.Machine:
    """The machine with an end of its own, told to the function at ``finish_arn``."""
    inner = asl.Machine(machine.start, machine.states)
    caught = asl.Catcher((asl.ALL_ERRORS,), NOT_SUCCEEDED, f"$.{CAUGHT}")
    states: dict[str, asl.State] = {
        WHOLE: asl.Parallel((inner,), SUCCEEDED, catch=(caught,)),
        SUCCEEDED: _finish(finish_arn, None, {}),
        NOT_SUCCEEDED: _finish(finish_arn, FAILURE, {CAUGHT: asl.Path(f"$.{CAUGHT}")}),
        FAILURE: asl.Fail("ExecutionFailed", "The record of the execution says which node failed, and why."),
    }
    return asl.Machine(WHOLE, states, timeout_seconds=timeout_seconds, comment=machine.comment)


def _finish(finish_arn: str, following: str | None, told: asl.Template) -> asl.Task:
    call = call_function(finish_arn, (), "finish", extra=told)
    return asl.Task(
        resource=call.resource,
        parameters=call.parameters,
        result_path=None,
        timeout_seconds=BOOKKEEPING_SECONDS,
        retry=SERVICE_RETRIERS,
        next=following,
    )
