from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.registry import NodeRegistry
from engine.settings import EXECUTORS, TARGETS, read_settings
from engine.validation.node_rule import EXECUTOR_MARGIN_SECONDS, EXECUTOR_TIMEOUT_SECONDS
from functions.execution_events.removals import WATCHED
from infra.build.environment import ROOT
from infra.build.function_package import PACKAGES
from infra.build.template_file import TEMPLATE, read_template
from infra.checks.cloudformation import Resolver
from nodes import BUILTIN_NODES

# Read by Powertools itself.
POWERTOOLS_VARIABLES = {"LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME"}


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    resolver = Resolver(template)
    found = [name for name, resource in template["Resources"].items() if resource["Type"] == kind]
    return {name: resolver.resource(name) for name in found}


def variables(
    template: dict[str, Any], parameters: dict[str, str] | None = None
) -> dict[str, dict[str, str]]:
    resolver = Resolver(template, parameters)
    return {name: resolver.resource(name)["Environment"]["Variables"] for name in PACKAGES}


def test_each_function_is_what_was_decided(translated: dict[str, Any]) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    decided = {
        name: (function["Handler"], function["MemorySize"], function["Timeout"])
        for name, function in functions.items()
    }
    assert decided == {
        "ApiFunction": ("functions.api.handler.handler", 1024, 29),
        "CoreFunction": ("functions.node_executor.handler.handler", 1024, 90),
        "HttpFunction": ("functions.node_executor.handler.handler", 1024, 300),
        "AiFunction": ("functions.node_executor.handler.handler", 1024, 900),
        "CustomFunction": ("functions.node_executor.handler.handler", 1024, 300),
        "FlowFunction": ("functions.node_executor.handler.handler", 1024, 90),
        "ExecutionEventsFunction": ("functions.execution_events.handler.handler", 1024, 60),
        "TriggersFunction": ("functions.triggers.handler.handler", 1024, 29),
    }
    assert {function["Runtime"] for function in functions.values()} == {"python3.11"}
    assert {tuple(function["Architectures"]) for function in functions.values()} == {("arm64",)}
    assert {function["TracingConfig"]["Mode"] for function in functions.values()} == {"Active"}


def test_each_function_logs_json_to_a_group_that_forgets(translated: dict[str, Any]) -> None:
    groups = of_type(translated, "AWS::Logs::LogGroup")
    for function in of_type(translated, "AWS::Lambda::Function").values():
        assert function["LoggingConfig"] == {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
            "LogGroup": f"/aws/lambda/{function['FunctionName']}",
        }
        assert function["LoggingConfig"]["LogGroup"] in [group["LogGroupName"] for group in groups.values()]
    assert {group["RetentionInDays"] for group in groups.values()} == {"30"}


@pytest.mark.parametrize("name", BUILTIN_NODES)
def test_a_node_may_take_its_default_time_in_its_function(translated: dict[str, Any], name: str) -> None:
    node_type = NodeRegistry(BUILTIN_NODES).get(name)
    function = Resolver(translated).resource(f"{node_type.executor.capitalize()}Function")
    if not node_type.polls:  # whose timeout is that of all its short calls together
        assert node_type.default_timeout_seconds + EXECUTOR_MARGIN_SECONDS <= function["Timeout"]


def test_validation_knows_how_long_each_executor_may_take(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated)
    timeouts = {name: resolver.resource(f"{name.capitalize()}Function")["Timeout"] for name in EXECUTORS}
    assert timeouts == EXECUTOR_TIMEOUT_SECONDS


def test_the_environment_is_what_the_settings_read(translated: dict[str, Any]) -> None:
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

    for name, environment in variables(translated).items():
        settings = read_settings(Asked(environment))
        assert settings.workflows_table == "mini-n8n-dev-workflows"
        assert set(settings.targets) == (set(TARGETS) if name == "ApiFunction" else set())
    given = {name for environment in variables(translated).values() for name in environment}
    # The runtime sets region and memory; a key in plain text is for machines of one's own.
    assert asked - given == {
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "OPENAI_API_KEY",
    }
    assert given - asked == POWERTOOLS_VARIABLES


