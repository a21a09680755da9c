"""The whole engine in memory, with node types that do what a test tells them to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from engine.access.audit_service import AuditService
from engine.adapters.memory import (
    ManualClock,
    MemoryAuditStore,
    MemoryBlobStore,
    MemoryCacheStore,
    MemoryCredentialStore,
    MemoryDurationStore,
    MemoryEventSources,
    MemoryExecutionStore,
    MemoryLatchStore,
    MemoryMetrics,
    MemoryStateMachines,
    MemoryTallyStore,
    MemoryTriggerStore,
    MemoryWorkflowStore,
)
from engine.adapters.template_folder import TemplateFolder
from engine.execution import Execution, NodeRun
from engine.json_value import JsonObject
from engine.node import BaseNode, NodeConfig, NodeContext, NodeInputs, NodeResult
from engine.ports import CredentialInfo
from engine.registry import NodeRegistry
from engine.runner import Runner
from engine.runner.context import ContextMaker, NodeEnvironment
from engine.runner.runner import Stores
from engine.service.aftermath import Aftermath
from engine.service.approvals import ApprovalDesk, ApprovalService, ApprovalSigner
from engine.service.children import ChildStarter
from engine.service.credentials import CredentialService
from engine.service.durations import DurationRecorder
from engine.service.executions import ExecutionService
from engine.service.exports import ExportService
from engine.service.finish import ExecutionFinisher
from engine.service.imports import ImportService
from engine.service.partial_run import PartialRunPlanner
from engine.service.recompile import RecompileService
from engine.service.removal import ExecutionRemover
from engine.service.start_request import StartRequest
from engine.service.tally import Tally
from engine.service.templates import TemplateService
from engine.service.trigger_fire import TriggerFirer
from engine.service.trigger_start import TriggerStarter
from engine.service.triggers import TriggerService
from engine.service.versions import VersionService
from engine.service.waker import Waker
from engine.service.webhook_reply import WebhookReplier
from engine.service.webhooks import WebhookService
from engine.service.workflows import WorkflowService
from engine.settings import TARGETS as TARGET_NAMES
from engine.task import Step, Task, TaskAnswer
from engine.values import ValueStore
from nodes import BUILTIN_NODES

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PUBLIC_URL = "http://mini-n8n.test"
TARGETS = {name: f"arn:aws:lambda:us-east-1:0:function:{name}" for name in TARGET_NAMES}

SIGNER = ApprovalSigner(lambda: "the key that signs links", PUBLIC_URL)

# What a node does: (its resolved config, inputs, context) -> what run() or poll() answers.
Script = Callable[[dict[str, Any], NodeInputs, NodeContext], Any]


class CallConfig(NodeConfig):
    value: Any = None
    credential: str | None = Field(None, json_schema_extra={"x-widget": "credential"})


def echo(config: dict[str, Any], inputs: NodeInputs, context: NodeContext) -> NodeResult:
    return NodeResult({"output": config["value"]})


@dataclass
class Scripts:
    """What the scripted node types of one bench do now, and how often they were called."""

    run: Script = echo
    poll: Script = echo
    calls: list[NodeContext] = field(default_factory=list)


def scripted_types(scripts: Scripts) -> list[type[BaseNode]]:
    """``call``, ``poll`` and ``fork``, all run by ``scripts``."""

    class CallNode(BaseNode):
        type = "call"
        Config = CallConfig

        async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
            scripts.calls.append(context)
            answer = scripts.run(self.config.model_dump(), inputs, context)
            result: NodeResult = await answer if inspect.isawaitable(answer) else answer
            return result

    class PollNode(CallNode):
        type = "poll"
        polls = True

        async def poll(self, state: JsonObject, context: NodeContext) -> NodeResult:
            scripts.calls.append(context)
            result: NodeResult = scripts.poll(state, {}, context)
            return result

    class ForkNode(CallNode):
        type = "fork"
        outputs = ("left", "right")

    return [CallNode, PollNode, ForkNode]


class EngineBench:
    """Every part over in-memory adapters; time stands still until it is told to pass."""

    def __init__(self, **services: Any) -> None:
        self.clock = ManualClock()
        self.metrics, self.tallies = MemoryMetrics(), MemoryTallyStore()
        self.workflows = MemoryWorkflowStore(self.clock)
        self.executions = MemoryExecutionStore(self.clock)
        self.latches = MemoryLatchStore()
        self.cache = services.get("cache") or MemoryCacheStore()
        self.blobs = MemoryBlobStore()
        self.values = ValueStore(self.blobs)
        self.credentials = MemoryCredentialStore()
        self.machines = MemoryStateMachines(self.clock)
        self.scripts = Scripts()
        self.registry = NodeRegistry(BUILTIN_NODES)
        for node_type in scripted_types(self.scripts):
            self.registry.register(node_type)
        self.waker = Waker(self.executions, self.machines)
        aftermath = Aftermath(lambda: self.execution_service, self.waker, self.metrics)
        self.durations = MemoryDurationStore()
        self.finisher = ExecutionFinisher(
            self.workflows,
            self.executions,
            self.values,
            self.clock,
            self.metrics,
            follow=aftermath.follow,
            discard_machine=self.machines.discard,
            durations=DurationRecorder(self.durations, self.clock, self.metrics),
            tally=Tally(self.tallies),
        )
        self.triggers, self.sources = MemoryTriggerStore(self.clock), MemoryEventSources()
        self.trigger_service = TriggerService(
            self.triggers, self.sources, self.workflows, self.credentials, self.clock, "artifacts"
        )
        self.workflow_service = WorkflowService(
            workflows=self.workflows,
            executions=self.executions,
            machines=self.machines,
            registry=self.registry,
            targets=TARGETS,
            clock=self.clock,
            durations=self.durations,
            release_triggers=self.trigger_service.release,
        )
        self.parts = PartialRunPlanner(self.executions, self.registry)
        self.execution_service = ExecutionService(
            workflows=self.workflows,
            executions=self.executions,
            machines=self.machines,
            registry=self.registry,
            values=self.values,
            finisher=self.finisher,
            clock=self.clock,
            metrics=self.metrics,
            parts=self.parts,
            publish_part=self.workflow_service.saver.publish_part,
        )
        self.remover = ExecutionRemover(self.executions, self.blobs, self.clock, self.metrics)
        self.audit_records = MemoryAuditStore()
        self.approval_service = ApprovalService(
            self.executions, SIGNER, self.waker, AuditService(self.audit_records, self.clock), self.clock
        )
        self.runner = self.make_runner()
        self.credential_service = CredentialService(self.credentials, self.clock)
        saver = self.workflow_service.saver
        self.version_service = VersionService(self.workflows, saver, self.clock)
        self.recompile_service = RecompileService(self.workflows, saver, self.durations)
        self.export_service = ExportService(self.workflows, self.credentials, self.registry)
        self.import_service = ImportService(self.workflows, self.credentials, saver)
        self.template_service = TemplateService(TemplateFolder(EXAMPLES), saver)
        starter = TriggerStarter(self.execution_service)
        self.trigger_firer = TriggerFirer(
            self.triggers, starter, self.clock, self.metrics, Tally(self.tallies)
        )
        self.webhook_service = WebhookService(
            triggers=self.triggers,
            credentials=self.credentials,
            blobs=self.blobs,
            firer=self.trigger_firer,
            replier=WebhookReplier(self.execution_service, self.blobs),
            clock=self.clock,
            public_url=PUBLIC_URL,
            workflows=self.workflows,
            audit=AuditService(MemoryAuditStore(), self.clock),
        )

    def save_live(self, document: JsonObject) -> str:
        """The id of a new workflow whose first version is live."""
        head, _ = self.workflow_service.create(document)
        self.version_service.publish(head.workflow_id, "draft", None, "tests")
        return head.workflow_id

    def make_runner(self) -> Runner:
        """A runner as a new process would have it, over the same stores."""
        contexts = ContextMaker(
            self.credentials,
            self.blobs,
            self.clock,
            NodeEnvironment(public_url=PUBLIC_URL),
            starter=ChildStarter(self.execution_service),
            desk=ApprovalDesk(self.executions, SIGNER, self.clock),
        )
        stores = Stores(self.workflows, self.executions, self.cache, self.values)
        return Runner(
            stores,
            self.registry,
            contexts,
            self.clock,
            self.metrics,
            answer_token=self.machines.send_success,
            latches=self.latches,
        )

    def store_credential(self, name: str, kind: str, /, **values: str) -> None:
        """A credential that nodes may name."""
        now = self.clock.now()
        self.credentials.put(CredentialInfo(name, kind, tuple(values), now, now), values)

    def begin(self, *nodes: JsonObject, inputs: JsonObject | None = None, **more: Any) -> str:
        """Save a workflow of these nodes and start it; its execution id. Nothing runs by itself."""
        document = {"name": "Bench", "nodes": list(nodes), "connections": more.pop("connections", [])}
        head, _ = self.workflow_service.create(document | more.pop("document", {}))
        request = StartRequest(head.workflow_id, inputs or {}, **more)
        return self.execution_service.start(request)[0].execution_id

    def run(
        self,
        execution_id: str,
        node_id: str,
        step: Step = "run",
        *,
        item: int | None = None,
        error_name: str | None = None,
        token: str | None = None,
        fork: str | None = None,
        arrives: tuple[str, ...] = (),
    ) -> TaskAnswer:
        """Run one task."""
        if token is not None:
            self.machines.open_token(token)
        named = {"item": item, "error_name": error_name, "token": token, "fork": fork, "arrives": arrives}
        return self.runner.run(self.task(execution_id, node_id, step, **named))

    def task(self, execution_id: str, node_id: str, step: Step = "run", **more: Any) -> Task:
        """One task, as a state machine sends it."""
        execution = self.executions.get(execution_id)
        return Task(
            execution_id=execution_id,
            workflow_id=execution.workflow_id,
            version=execution.version,
            nodes=(node_id,),
            step=step,
            **more,
        )

    def wait(self, execution_id: str, latch: str, awaited: Sequence[str], token: str) -> TaskAnswer:
        """Run the task of a wait for other nodes."""
        self.machines.open_token(token)
        given = {"execution_id": execution_id, "workflow_id": "wf", "version": 1, "nodes": ()}
        wait = {"step": "await", "latch": latch, "await": tuple(awaited), "token": token}
        return self.runner.run(Task.model_validate(given | wait))

    def record(self, execution_id: str, node_id: str, item: int | None = None) -> NodeRun:
        """The node run as it is stored; KeyError where there is none."""
        return self.executions.read_nodes(execution_id, [(node_id, item)])[1][node_id, item]

    def execution(self, execution_id: str) -> Execution:
        """The execution as it is stored."""
        return self.executions.get(execution_id)


def node(node_id: str, type_name: str = "call", **more: Any) -> JsonObject:
    """A node of a document; what is no setting of a node goes into its config."""
    settings = (
        "retry",
        "timeout_seconds",
        "on_error",
        "cache_ttl_seconds",
        "for_each",
        "join",
        "disabled",
        "pinned",
    )
    found = {name: more.pop(name) for name in settings if name in more}
    return {"id": node_id, "type": type_name, "config": more, **found}


def connect(*pairs: str) -> list[JsonObject]:
    """Connections, each as ``source>target`` or ``source.output>target``."""
    found = []
    for pair in pairs:
        source, target = pair.split(">")
        source, _, output = source.partition(".")
        found.append({"source": source, "source_output": output or "main", "target": target})
    return found
