"""The states of one step: Task; Task, Choice and Wait for polling; Task, Map and Task for for_each."""

from __future__ import annotations

from collections.abc import Mapping

from engine import asl
from engine.compiler.lambda_call import EXECUTION_INPUT, LambdaCall, call_function, wait_for_token
from engine.compiler.names import state_name
from engine.compiler.retry import SERVICE_RETRIERS
from engine.compiler.step import BOOKKEEPING_SECONDS, Step
from engine.compiler.tree import Fork, Link

POLL = "poll"
POLL_FIELDS = ("pending", "poll_after_seconds")
ITEMS = "items"
TIMEOUT = "States.Timeout"
ERROR = "error"
# How the node of a fork left.
LEFT = "left"


def step_states(step: Step, following: str | None) -> Mapping[str, asl.State]:
    """The states of a step, the first of them where it begins; all ways lead to ``following``."""
    if step.max_concurrency is not None:
        return _for_each_states(step, step.max_concurrency, following)
    return _run_states(step, following)


def _run_states(
    step: Step, following: str | None, *, prefix: str = "", item: asl.Template | None = None
) -> dict[str, asl.State]:
    """Run the node, or one item of it: ask again while it is pending, settle what fails for good."""
    own = state_name(step.id, prefix)

    def name(role: str) -> str:
        return state_name(step.id, f"{prefix} {role}".strip())

    call = call_function(
        step.function_arn,
        (step.id,) if item else step.nodes,
        "item" if item else "run",
        extra=item,
        fork=None if item else step.fork,
        arrives=() if item else step.arrives,
        answer_fields=POLL_FIELDS if step.polls else () if item else _answer_fields(step),
    )
    states: dict[str, asl.State] = {}
    states[own] = _task(
        call,
        step.timeout_seconds,
        name("pending?") if step.polls else following,
        retry=(*SERVICE_RETRIERS, step.retry) if step.retry else SERVICE_RETRIERS,
        result_path=f"$.{POLL}" if step.polls else None if item else _result_path(step),
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
        states[name("settle")] = _settle_state(step, following, item)
    return states


def _for_each_states(step: Step, max_concurrency: int, following: str | None) -> dict[str, asl.State]:
    """List the items, run each, gather the results."""
    expand, each, collect = (state_name(step.id, role) for role in (ITEMS, "", "collect"))
    settle = state_name(step.id, "settle") if step.settles else None
    item = {"item": asl.Path("$.item")}
    items = _run_states(step, None, prefix="item", item=item)
    states: dict[str, asl.State] = {
        expand: _task(
            call_function(step.function_arn, step.nodes_before, "expand", answer_fields=("indexes",)),
            BOOKKEEPING_SECONDS,
            each,
            result_path=f"$.{ITEMS}",
            settle=settle,
        ),
        each: asl.Map(
            items_path=f"$.{ITEMS}.indexes",
            item_selector={**EXECUTION_INPUT, "item": asl.Path("$$.Map.Item.Value")},
            max_concurrency=max_concurrency,
            processor=asl.Machine(next(iter(items)), items),
            next=collect,
        ),
        collect: _task(
            call_function(
                step.function_arn,
                step.nodes_after,
                "collect",
                fork=step.fork,
                arrives=step.arrives,
                answer_fields=_answer_fields(step),
            ),
            BOOKKEEPING_SECONDS,
            following,
            result_path=_result_path(step),
            settle=settle,
        ),
    }
    if settle is not None:
        states[settle] = _settle_state(step, following, None)
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


def _settle_state(step: Step, following: str | None, item: asl.Template | None) -> asl.Task:
    extra = {**(item or {}), "error_name": asl.Path(f"$.{ERROR}.Error")}
    fork = None if item else step.fork
    call = call_function(
        step.function_arn,
        (step.id,) if item else step.nodes,
        "settle",
        extra=extra,
        fork=fork,
        arrives=() if item else step.arrives,
        answer_fields=_answer_fields(step) if fork else (),
    )
    return _task(call, BOOKKEEPING_SECONDS, following, result_path=_result_path(step) if fork else None)


def _answer_fields(step: Step) -> tuple[str, ...]:
    """What a fork reads."""
    return ("output_name",) if step.fork is not None else ()


def _result_path(step: Step) -> str | None:
    return f"$.{LEFT}" if step.fork is not None else None


def fork_states(
    fork: Fork, ways: Mapping[str, Mapping[str, asl.State]], following: str | None
) -> Mapping[str, asl.State]:
    """The Choice between ways, by output, each already leading to ``following``; no way: straight on."""
    otherwise = following or state_name(fork.source, "otherwise")
    rules = tuple(asl.Rule(f"$.{LEFT}.output_name", output, next(iter(way))) for output, way in ways.items())
    states: dict[str, asl.State] = {state_name(fork.source, "left by"): asl.Choice(rules, default=otherwise)}
    for way in ways.values():
        states |= way
    if following is None:
        states[otherwise] = asl.Succeed()
    return states


def _task(
    call: LambdaCall,
    timeout_seconds: int,
    following: str | None,
    *,
    retry: tuple[asl.Retrier, ...] = SERVICE_RETRIERS,
    result_path: str | None = None,
    settle: str | None = None,
) -> asl.Task:
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