def test_only_the_functions_that_need_them_are_told_keys_and_targets(translated: dict[str, Any]) -> None:
    told = {
        variable: {name for name, environment in variables(translated).items() if variable in environment}
        for variable in (
            "API_KEY_SECRET",
            "OIDC_ISSUER",
            "OPENAI_API_KEY_SECRET",
            "STATE_MACHINE_ROLE_ARN",
            "CORE_FUNCTION_ARN",
            "TRIGGERS_FUNCTION_ARN",
        )
    }
    assert told == {
        "API_KEY_SECRET": {"ApiFunction"},
        "OIDC_ISSUER": {"ApiFunction"},
        "OPENAI_API_KEY_SECRET": {"AiFunction"},
        "STATE_MACHINE_ROLE_ARN": {"ApiFunction"},
        "CORE_FUNCTION_ARN": {"ApiFunction"},
        "TRIGGERS_FUNCTION_ARN": {"ApiFunction"},
    }


def test_tokens_are_those_of_the_issuer_that_is_named_or_of_the_user_pool_that_is_made(
    translated: dict[str, Any],
) -> None:
    def read(parameters: dict[str, str]) -> tuple[str, str, str, str | None]:
        settings = read_settings(variables(translated, parameters)["ApiFunction"])
        role = settings.oidc_default_role
        return settings.oidc_issuer, settings.oidc_audience, settings.oidc_groups_claim, role

    assert read({}) == ("", "", "groups", None)
    named = {"OidcIssuer": "https://id.example.com", "OidcAudience": "flows", "OidcDefaultRole": "viewer"}
    assert read(named) == ("https://id.example.com", "flows", "groups", "viewer")
    pool = (
        "https://cognito-idp.us-east-1.amazonaws.com/<UserPool>",
        "<UserPoolClient>",
        "cognito:groups",
        None,
    )
    assert read({"MakeUserPool": "yes"}) == pool
    assert not Resolver(translated).exists("UserPool")


def test_the_public_url_is_the_domain_of_ones_own_or_the_address_that_aws_gives(
    translated: dict[str, Any],
) -> None:
    urls = {environment["PUBLIC_URL"] for environment in variables(translated).values()}
    assert urls == {"https://<HttpApi>.execute-api.us-east-1.amazonaws.com"}
    own = variables(translated, {"PublicUrl": "https://flows.example.com"})
    assert {environment["PUBLIC_URL"] for environment in own.values()} == {"https://flows.example.com"}


def test_sam_local_is_given_the_values_of_the_local_stage(translated: dict[str, Any]) -> None:
    here = {"Stage": "local", "PublicUrl": "http://localhost:8000", "AWS::AccountId": "000000000000"}
    given = json.loads((ROOT / "infra" / "events" / "environment.json").read_text("utf-8"))
    for name, environment in variables(translated, here).items():
        overridden = {**given["Parameters"], **given.get(name, {})}
        for variable, value in environment.items():
            # sam local knows resources by their logical ids only; parameters it resolves itself.
            if variable in overridden and "<" not in value:
                assert (name, variable, overridden[variable]) == (name, variable, value)
        needed = {name for name in environment if name.endswith(("_TABLE", "_BUCKET", "_ARN", "PUBLIC_URL"))}
        assert needed <= set(overridden)


TABLES = {
    "WorkflowsTable": (["workflow_id", "sk"], {"list": ["list_shard", "workflow_id"]}),
    "ExecutionsTable": (
        ["execution_id", "sk"],
        {
            "by_workflow": ["workflow_id", "execution_id"],
            "by_day": ["day_shard", "execution_id"],
            "by_due": ["due_shard", "due_at_epoch_seconds"],
        },
    ),
    "CacheTable": (["cache_key"], {}),
    "AccessTable": (["pk", "sk"], {}),
}


def test_the_tables_have_the_keys_that_the_adapters_use(translated: dict[str, Any]) -> None:
    def keys(schema: list[dict[str, str]]) -> list[str]:
        assert [part["KeyType"] for part in schema] == ["HASH", "RANGE"][: len(schema)]
        return [part["AttributeName"] for part in schema]

    found = {
        name: (
            keys(table["KeySchema"]),
            {i["IndexName"]: keys(i["KeySchema"]) for i in table.get("GlobalSecondaryIndexes", [])},
        )
        for name, table in of_type(translated, "AWS::DynamoDB::Table").items()
    }
    assert found == TABLES


def test_the_indexes_hold_what_lists_need_and_no_large_values(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated)
    filtered = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["status", "started_at_epoch_microseconds"]}
    projections = {
        index["IndexName"]: index["Projection"]
        for name in ("WorkflowsTable", "ExecutionsTable")
        for index in resolver.resource(name)["GlobalSecondaryIndexes"]
    }
    assert projections == {
        "list": {"ProjectionType": "ALL"},
        "by_workflow": filtered,
        "by_day": filtered,
        "by_due": {"ProjectionType": "KEYS_ONLY"},
    }


