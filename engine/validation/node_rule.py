"""Rules on nodes, one function each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.errors import Problem
from engine.expression import RESERVED_NAMES
from engine.node import INPUT_TYPE, OUTPUT_TYPE
from engine.validation.subject import Subject, input_name
from engine.workflow import MAX_ITEMS

# The Timeout of each executor's function in template.yaml, in seconds; Lambda allows 900 at most
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
EXECUTOR_TIMEOUT_SECONDS = {"core": 90, "http": 300, "ai": 900, "custom": 300, "flow": 90}
# What the function needs for itself around the node: starting, reading inputs, storing the result.
EXECUTOR_MARGIN_SECONDS = 10


def ids_are_unique(subject: Subject) -> Iterator[Problem]:
    """No two nodes have the same id."""
    for node_id, count in Counter(node.id for node in subject.workflow.nodes).items():
        if count > 1:
            yield Problem(
                "duplicate_id",
                f"{count} nodes have the id '{node_id}'; give each its own, and correct the connections",
                node_id,
                "id",
            )


def ids_are_not_reserved(subject: Subject) -> Iterator[Problem]:
    """No node is named like something that expressions know already."""
    for node_id in subject.nodes:
        if node_id in RESERVED_NAMES:
            yield Problem(
                "reserved_id",
                f"'{node_id}' means something else in expressions; choose another id",
                node_id,
                "id",
            )


def types_exist(subject: Subject) -> Iterator[Problem]:
    """Every node is of a type that is installed."""
    for node in subject.workflow.nodes:
        if node.type in subject.types:
            continue
        refused = subject.registry.refused.get(node.type)
        if refused is not None:
            told = (
                f"the package that brings it ({refused.package}) is installed and refused: {refused.reason}"
            )
            yield Problem("refused_type", f"{told}; mend the package or remove it", node.id, "type")
        else:
            close = subject.registry.closest(node.type)
            cure = f"did you mean '{close}'?" if close else "GET /node-types lists those there are"
            yield Problem("unknown_type", f"there is no node type '{node.type}'; {cure}", node.id, "type")


def for_each_is_possible(subject: Subject) -> Iterator[Problem]:
    """for_each needs a node that does the same for every item."""
    for node, node_class in subject.typed_nodes():
        if node.for_each is None:
            continue
        if node.type in (INPUT_TYPE, OUTPUT_TYPE):
            reason = f"a node of type '{node.type}' stands for the whole workflow"
        elif not subject.config_problems[node.id] and node_class.most_polls(node.config) > 1:
            reason = (
                f"a node of type '{node.type}' goes round by itself; give it the items, or nest workflows"
            )
        else:
            continue
        yield Problem("for_each_refused", f"{reason}; remove for_each", node.id, "for_each")


def timeouts_fit_the_executor(subject: Subject) -> Iterator[Problem]:
    """A node ends within the time of the function that runs it, unless it polls."""
    for node, node_class in subject.typed_nodes():
        limit = EXECUTOR_TIMEOUT_SECONDS[node_class.executor] - EXECUTOR_MARGIN_SECONDS
        if node.timeout_seconds is not None and node.timeout_seconds > limit and not node_class.polls:
            yield Problem(
                "timeout_too_long",
                f"nodes of type '{node.type}' run {limit} s at most, in a Lambda function of "
                f"{limit + EXECUTOR_MARGIN_SECONDS} s; lower timeout_seconds, or split the work",
                node.id,
                "timeout_seconds",
            )


def waits_fit_the_workflow(subject: Subject) -> Iterator[Problem]:
    """No node waits for longer than the workflow may take."""
    limit = subject.workflow.settings.timeout_seconds
    for node, node_class in subject.typed_nodes():
        if node.disabled or subject.config_problems[node.id]:
            continue
        seconds = node_class.longest_wait_seconds(node.config)
        if seconds is not None and seconds > limit:
            yield Problem(
                "wait_too_long",
                f"it waits up to {seconds:,.0f} s, and the workflow ends after {limit:,} s; raise "
                "settings.timeout_seconds, or wait less",
                node.id,
                "config",
            )


def batches_fit_the_executor(subject: Subject) -> Iterator[Problem]:
    """The items of a batch end within the time of the function, one after another; none of them waits."""
    for node, node_class in subject.typed_nodes():
        size = node.for_each.batch_size if node.for_each else 1
        if size == 1:
            continue
        seconds = node.timeout_seconds or node_class.default_timeout_seconds
        limit = EXECUTOR_TIMEOUT_SECONDS[node_class.executor] - EXECUTOR_MARGIN_SECONDS
        if node_class.polls:
            message = f"items of a node of type '{node.type}' wait for work elsewhere; remove batch_size"
        elif not node_class.light and size * seconds > limit:
            message = (
                f"{size} items of {seconds} s each may take {size * seconds:,} s, and the function has "
                f"{limit} s; lower batch_size, or timeout_seconds"
            )
        else:
            continue
        yield Problem("batch_refused", message, node.id, "for_each.batch_size")


def lists_are_short_enough(subject: Subject) -> Iterator[Problem]:
    """A list that stands in the document has no more items than can run."""
    for node in subject.workflow.nodes:
        items = node.for_each.items if node.for_each else None
        if isinstance(items, list) and len(items) > MAX_ITEMS:
            yield Problem(
                "too_many_items",
                f"for_each has {len(items):,} items, over the limit of {MAX_ITEMS:,}: split the list",
                node.id,
                "for_each.items",
            )


def retries_make_sense(subject: Subject) -> Iterator[Problem]:
    """No wait between attempts is bounded below the first."""
    for node in subject.workflow.nodes:
        retry = node.retry
        if retry is not None and retry.max_interval_seconds < retry.interval_seconds:
            yield Problem(
                "retry_intervals",
                f"max_interval_seconds ({retry.max_interval_seconds}) is below interval_seconds "
                f"({retry.interval_seconds}); raise the one or lower the other",
                node.id,
                "retry.max_interval_seconds",
            )


def inputs_are_not_cached(subject: Subject) -> Iterator[Problem]:
    """An input node's value comes with each execution: a cached one would be another execution's."""
    for node in subject.workflow.nodes:
        if node.type == INPUT_TYPE and node.cache_ttl_seconds:
            yield Problem(
                "cache_refused",
                "the value of an input is new in each execution; remove cache_ttl_seconds",
                node.id,
                "cache_ttl_seconds",
            )


def input_names_are_unique(subject: Subject) -> Iterator[Problem]:
    """No two input nodes ask for the same name."""
    first: dict[str, str] = {}
    for node in subject.workflow.nodes:
        name = input_name(node)
        if name is not None and first.setdefault(name, node.id) != node.id:
            yield Problem(
                "duplicate_input",
                f"node '{first[name]}' is the input '{name}' already; choose another name",
                node.id,
                "config.name",
            )


NODE_RULES = (
    ids_are_unique,
    ids_are_not_reserved,
    types_exist,
    for_each_is_possible,
    timeouts_fit_the_executor,
    batches_fit_the_executor,
    lists_are_short_enough,
    waits_fit_the_workflow,
    retries_make_sense,
    inputs_are_not_cached,
    input_names_are_unique,
)
