"""The states of one step: Task; Task, Choice and Wait for polling. Those of for_each: `item_states`."""

from __future__ import annotations

from collections.abc import Mapping

from engine import asl
from engine.compiler.lambda_call import LambdaCall, call_function, wait_for_token
from engine.compiler.names import state_name
from engine.compiler.retry import RECORDING_RETRIERS, SERVICE_RETRIERS
from engine.compiler.step import BOOKKEEPING_SECONDS, Step
from engine.compiler.tree import Fork, Link

POLL = "poll"
POLL_FIELDS = ("pending", "poll_after_seconds")
TIMEOUT = "States.Timeout"
ERROR = "error"
# How the node of a fork left.
LEFT = "left"


def run_states(
    step: Step, following: str | None, *, prefix: str = "", item: asl.Template | None = None
) -> dict[str, asl.State]:
    """Run the node, or one item of it: ask again while it is pending, settle what fails for good.

    ``prefix`` keeps apart the names of states that a machine has several times; ``item`` is what a Task
    says of its item.
    """
    own = state_name(step.id, prefix)

    def name(role: str) -> str:
        return state_name(step.id, f"{prefix} {role}".strip())

    call = call_function(
        step.function_arn,
        step.nodes,
        "item" if item else "run",
        extra=item,
        fork=step.fork,
        arrives=step.arrives,
        answer_fields=POLL_FIELDS if step.polls else answer_fields_of(step),
    )
    states: dict[str, asl.State] = {}
    states[own] = task_state(
        call,
        step.timeout_seconds,
        name("pending?") if step.polls else following,
        retry=(*SERVICE_RETRIERS, step.retry) if step.retry else SERVICE_RETRIERS,
        result_path=f"$.{POLL}" if step.polls else result_path_of(step),
        settle=name("settle") if step.settles else None,
    )
    if step.polls:
        done = following if following is not None else name("done")
        again = asl.Rule(f"$.{POLL}.pending", True, name("wait"))
        states[name("pending?")] = asl.Choice((again,), default=done)
        settle = name("settle") if step.settles else None
        states[name("wait")] = _wait_state(step, own, item, settle)
        if following is None:
            states[done] = asl.Succeed()
    if step.settles:
        states[name("settle")] = settle_state(step, following, item)
    return states


def _wait_state(step: Step, own: str, item: asl.Template | None, settle: str | None) -> asl.State:
    """Wait as long as the node said; where it can be woken, no longer than until that happens."""
    seconds = f"$.{POLL}.poll_after_seconds"
    if step.waker_arn is None:
        return asl.Wait(seconds, next=own)
    call = wait_for_token(step.waker_arn, (step.id,), "wait", extra=item)
    catchers = [asl.Catcher((TIMEOUT,), own, f"$.{ERROR}")]
    if settle is not None:
        catchers.append(asl.Catcher((asl.ALL_ERRORS,), settle, f"$.{ERROR}"))
    return asl.Task(
        resource=call.resource,
        parameters=call.parameters,
        timeout_seconds=asl.Path(seconds),
        next=own,
        retry=SERVICE_RETRIERS,
        catch=catchers,
    )


def await_states(link: Link, step: Step, timeout_seconds: int, following: str) -> Mapping[str, asl.State]:
    """The wait of a link for steps of other chains, in the function that runs its first step."""
    extra = {"await": list(link.awaits), "latch": link.id}
    call = wait_for_token(step.function_arn, (), "await", extra=extra)
    wait = asl.Task(
        resource=call.resource,
        parameters=call.parameters,
        timeout_seconds=timeout_seconds,
        next=following,
        retry=SERVICE_RETRIERS,
    )
    return {state_name(link.id, "await"): wait}


def settle_state(step: Step, following: str | None, item: asl.Template | None) -> asl.Task:
    """Record that a node, or an item of it, failed for good."""
    extra = {**(item or {}), "error_name": asl.Path(f"$.{ERROR}.Error")}
    call = call_function(
        step.function_arn,
        step.nodes,
        "settle",
        extra=extra,
        fork=step.fork,
        arrives=step.arrives,
        answer_fields=answer_fields_of(step),
    )
    # Nodes that share the Task run in it, and may fail by themselves.
    retry = RECORDING_RETRIERS if step.nodes == (step.id,) else SERVICE_RETRIERS
    return task_state(call, BOOKKEEPING_SECONDS, following, retry=retry, result_path=result_path_of(step))


def answer_fields_of(step: Step) -> tuple[str, ...]:
    """What the Choice of a fork reads."""
    return ("output_name",) if step.fork is not None else ()


def result_path_of(step: Step) -> str | None:
    """Where that stands."""
    return f"$.{LEFT}" if step.fork is not None else None


def fork_states(
    fork: Fork, ways: Mapping[str, Mapping[str, asl.State]], following: str | None, prefix: str = ""
) -> Mapping[str, asl.State]:
    """The Choice between ways, by output, each already leading to ``following``; no way: straight on."""
    otherwise = following or state_name(fork.source, f"{prefix} otherwise".strip())
    rules = tuple(asl.Rule(f"$.{LEFT}.output_name", output, next(iter(way))) for output, way in ways.items())
    choice = state_name(fork.source, f"{prefix} left by".strip())
    states: dict[str, asl.State] = {choice: asl.Choice(rules, default=otherwise)}
    for way in ways.values():
        states |= way
    if following is None:
        states[otherwise] = asl.Succeed()
    return states


def task_state(
    call: LambdaCall,
    timeout_seconds: int,
    following: str | None,
    *,
    retry: tuple[asl.Retrier, ...] = SERVICE_RETRIERS,
    result_path: str | None = None,
    settle: str | None = None,
) -> asl.Task:
    """A Task that calls a function; what it cannot get over leads to ``settle``."""
    return asl.Task(
        resource=call.resource,
        parameters=call.parameters,
        result_selector=call.result_selector,
        result_path=result_path,
        timeout_seconds=timeout_seconds,
        retry=retry,
        catch=(asl.Catcher((asl.ALL_ERRORS,), settle, f"$.{ERROR}"),) if settle is not None else (),
        next=following,
    )
