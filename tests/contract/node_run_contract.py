"""What every ExecutionStore promises of node runs. Subclass it and give a fixture ``store``."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from engine.errors import NotFoundError, RequestError
from engine.execution import Claim, ErrorInfo, LogLine, NodeRun, NodeStatus
from engine.ports import ExecutionStore
from tests.contract.samples import NOW, VALUES, at_once, execution_of, read_pages, run_of, spoiled

RUNNING, SUCCEEDED, FAILED = NodeStatus.RUNNING, NodeStatus.SUCCEEDED, NodeStatus.FAILED
CLAIM = Claim(key="executions/ex_1/first.json", size_bytes=5_000_000, sha256="0" * 64)


class NodeRunContract:
    def test_a_node_run_is_read_back_whole(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        run = run_of(
            "first",
            FAILED,
            output_name="error",
            result=VALUES,
            claim=CLAIM,
            error=ErrorInfo(type="NodeError", message="it broke"),
            started_at=NOW,
            ended_at=NOW + timedelta(seconds=1),
            attempts=3,
            cache="miss",
            item_count=2,
            items_claim=CLAIM,
            items=(1, [VALUES], None),
            poll_state={"job": 7},
            not_before=NOW,
            logs=(LogLine(at=NOW, level="info", message="went well"),),
        )
        assert store.finish_node(run) is None
        assert store.read_nodes("ex_1", [("first", None)]) == (execution_of("ex_1"), {("first", None): run})

    def test_node_runs_are_read_with_their_execution(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        runs = [run_of("first", SUCCEEDED), run_of("first", RUNNING, item=0), run_of("second", RUNNING)]
        for run in runs:
            assert (store.finish_node(run) if run.status.ended else store.start_node(run)) is None
        keys = [("first", None), ("first", 0), ("first", 1), ("third", None), ("first", None)]
        found = {("first", None): runs[0], ("first", 0): runs[1]}
        assert store.read_nodes("ex_1", keys) == (execution_of("ex_1"), found)
        assert store.read_nodes("ex_1", []) == (execution_of("ex_1"), {})

    def test_hundreds_are_read_in_one_call(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        runs = {(f"n{n}", None): run_of(f"n{n}", SUCCEEDED, result={"output": n}) for n in range(250)}
        at_once(8, lambda part: [store.finish_node(run) for run in list(runs.values())[part::8]])
        assert store.read_nodes("ex_1", runs) == (execution_of("ex_1"), runs)

    def test_node_runs_belong_to_an_execution_that_exists(self, store: ExecutionStore) -> None:
        store.start_node(run_of("first", RUNNING))
        with pytest.raises(NotFoundError) as error:
            store.read_nodes("ex_1", [("first", None)])
        assert (error.value.kind, error.value.name) == ("execution", "ex_1")

    def test_many_end_at_once_and_those_that_ended_before_are_left_alone(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        before = run_of("n7", SUCCEEDED, result={"output": "kept"})
        store.finish_node(before)
        store.start_node(run_of("n8", RUNNING))
        runs = {(f"n{n}", None): run_of(f"n{n}", NodeStatus.SKIPPED) for n in range(130)}
        store.finish_nodes(list(runs.values()))
        assert store.read_nodes("ex_1", runs)[1] == runs | {("n7", None): before}
        store.finish_nodes([run_of("n7", NodeStatus.SKIPPED)])
        store.finish_nodes([])
        assert store.read_nodes("ex_1", [("n7", None)])[1] == {("n7", None): before}

    def test_several_are_written_all_or_none(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        store.start_node(run_of("n1", RUNNING))
        runs = [run_of("n0", SUCCEEDED, result={"output": 0}), run_of("n1", FAILED), run_of("n2", RUNNING)]
        keys = [(run.node_id, None) for run in runs]
        assert store.write_nodes(runs) is True
        assert store.read_nodes("ex_1", keys)[1] == dict(zip(keys, runs, strict=True))
        late = [run_of("n2", SUCCEEDED), run_of("n0", NodeStatus.SKIPPED), run_of("n3", SUCCEEDED)]
        assert store.write_nodes(late) is False
        assert store.read_nodes("ex_1", [*keys, ("n3", None)])[1] == dict(zip(keys, runs, strict=True))
        assert store.write_nodes(late[:1]) is True
        assert store.write_nodes(late[:1]) is False
        assert store.write_nodes([]) is True

    def test_an_attempt_replaces_the_one_before(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        assert store.start_node(run_of("first", RUNNING, attempts=1, poll_state={"job": 7})) is None
        second = run_of("first", NodeStatus.WAITING, attempts=2)
        assert store.start_node(second) is None
        assert store.read_nodes("ex_1", [("first", None)])[1] == {("first", None): second}

    def test_what_has_ended_is_never_written_again(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        ended = run_of("first", SUCCEEDED, result={"output": 1})
        assert store.finish_node(ended) is None
        assert store.start_node(run_of("first", RUNNING, attempts=2)) == ended
        assert store.finish_node(run_of("first", FAILED)) == ended
        assert store.finish_node(run_of("first", FAILED, item=0)) is None
        assert store.read_nodes("ex_1", [("first", None)])[1] == {("first", None): ended}

    def test_starts_and_ends_are_told_apart(self, store: ExecutionStore) -> None:
        with pytest.raises(ValueError, match="succeeded"):
            store.start_node(run_of("first", SUCCEEDED))
        with pytest.raises(ValueError, match="running"):
            store.finish_node(run_of("first", RUNNING))

    def test_of_many_who_finish_at_once_one_wins_and_the_others_see_it(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        store.start_node(run_of("first", RUNNING, attempts=1))
        runs = [run_of("first", SUCCEEDED, result={"output": number}) for number in range(12)]
        answers = at_once(12, lambda number: store.finish_node(runs[number]))
        assert answers.count(None) == 1
        winner = runs[answers.index(None)]
        assert [answer for answer in answers if answer is not None] == [winner] * 11
        assert store.read_nodes("ex_1", [("first", None)])[1] == {("first", None): winner}

    def test_a_list_of_node_runs_has_no_items(self, store: ExecutionStore) -> None:
        runs = write_runs(store)
        assert list(store.list_node_runs("ex_1").items) == [runs[name, None] for name in ("a", "ab", "b")]
        assert store.list_node_runs("ex_2").items == ()

    def test_items_of_a_node_are_listed_in_order(self, store: ExecutionStore) -> None:
        runs = write_runs(store)
        items = [runs["a", item] for item in range(12)]
        assert list(store.list_node_runs("ex_1", node_id="a").items) == items
        assert read_pages(lambda c: store.list_node_runs("ex_1", node_id="a", limit=5, cursor=c)) == items
        assert list(store.list_node_runs("ex_1", node_id="ab").items) == [runs["ab", 0]]
        assert store.list_node_runs("ex_1", node_id="b").items == ()

    def test_long_lists_come_in_pages(self, store: ExecutionStore) -> None:
        runs = write_runs(store)
        names = [runs[name, None] for name in ("a", "ab", "b")]
        assert read_pages(lambda cursor: store.list_node_runs("ex_1", limit=1, cursor=cursor)) == names
        assert store.list_node_runs("ex_1", limit=3).cursor is None
        cursor = store.list_node_runs("ex_1", limit=1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_node_runs("ex_1", limit=1, cursor=bad)
        with pytest.raises(RequestError):
            store.list_node_runs("ex_2", limit=1, cursor=cursor)
        with pytest.raises(RequestError):
            store.list_node_runs("ex_1", node_id="a", limit=1, cursor=cursor)
        with pytest.raises(RequestError):
            store.list_node_runs("ex_1", limit=0)

    @pytest.mark.parametrize("size_bytes", [1_000, 64 * 1024, 300 * 1024])
    def test_results_of_many_sizes_are_kept(self, store: ExecutionStore, size_bytes: int) -> None:
        store.create(execution_of("ex_1"))
        noise = random.Random(size_bytes).randbytes(size_bytes // 2).hex()
        run = run_of("first", SUCCEEDED, result={"output": noise})
        assert store.finish_node(run) is None
        assert store.read_nodes("ex_1", [("first", None)])[1] == {("first", None): run}

    def test_lists_of_large_node_runs_are_whole(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        noise = random.Random(1)
        runs = [
            run_of(f"n{n:03d}", SUCCEEDED, result={"output": noise.randbytes(100_000).hex()})
            for n in range(30)
        ]
        for run in runs:
            store.finish_node(run)
        assert read_pages(lambda cursor: store.list_node_runs("ex_1", cursor=cursor)) == runs
        keys = [(run.node_id, None) for run in runs]
        assert store.read_nodes("ex_1", keys)[1] == dict(zip(keys, runs, strict=True))


def write_runs(store: ExecutionStore) -> dict[tuple[str, int | None], NodeRun]:
    """Nodes whose ids start alike, two of them with items, written in no order."""
    store.create(execution_of("ex_1"))
    keys: list[tuple[str, int | None]] = [("a", None), ("ab", None), ("b", None), ("ab", 0)]
    keys += [("a", item) for item in range(12)]
    runs = {(node, item): run_of(node, SUCCEEDED, item) for node, item in keys}
    for key in random.Random(1).sample(keys, len(keys)):
        assert store.finish_node(runs[key]) is None
    return runs