def test_executions_that_hang_are_looked_for_unless_nothing_is_to_run_idle(
    translated: dict[str, Any],
) -> None:
    rule = Resolver(translated).resource("ExecutionEventsFunctionSweep")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(15 minutes)", "ENABLED")
    (target,) = rule["Targets"]
    assert target["Arn"] == "<ExecutionEventsFunction.Arn>"
    assert json.loads(target["Input"]) == {"sweep": "stuck"}
    off = Resolver(translated, {"StuckSweep": "off"}).resource("ExecutionEventsFunctionSweep")
    assert off["State"] == "DISABLED"


def test_the_tables_cost_nothing_idle_forget_what_expired_and_are_encrypted(
    translated: dict[str, Any],
) -> None:
    for table in of_type(translated, "AWS::DynamoDB::Table").values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["TimeToLiveSpecification"] == {
            "AttributeName": "expires_at_epoch_seconds",
            "Enabled": True,
        }
        assert table["SSESpecification"] == {"SSEEnabled": True}


def test_what_cannot_be_made_anew_can_be_restored_and_outlives_the_stack(translated: dict[str, Any]) -> None:
    tables = of_type(translated, "AWS::DynamoDB::Table")
    restorable = {name for name, table in tables.items() if "PointInTimeRecoverySpecification" in table}
    assert restorable == {"WorkflowsTable", "AccessTable"}
    kept = {
        name
        for name, resource in translated["Resources"].items()
        if resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"
    }
    assert kept == {"WorkflowsTable", "ExecutionsTable", "AccessTable", "ArtifactsBucket", "UserPool"}


