"""The states of for_each nodes: a Task that lists the items, a Map that runs them, a Task that gathers.

Where the number of items decides there are two Maps and a Choice between them (see `item_plan`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine import asl
from engine.compiler.item_plan import MAX_INLINE_CONCURRENCY, ItemPlan
from engine.compiler.lambda_call import EXECUTION_INPUT, call_function
from engine.compiler.names import state_name
from engine.compiler.step import BOOKKEEPING_SECONDS, Step
from engine.compiler.step_states import (
    ERROR,
    answer_fields_of,
    result_path_of,
    settle_state,
    task_state,
)

ITEMS = "items"
# What names of states inside the two Maps have before their role.
INLINE_PREFIX, DISTRIBUTED_PREFIX = "item", "one of many"


# What runs for an item: of a step, with a prefix of its names, and what its Tasks say of the item.
EmitItem: TypeAlias = Callable[[Step, str, asl.Template], asl.Machine]


def for_each_states(
    step: Step, plan: ItemPlan, following: str | None, emit_item: EmitItem
) -> Mapping[str, asl.State]:
    """List the items, run each, gather the results."""
    expand, collect = state_name(step.id, ITEMS), state_name(step.id, "collect")
    maps = _map_states(step, plan, collect, emit_item)
    settle = state_name(step.id, "settle") if step.settles else None
    states: dict[str, asl.State] = {
        expand: _expand_state(step, plan, next(iter(maps)), settle),
        **maps,
        collect: task_state(
            call_function(
                step.function_arn,
                step.nodes_after,
                "collect",
                fork=step.fork,
                arrives=step.arrives,
                answer_fields=answer_fields_of(step),
            ),
            BOOKKEEPING_SECONDS,
            following,
            result_path=result_path_of(step),
            settle=settle,
        ),
    }
    if settle is not None:
        states[settle] = settle_state(step, following, None)
    return states


def _expand_state(step: Step, plan: ItemPlan, following: str, settle: str | None) -> asl.Task:
    decides = plan.may_be_inline and plan.may_be_distributed
    call = call_function(
        step.function_arn,
        (*step.nodes_before[:-1], *(step.members or (step.id,))),
        "expand",
        extra={"inline_items": plan.inline_iterations} if decides else None,
        answer_fields=("indexes", "distributed") if decides else ("indexes",),
    )
    return task_state(call, BOOKKEEPING_SECONDS, following, result_path=f"$.{ITEMS}", settle=settle)


def _map_states(step: Step, plan: ItemPlan, following: str, emit_item: EmitItem) -> dict[str, asl.State]:
    """One Map, or a Choice and two."""
    inline, distributed = state_name(step.id), state_name(step.id, "many")
    states: dict[str, asl.State] = {}
    if plan.may_be_inline and plan.may_be_distributed:
        rule = asl.Rule(f"$.{ITEMS}.distributed", True, distributed)
        states[state_name(step.id, "many?")] = asl.Choice((rule,), default=inline)
    if plan.may_be_inline:
        states[inline] = _map_state(step, plan, following, emit_item, is_distributed=False)
    if plan.may_be_distributed:
        states[distributed] = _map_state(step, plan, following, emit_item, is_distributed=True)
    return states


def _map_state(
    step: Step, plan: ItemPlan, following: str, emit_item: EmitItem, *, is_distributed: bool
) -> asl.Map:
    """A Map whose iterations say nothing: the outputs of all of them together would be too large.

    Behind the failure of a Distributed Map stands the Task that gathers: it finds the item that failed.
    """
    prefix = DISTRIBUTED_PREFIX if is_distributed else INLINE_PREFIX
    item: asl.Template = {"item": asl.Path("$.item")}
    if plan.batch_size > 1:
        item = {**item, "batch": plan.batch_size}
    catch = asl.Catcher((asl.ALL_ERRORS,), following, f"$.{ERROR}")
    return asl.Map(
        items_path=f"$.{ITEMS}.indexes",
        item_selector={**EXECUTION_INPUT, "item": asl.Path("$$.Map.Item.Value")},
        max_concurrency=plan.max_concurrency
        if is_distributed
        else min(plan.max_concurrency, MAX_INLINE_CONCURRENCY),
        processor=emit_item(step, prefix, item).silent(),
        next=following,
        is_distributed=is_distributed,
        catch=(catch,) if is_distributed else (),
    )
