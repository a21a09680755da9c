"""What every ExecutionStore promises of ties between executions. Subclass it and give a ``store``."""

from __future__ import annotations

import pytest

from engine.approval import Approval, Decision
from engine.errors import NotFoundError, RequestError
from engine.execution import ChildLink
from engine.ports import ExecutionStore
from tests.contract.samples import NOW, at_once, execution_of, read_pages, spoiled


class ExecutionLinksContract:
    def test_who_waits_first_is_found_by_who_wakes(self, store: ExecutionStore) -> None:
        assert not store.wait_for("ex_1", "ex_2", "token 1")
        assert not store.wait_for("ex_1", "ex_2", "token 2")
        assert store.wake("ex_1", "ex_2") == "token 2"
        assert store.wake("ex_1", "ex_2") == "token 2"

    def test_who_waits_later_finds_that_it_is_woken(self, store: ExecutionStore) -> None:
        assert store.wake("ex_1", "ex_2") is None
        assert store.wait_for("ex_1", "ex_2", "token")
        assert not store.wait_for("ex_1", "ex_3", "token")
        assert not store.wait_for("ex_2", "ex_2", "token")

    @pytest.mark.parametrize("number", range(8))
    def test_of_two_at_the_same_time_one_sees_the_other(self, store: ExecutionStore, number: int) -> None:
        def act(who: int) -> bool:
            if who == number % 2:
                return store.wait_for("ex_1", f"name {number}", "token")
            return store.wake("ex_1", f"name {number}") == "token"

        assert any(at_once(2, act))

    def test_names_that_wake_are_no_node_runs(self, store: ExecutionStore) -> None:
        store.create(execution_of("ex_1"))
        store.wake("ex_1", "ex_2")
        store.add_child("ex_1", ChildLink(execution_id="ex_2", workflow_id="wf_2", node_id="call"))
        assert store.list_node_runs("ex_1").items == ()

    def test_children_are_listed_page_by_page(self, store: ExecutionStore) -> None:
        links = [
            ChildLink(execution_id=f"ex_{n}", workflow_id="wf_2", node_id="call", item=n) for n in range(5)
        ]
        for link in [*reversed(links), links[0]]:
            store.add_child("ex_1", link)
        store.add_child("ex_9", ChildLink(execution_id="ex_8", workflow_id="wf_2"))
        assert read_pages(lambda cursor: store.list_children("ex_1", 2, cursor)) == links
        assert store.list_children("ex_2").items == ()

    def test_cursors_of_children_that_are_not_ours_are_refused(self, store: ExecutionStore) -> None:
        for number in range(2):
            store.add_child("ex_1", ChildLink(execution_id=f"ex_{number}", workflow_id="wf_2"))
        cursor = store.list_children("ex_1", 1).cursor
        assert cursor is not None
        for bad in spoiled(cursor):
            with pytest.raises(RequestError):
                store.list_children("ex_1", 1, bad)

    def test_a_question_is_asked_once_and_answered_once(self, store: ExecutionStore) -> None:
        approval = approval_of("ap_1")
        with pytest.raises(NotFoundError):
            store.get_approval("ex_1", "ap_1")
        with pytest.raises(NotFoundError):
            store.decide_approval(approval, DECISION)
        assert store.open_approval(approval) == approval
        assert store.open_approval(approval_of("ap_1", title="Again?")) == approval
        assert store.decide_approval(approval, DECISION) is None
        decided = approval.model_copy(update={"decision": DECISION})
        assert store.decide_approval(approval, DECISION.model_copy(update={"outcome": "rejected"})) == decided
        assert store.get_approval("ex_1", "ap_1") == decided
        assert store.open_approval(approval) == decided

    def test_of_all_who_answer_at_once_one_is_first(self, store: ExecutionStore) -> None:
        approval = store.open_approval(approval_of("ap_1"))

        def decide(number: int) -> bool:
            return store.decide_approval(approval, DECISION.model_copy(update={"by": str(number)})) is None

        assert sum(at_once(8, decide)) == 1


DECISION = Decision(outcome="approved", decided_at=NOW, by="Ada \u00e9", data={"amount": 1.5})


def approval_of(approval_id: str, **changes: str) -> Approval:
    return Approval(
        approval_id=approval_id,
        execution_id="ex_1",
        node_id="ask",
        workflow_name="Orders",
        message="x" * 5_000,
        asked_at=NOW,
        expires_at=NOW,
        **{"title": "Good?", **changes},
    )