def test_the_bucket_is_private_encrypted_and_reached_by_tls_only(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated)
    bucket = resolver.resource("ArtifactsBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    rules = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rules == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    assert resolver.resource("ArtifactsBucketPolicy")["PolicyDocument"]["Statement"] == [
        {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["<ArtifactsBucket.Arn>", "<ArtifactsBucket.Arn>/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_what_an_execution_made_stays_until_it_is_deleted_with_it(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated, {"ExecutionRetentionDays": "30"})
    rules = resolver.resource("ArtifactsBucket")["LifecycleConfiguration"]["Rules"]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in rules if "Prefix" in rule] == [
        ("cache/", 366)
    ]
    told = {
        found["EXECUTION_RETENTION_DAYS"]
        for found in variables(translated, {"ExecutionRetentionDays": "30"}).values()
    }
    assert told == {"30"}


def test_who_clears_up_hears_of_every_execution_that_goes_and_of_nothing_else(
    translated: dict[str, Any],
) -> None:
    resolver = Resolver(translated)
    assert resolver.resource("ExecutionsTable")["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    mapping = resolver.resource("ExecutionEventsFunctionRemoval")
    assert mapping["EventSourceArn"] == "<ExecutionsTable.StreamArn>"
    (found,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(found["Pattern"]) == {
        "eventName": ["REMOVE"],
        "dynamodb": {"Keys": {"sk": {"S": sorted(WATCHED)}}},
    }
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": "<ExecutionEventsQueue.Arn>"}}


def test_requests_go_to_the_api_function_and_those_to_webhooks_to_their_own(
    translated: dict[str, Any],
) -> None:
    resolver = Resolver(translated)
    routes = of_type(translated, "AWS::ApiGatewayV2::Route").values()
    assert {(route["RouteKey"], route["Target"]) for route in routes} == {
        ("ANY /", "integrations/<HttpApiIntegration>"),
        ("ANY /{proxy+}", "integrations/<HttpApiIntegration>"),
        ("ANY /webhooks/{proxy+}", "integrations/<WebhooksIntegration>"),
        ("ANY /webhooks-test/{proxy+}", "integrations/<WebhooksIntegration>"),
    }
    webhooks = resolver.resource("WebhooksIntegration")
    called = resolver.resource("TriggersFunction")["FunctionName"]
    assert webhooks["IntegrationUri"] == f"arn:aws:lambda:us-east-1:123456789012:function:{called}"
    assert resolver.resource("TriggersFunction")["Timeout"] * 1000 < webhooks["TimeoutInMillis"]
    integration = resolver.resource("HttpApiIntegration")
    name = resolver.resource("ApiFunction")["FunctionName"]
    assert integration["IntegrationUri"] == f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert integration["PayloadFormatVersion"] == "2.0"
    # The function must answer, or be cut, before the API gives up on it.
    assert resolver.resource("ApiFunction")["Timeout"] * 1000 < integration["TimeoutInMillis"]


def test_the_end_of_each_of_our_executions_is_recorded_or_kept_for_later(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated)
    rule = resolver.resource("ExecutionEventsFunctionStatusChange")
    prefix = "arn:aws:states:us-east-1:123456789012:stateMachine:mini-n8n-dev-"
    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
            "stateMachineArn": [{"prefix": prefix}],
        },
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == "<ExecutionEventsFunction.Arn>"
    assert target["DeadLetterConfig"] == {"Arn": "<ExecutionEventsQueue.Arn>"}
    invoked = resolver.resource("ExecutionEventsFunctionEventInvokeConfig")
    assert invoked["DestinationConfig"] == {"OnFailure": {"Destination": "<ExecutionEventsQueue.Arn>"}}
    assert invoked["MaximumRetryAttempts"] == 2


def test_an_event_that_started_nothing_is_kept_and_comes_back_to_be_recorded(
    translated: dict[str, Any],
) -> None:
    resolver = Resolver(translated)
    invoked = resolver.resource("TriggersFunctionEventInvokeConfig")
    assert invoked["DestinationConfig"] == {"OnFailure": {"Destination": "<TriggersQueue.Arn>"}}
    assert invoked["MaximumRetryAttempts"] == 2
    mapping = resolver.resource("TriggersFunctionFailedEvents")
    assert (mapping["EventSourceArn"], mapping["FunctionResponseTypes"]) == (
        "<TriggersQueue.Arn>",
        ["ReportBatchItemFailures"],
    )
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    timeout = resolver.resource("TriggersFunction")["Timeout"]
    assert resolver.resource("TriggersQueue")["VisibilityTimeout"] >= 6 * timeout


def test_the_function_of_triggers_is_called_by_this_api_and_its_own_rules_alone(
    translated: dict[str, Any],
) -> None:
    callers = {
        (permission["Principal"], permission["SourceArn"])
        for permission in of_type(translated, "AWS::Lambda::Permission").values()
        if permission["FunctionName"] == "mini-n8n-dev-triggers" or "Triggers" in permission["FunctionName"]
    }
    assert callers == {
        ("apigateway.amazonaws.com", "arn:aws:execute-api:us-east-1:123456789012:<HttpApi>/*"),
        ("events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/mini-n8n-dev-tr_*"),
    }


def test_no_stage_is_the_prefix_of_another() -> None:
    pattern = re.compile(read_template()["Parameters"]["Stage"]["AllowedPattern"])
    assert [
        name for name in ("dev", "prod2", "dev-2", "Dev", "d", "2dev", "a" * 17) if pattern.match(name)
    ] == [
        "dev",
        "prod2",
    ]


def commented_resources() -> Iterator[tuple[str, str]]:
    lines = TEMPLATE.read_text("utf-8").splitlines()
    inside = lines.index("Resources:")
    for above, line in zip(lines[inside:], lines[inside + 1 :], strict=False):
        if line == "Outputs:":
            return
        if match := re.fullmatch(r"  ([A-Za-z]+):", line):
            yield match[1], above


def test_every_resource_says_why_it_exists(template: dict[str, Any]) -> None:
    comments = dict(commented_resources())
    assert set(comments) == set(template["Resources"])
    assert [name for name, above in comments.items() if not above.startswith("  # ")] == []


def test_names_stay_within_the_limits_of_step_functions_and_lambda(translated: dict[str, Any]) -> None:
    environment = variables(translated, {"Stage": "a" * 16})["ApiFunction"]
    workflow_id = "wf_" + "0" * 26
    # State machines: 80 characters (docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
    assert len(f"{environment['STATE_MACHINE_PREFIX']}-{workflow_id}") <= 80
    # Rules and schedule groups: 64 (docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html).
    assert len(f"{environment['STATE_MACHINE_PREFIX']}-tr_{'0' * 26}") <= 64
    longest = Resolver(translated, {"Stage": "a" * 16, "AWS::Region": "ap-southeast-1"})
    # Functions 64 (docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html), buckets 63.
    assert max(len(longest.resource(name)["FunctionName"]) for name in PACKAGES) <= 64
    assert len(longest.resource("ArtifactsBucket")["BucketName"]) <= 63


def test_the_architecture_is_a_parameter(translated: dict[str, Any]) -> None:
    resolver = Resolver(translated, {"Architecture": "x86_64"})
    assert {tuple(resolver.resource(name)["Architectures"]) for name in PACKAGES} == {("x86_64",)}
