"""Least privilege, on the translated template: what SAM adds is in it too."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from infra.checks.cloudformation import Resolver
from infra.checks.cloudformation_permissions import Grant, grants

MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mini-n8n/dev"
MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine:mini-n8n-dev-*"
EXECUTIONS = "arn:aws:states:us-east-1:123456789012:execution:mini-n8n-dev-*"
RULES = "arn:aws:events:us-east-1:123456789012:rule/mini-n8n-dev-tr_*"
SCHEDULES = "arn:aws:scheduler:us-east-1:123456789012:schedule/mini-n8n-dev/tr_*"
EXECUTORS = ("Core", "Http", "Ai", "Custom", "Flow")

# Actions whose resource cannot be named, each with the reason. Everything else names its resource.
UNNAMEABLE = {
    "xray:PutTelemetryRecords": "X-Ray has no resource for segments (service authorization reference)",
    "xray:PutTraceSegments": "as above",
}
# Step Functions asks for these besides, to know what to sample; their resource cannot be named either.
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
# What may end in a wildcard: the names that come into being at run time, below a prefix of this stage.
PREFIXES = (
    f"{SECRETS}/credentials/*",
    f"{SECRETS}/api-key-??????",  # Secrets Manager adds six random characters to every name
    f"{SECRETS}/openai-api-key-??????",
    f"{SECRETS}/approval-key-??????",
    MACHINES,
    EXECUTIONS,
    RULES,
    SCHEDULES,
    "<ArtifactsBucket.Arn>/cache/*",
    "<ArtifactsBucket.Arn>/executions/*",
    "<ArtifactsBucket.Arn>/files/*",
    "<ExecutionsTable.Arn>/stream/*",  # a stream is called by the time that it began
)


@pytest.fixture(scope="module")
def allowed(translated: dict[str, Any]) -> dict[str, frozenset[Grant]]:
    return grants(translated, Resolver(translated, {"BedrockModelArns": MODEL}))


def by_resource(granted: frozenset[Grant], service: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for grant in granted:
        if grant.action.startswith(f"{service}:"):
            found[grant.resource].add(grant.action.removeprefix(f"{service}:"))
    return dict(found)


def test_no_action_is_a_wildcard(allowed: dict[str, frozenset[Grant]]) -> None:
    assert [
        (role, grant) for role, granted in allowed.items() for grant in granted if "*" in grant.action
    ] == []


def test_every_resource_that_can_be_named_is_named(allowed: dict[str, frozenset[Grant]]) -> None:
    wild = {
        (role, grant.action, grant.resource)
        for role, granted in allowed.items()
        for grant in granted
        if ("*" in grant.resource or "?" in grant.resource) and grant.resource not in PREFIXES
    }
    tracing = [f"{name}Role" for name in (*EXECUTORS, "Api", "ExecutionEvents", "Triggers")]
    expected = {(role, action, "*") for role in (*tracing, "StateMachineRole") for action in UNNAMEABLE}
    assert wild == expected | {("StateMachineRole", action, "*") for action in SAMPLING}


def test_every_wildcard_that_is_accepted_is_used(allowed: dict[str, frozenset[Grant]]) -> None:
    assert {grant.resource for granted in allowed.values() for grant in granted} >= set(PREFIXES)


def test_only_the_api_passes_roles_each_to_the_service_it_is_for(
    allowed: dict[str, frozenset[Grant]],
) -> None:
    iam = {
        (role, grant)
        for role, granted in allowed.items()
        for grant in granted
        if grant.action.startswith("iam:")
    }

    def passed(role: str, service: str) -> tuple[str, Grant]:
        condition = str({"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}})
        return "ApiRole", Grant("iam:PassRole", f"<{role}.Arn>", condition)

    assert iam == {passed("StateMachineRole", "states"), passed("SchedulerRole", "scheduler")}


def test_a_state_machine_invokes_functions_runs_its_distributed_maps_and_sends_traces(
    allowed: dict[str, frozenset[Grant]],
) -> None:
    called = (*EXECUTORS, "ExecutionEvents")
    assert allowed["StateMachineRole"] == {
        Grant("states:StartExecution", MACHINES),
        Grant("states:DescribeExecution", EXECUTIONS),
        Grant("states:StopExecution", EXECUTIONS),
        *(Grant("lambda:InvokeFunction", f"<{name}Function.Arn>") for name in called),
        *(Grant(action, "*") for action in (*UNNAMEABLE, *SAMPLING)),
    }


def test_only_state_machines_of_this_stage_take_their_role(translated: dict[str, Any]) -> None:
    trust = Resolver(translated).resource("StateMachineRole")["AssumeRolePolicyDocument"]
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "states.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": MACHINES},
            },
        }
    ]


def test_every_function_has_a_role_of_its_own(translated: dict[str, Any]) -> None:
    roles = {
        logical_id: resource["Properties"]["Role"]["Fn::GetAtt"][0]
        for logical_id, resource in translated["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    assert roles == {
        f"{name}Function": f"{name}Role" for name in (*EXECUTORS, "Api", "ExecutionEvents", "Triggers")
    }


EXECUTOR_TABLES = {
    "<WorkflowsTable.Arn>": {"GetItem"},
    "<ExecutionsTable.Arn>": {"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"},
    "<CacheTable.Arn>": {"DeleteItem", "GetItem", "PutItem", "UpdateItem"},
}
# Whose a credential is, and that it is used.
CREDENTIAL_TABLES = EXECUTOR_TABLES | {"<AccessTable.Arn>": {"GetItem", "PutItem"}}
TABLES = {
    "CoreRole": EXECUTOR_TABLES,
    "HttpRole": CREDENTIAL_TABLES,
    "AiRole": CREDENTIAL_TABLES,
    "CustomRole": CREDENTIAL_TABLES,
    "FlowRole": EXECUTOR_TABLES,
    "ExecutionEventsRole": {
        "<WorkflowsTable.Arn>": {"GetItem", "PutItem"},
        "<ExecutionsTable.Arn>": {
            *("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
        },
        "<ExecutionsTable.Arn>/index/by_due": {"Query"},
        "<ExecutionsTable.Arn>/stream/*": {
            *("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
        },
        "<AccessTable.Arn>": {"UpdateItem"},
    },
    "ApiRole": {
        "<WorkflowsTable.Arn>": {"DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"},
        "<WorkflowsTable.Arn>/index/list": {"Query"},
        "<ExecutionsTable.Arn>": {
            *("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"),
            "UpdateItem",
        },
        "<ExecutionsTable.Arn>/index/by_workflow": {"Query"},
        "<ExecutionsTable.Arn>/index/by_day": {"Query"},
        "<CacheTable.Arn>": {"BatchGetItem", "BatchWriteItem", "GetItem", "Scan"},
        "<AccessTable.Arn>": {"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"},
    },
    "TriggersRole": {
        "<WorkflowsTable.Arn>": {"GetItem", "PutItem", "UpdateItem"},
        "<ExecutionsTable.Arn>": {"BatchGetItem", "GetItem", "PutItem", "UpdateItem"},
        "<AccessTable.Arn>": {"GetItem", "PutItem"},
    },
    "SchedulerRole": {},
    "StateMachineRole": {},
}


@pytest.mark.parametrize("role", TABLES)
def test_a_role_has_exactly_the_tables_it_needs(allowed: dict[str, frozenset[Grant]], role: str) -> None:
    assert by_resource(allowed[role], "dynamodb") == TABLES[role]


def test_audit_records_are_put_by_those_who_act_and_changed_or_deleted_by_nobody(
    allowed: dict[str, frozenset[Grant]],
) -> None:
    def leading(operator: str, *keys: str) -> str:
        return str({f"ForAllValues:{operator}": {"dynamodb:LeadingKeys": list(keys)}})

    access = {
        (role, grant.action.removeprefix("dynamodb:"), grant.condition)
        for role, granted in allowed.items()
        for grant in granted
        if grant.resource == "<AccessTable.Arn>" and grant.condition
    }
    users = ("HttpRole", "AiRole", "CustomRole", "TriggersRole")
    assert access == {
        ("ApiRole", "UpdateItem", leading("StringLike", "KEY#*", "LIMIT#*", "RUNNING#*")),
        ("ApiRole", "DeleteItem", leading("StringEquals", "CREDENTIAL")),
        ("ExecutionEventsRole", "UpdateItem", leading("StringLike", "RUNNING#*")),
        *((role, "GetItem", leading("StringEquals", "CREDENTIAL")) for role in users),
        *((role, "PutItem", leading("StringLike", "AUDIT#*")) for role in users),
    }


def test_a_retired_key_of_the_deployment_is_nobodys_to_read(translated: dict[str, Any]) -> None:
    retired = Resolver(translated, {"BootstrapKey": "off"})
    assert by_resource(grants(translated, retired)["ApiRole"], "secretsmanager") == {
        f"{SECRETS}/approval-key-??????": {"GetSecretValue"},
        f"{SECRETS}/credentials/*": {"CreateSecret", "DeleteSecret", "PutSecretValue", "RestoreSecret"},
    }
    assert not retired.exists("ApiKey")
    variables = retired.resource("ApiFunction")["Environment"]["Variables"]
    assert "API_KEY_SECRET" not in variables


SECRET_ACTIONS = {
    "CoreRole": {},
    "HttpRole": {f"{SECRETS}/credentials/*": {"GetSecretValue"}},
    "CustomRole": {f"{SECRETS}/credentials/*": {"GetSecretValue"}},
    "AiRole": {
        f"{SECRETS}/credentials/*": {"GetSecretValue"},
        f"{SECRETS}/openai-api-key": {"GetSecretValue"},
        f"{SECRETS}/openai-api-key-??????": {"GetSecretValue"},
    },
    "FlowRole": {f"{SECRETS}/approval-key-??????": {"GetSecretValue"}},
    "ExecutionEventsRole": {},
    "TriggersRole": {f"{SECRETS}/credentials/*": {"GetSecretValue"}},
    "SchedulerRole": {},
    "StateMachineRole": {},
    "ApiRole": {
        f"{SECRETS}/api-key-??????": {"GetSecretValue"},
        f"{SECRETS}/approval-key-??????": {"GetSecretValue"},
        f"{SECRETS}/credentials/*": {"CreateSecret", "DeleteSecret", "PutSecretValue", "RestoreSecret"},
    },
}  # fmt: skip


@pytest.mark.parametrize("role", SECRET_ACTIONS)
def test_a_role_reads_only_its_secrets_and_the_api_cannot_read_credentials(
    allowed: dict[str, frozenset[Grant]], role: str
) -> None:
    assert by_resource(allowed[role], "secretsmanager") == SECRET_ACTIONS[role]


def test_only_the_ai_executor_calls_models_and_only_those_that_are_named(
    translated: dict[str, Any], allowed: dict[str, frozenset[Grant]]
) -> None:
    def models(granted: dict[str, frozenset[Grant]]) -> set[tuple[str, Grant]]:
        return {
            (role, g) for role, found in granted.items() for g in found if g.action.startswith("bedrock:")
        }

    assert models(allowed) == {("AiRole", Grant("bedrock:InvokeModel", MODEL))}
    assert models(grants(translated, Resolver(translated))) == set()


def test_every_role_writes_to_its_own_log_group_alone(allowed: dict[str, frozenset[Grant]]) -> None:
    for name in (*EXECUTORS, "Api", "ExecutionEvents", "Triggers"):
        logs = by_resource(allowed[f"{name}Role"], "logs")
        assert logs == {f"<{name}LogGroup.Arn>": {"CreateLogStream", "PutLogEvents"}}


ARTIFACTS = {
    **{
        f"{name}Role": {
            "<ArtifactsBucket.Arn>": {"ListBucket"},
            "<ArtifactsBucket.Arn>/cache/*": {"GetObject", "PutObject"},
            "<ArtifactsBucket.Arn>/executions/*": {"GetObject", "PutObject"},
            "<ArtifactsBucket.Arn>/files/*": {"GetObject", "PutObject"},
        }
        for name in EXECUTORS
    },
    "ExecutionEventsRole": {
        "<ArtifactsBucket.Arn>": {"ListBucket"},
        "<ArtifactsBucket.Arn>/executions/*": {"DeleteObject", "GetObject", "PutObject"},
        "<ArtifactsBucket.Arn>/files/*": {"DeleteObject"},
    },
    "ApiRole": {
        "<ArtifactsBucket.Arn>": {"ListBucket"},
        "<ArtifactsBucket.Arn>/executions/*": {"GetObject", "PutObject"},
        "<ArtifactsBucket.Arn>/files/*": {"GetObject"},
    },
    "TriggersRole": {
        "<ArtifactsBucket.Arn>": {"ListBucket"},
        "<ArtifactsBucket.Arn>/executions/*": {"GetObject", "PutObject"},
        "<ArtifactsBucket.Arn>/files/*": {"PutObject"},
    },
    "SchedulerRole": {},
    "StateMachineRole": {},
}


@pytest.mark.parametrize("role", ARTIFACTS)
def test_a_role_has_exactly_the_artifacts_it_needs_and_who_clears_up_alone_deletes_them(
    allowed: dict[str, frozenset[Grant]], role: str
) -> None:
    assert by_resource(allowed[role], "s3") == ARTIFACTS[role]


def test_the_api_rules_over_the_state_machines_of_this_stage(allowed: dict[str, frozenset[Grant]]) -> None:
    assert by_resource(allowed["ApiRole"], "states") == {
        MACHINES: {
            "CreateStateMachine",
            "DeleteStateMachine",
            "DeleteStateMachineVersion",
            "ListStateMachineVersions",
            "PublishStateMachineVersion",
            "SendTaskSuccess",
            "StartExecution",
            "StartSyncExecution",
            "UpdateStateMachine",
        },
        EXECUTIONS: {"DescribeExecution", "StopExecution"},
    }


# The service authorization reference names no resource for the answer to a token, but the service asks for
# the machine's: https://github.com/aws/aws-cdk/pull/8486 tried it.
@pytest.mark.parametrize("name", EXECUTORS)
def test_executors_answer_tasks_that_wait_and_do_nothing_else_to_state_machines(
    allowed: dict[str, frozenset[Grant]], name: str
) -> None:
    if name != "Flow":
        assert by_resource(allowed[f"{name}Role"], "states") == {MACHINES: {"SendTaskSuccess"}}


# Who hears of every end removes the machines that were made for one execution.
@pytest.mark.parametrize(
    ("role", "more"), [("FlowRole", set()), ("ExecutionEventsRole", {"DeleteStateMachineVersion"})]
)
def test_who_starts_and_ends_children_makes_no_state_machine(
    allowed: dict[str, frozenset[Grant]], role: str, more: set[str]
) -> None:
    assert by_resource(allowed[role], "states") == {
        MACHINES: {"SendTaskSuccess", "StartExecution"} | more,
        EXECUTIONS: {"DescribeExecution", "StopExecution"},
    }


def test_the_function_of_triggers_starts_and_never_stops(allowed: dict[str, frozenset[Grant]]) -> None:
    granted = allowed["TriggersRole"]
    assert by_resource(granted, "states") == {MACHINES: {"StartExecution"}, EXECUTIONS: {"DescribeExecution"}}
    assert by_resource(granted, "sqs") == {
        "<TriggersQueue.Arn>": {"DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"}
    }


def test_schedules_call_the_function_of_triggers_and_nothing_else(
    translated: dict[str, Any], allowed: dict[str, frozenset[Grant]]
) -> None:
    assert allowed["SchedulerRole"] == {
        Grant("lambda:InvokeFunction", "<TriggersFunction.Arn>"),
        Grant("sqs:SendMessage", "<TriggersQueue.Arn>"),
    }
    (trust,) = Resolver(translated).resource("SchedulerRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "123456789012",
            "aws:SourceArn": "arn:aws:scheduler:us-east-1:123456789012:schedule-group/mini-n8n-dev",
        }
    }


def test_the_api_rules_over_rules_and_schedules_of_triggers(allowed: dict[str, frozenset[Grant]]) -> None:
    granted = allowed["ApiRole"]
    assert by_resource(granted, "events") == {
        RULES: {"DeleteRule", "DescribeRule", "PutRule", "PutTargets", "RemoveTargets"}
    }
    assert by_resource(granted, "scheduler") == {
        SCHEDULES: {"CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"}
    }
