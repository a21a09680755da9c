"""What nodes that ask or run others meet in memory: children that end now or later, people that answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

from engine.adapters.memory import ManualClock, MemoryExecutionStore
from engine.approval import Approval, ApprovalLinks, Decision, Question
from engine.child import ChildExecution, WorkflowReference
from engine.execution import ErrorInfo, Execution, ExecutionStatus
from engine.json_value import JsonValue, digest
from engine.service.approvals import ApprovalDesk, ApprovalSigner, NodeApprovals
from tests.property.flow_kind import FILLED_IN, OUTCOMES

SOON_SECONDS = 0.002


@dataclass
class FlowWorld:
    """Starts children and answers questions; half of them before the node waits, half a moment later."""

    executions: MemoryExecutionStore
    clock: ManualClock
    wake: Callable[[str], None]
    children: dict[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def soon(self, name: str, happen: Callable[[], None]) -> None:
        """Let something happen now, or when others run; then wake who waits for it."""

        def go() -> None:
            happen()
            self.wake(name)

        if int(digest(name)[:4], 16) % 2:
            go()
        else:
            timer = Timer(SOON_SECONDS, go)
            timer.daemon = True
            timer.start()


@dataclass(frozen=True)
class ScriptedStarter:
    """Children as `flow_kind.child_document` runs them, which the tests on the local AWS see for real."""

    world: FlowWorld

    def of(self, execution: Execution, node_id: str, item: int | None) -> ScriptedChildren:
        return ScriptedChildren(self.world, f"{execution.execution_id}/{node_id}/{item}")


@dataclass(frozen=True)
class ScriptedChildren:
    world: FlowWorld
    prefix: str

    async def start(self, reference: WorkflowReference, inputs: Mapping[str, JsonValue], key: str) -> str:
        name = f"{self.prefix}/{key}"
        if name not in self.world.children:
            self.world.children[name] = inputs
            self.world.soon(name, lambda: self.world.ended.add(name))
        return name

    async def find(self, execution_id: str) -> ChildExecution:
        inputs = self.world.children[execution_id]
        known: dict[str, Any] = {"status": ExecutionStatus.RUNNING}
        if execution_id in self.world.ended:
            known = {"status": ExecutionStatus.SUCCEEDED, "output": {"out": inputs["value"]}}
            if inputs["fails"]:
                error = ErrorInfo(type="NodeError", message="as the input says")
                known = {"status": ExecutionStatus.FAILED, "error": error}
        return ChildExecution(execution_id, "wf_child", "Child", 1, **known)


@dataclass(frozen=True)
class ScriptedDesk:
    """The real desk, with somebody who does as titles say."""

    world: FlowWorld

    def of(self, execution: Execution, node_id: str, item: int | None) -> AnsweredApprovals:
        desk = ApprovalDesk(
            self.world.executions, ApprovalSigner(lambda: "key", "http://test"), self.world.clock
        )
        return AnsweredApprovals(self.world, desk.of(execution, node_id, item))


@dataclass(frozen=True)
class AnsweredApprovals:
    world: FlowWorld
    asked: NodeApprovals

    async def ask(self, question: Question) -> ApprovalLinks:
        links = await self.asked.ask(question)
        approval = await self.asked.find()
        self.world.soon(approval.approval_id, lambda: self._answer(approval))
        return links

    async def find(self) -> Approval:
        found = await self.asked.find()
        if OUTCOMES[found.title] == "expired" and found.approval_id in self.world.ended:
            return found.model_copy(update={"expires_at": found.asked_at})
        return found

    async def expire(self) -> Approval:
        return await self.asked.expire()

    def _answer(self, approval: Approval) -> None:
        outcome = OUTCOMES[approval.title]
        self.world.ended.add(approval.approval_id)
        if outcome == "approved":
            data = {"data": dict(FILLED_IN)}
        elif outcome == "rejected":
            data = {}
        else:
            return
        self.world.executions.decide_approval(
            approval, Decision(outcome=outcome, decided_at=approval.asked_at, **data)
        )
