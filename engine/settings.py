"""The only reader of the environment: typed, once, from a mapping that is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.access.role import Role
from engine.errors import MiniN8nError
from engine.node import Executor
from engine.price_list import ModelPrice, read_model_prices
from engine.task import FINISH
from engine.workflow import DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS

EXECUTORS: tuple[Executor, ...] = ("core", "http", "ai", "custom", "flow")
# What the Tasks of a state machine may call.
TARGETS: tuple[str, ...] = (*EXECUTORS, FINISH)


class SettingsError(MiniN8nError):
    """A variable of the environment is missing or makes no sense; the message names it."""


@dataclass(frozen=True)
class Settings:
    """What a function is told by its environment."""

    workflows_table: str
    executions_table: str
    cache_table: str
    access_table: str
    artifacts_bucket: str
    public_url: str
    secrets_prefix: str
    region: str
    state_machine_prefix: str = "mini-n8n"
    state_machine_role_arn: str = ""
    # Name of TARGETS -> function ARN; the API function alone has them.
    targets: Mapping[str, str] = field(default_factory=dict)
    # What fires triggers, and with which right; the API function alone has them.
    triggers_function_arn: str = ""
    scheduler_role_arn: str = ""
    triggers_queue_arn: str = ""
    api_key_secret: str = ""
    # Tokens of this OIDC issuer, for this audience, are let in; both or none.
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_groups_claim: str = "groups"
    oidc_default_role: Role | None = None
    # The secret that signs the links of approvals; for the functions that make and read them.
    approval_key_secret: str = ""
    # Whether nodes of this function start executions of other workflows.
    starts_workflows: bool = False
    # Days that an execution is kept after its end, where its workflow does not say.
    retention_days: int = DEFAULT_RETENTION_DAYS
    cors_origins: tuple[str, ...] = ()
    http_allowed_hosts: frozenset[str] = frozenset()
    openai_base_url: str | None = None
    openai_api_key: str | None = None
    openai_api_key_secret: str | None = None
    # For the cost of executions: prices of one's own, and what the function runs on.
    model_prices: Mapping[str, ModelPrice] = field(default_factory=dict)
    memory_megabytes: int = 1_024
    architecture: str = "arm64"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings; SettingsError names the first variable that is missing."""

    def need(name: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            raise SettingsError(f"the environment variable {name} is not set")
        return value

    def listed(name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())

    targets = {name: environment.get(f"{name.upper()}_FUNCTION_ARN", "") for name in TARGETS}
    return Settings(
        workflows_table=need("WORKFLOWS_TABLE"),
        executions_table=need("EXECUTIONS_TABLE"),
        cache_table=need("CACHE_TABLE"),
        access_table=need("ACCESS_TABLE"),
        artifacts_bucket=need("ARTIFACTS_BUCKET"),
        public_url=need("PUBLIC_URL").rstrip("/"),
        secrets_prefix=need("SECRETS_PREFIX").strip("/"),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
        state_machine_prefix=environment.get("STATE_MACHINE_PREFIX") or "mini-n8n",
        state_machine_role_arn=environment.get("STATE_MACHINE_ROLE_ARN", ""),
        targets={name: arn for name, arn in targets.items() if arn},
        triggers_function_arn=environment.get("TRIGGERS_FUNCTION_ARN", ""),
        scheduler_role_arn=environment.get("SCHEDULER_ROLE_ARN", ""),
        triggers_queue_arn=environment.get("TRIGGERS_QUEUE_ARN", ""),
        api_key_secret=environment.get("API_KEY_SECRET", ""),
        oidc_issuer=environment.get("OIDC_ISSUER", "").strip(),
        oidc_audience=environment.get("OIDC_AUDIENCE", "").strip(),
        oidc_groups_claim=environment.get("OIDC_GROUPS_CLAIM") or "groups",
        oidc_default_role=_role(environment.get("OIDC_DEFAULT_ROLE", "").strip()),
        approval_key_secret=environment.get("APPROVAL_KEY_SECRET", ""),
        starts_workflows=environment.get("STARTS_WORKFLOWS", "") == "on",
        retention_days=_days(environment.get("EXECUTION_RETENTION_DAYS", "")),
        cors_origins=listed("CORS_ORIGINS"),
        http_allowed_hosts=frozenset(listed("HTTP_ALLOWED_HOSTS")),
        openai_base_url=environment.get("OPENAI_BASE_URL") or None,
        openai_api_key=environment.get("OPENAI_API_KEY") or None,
        openai_api_key_secret=environment.get("OPENAI_API_KEY_SECRET") or None,
        model_prices=_prices(environment.get("MODEL_PRICES", "")),
        memory_megabytes=int(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or 1_024),
        architecture=environment.get("ARCHITECTURE") or "arm64",
    )


def _days(text: str) -> int:
    days = int(text) if text.strip().isdecimal() else DEFAULT_RETENTION_DAYS * (not text.strip())
    if not 1 <= days <= MAX_RETENTION_DAYS:
        raise SettingsError(
            f"EXECUTION_RETENTION_DAYS is '{text}'; it is 1 to {MAX_RETENTION_DAYS}, or empty for "
            f"{DEFAULT_RETENTION_DAYS}"
        )
    return days


def _prices(text: str) -> dict[str, ModelPrice]:
    try:
        return read_model_prices(text)
    except ValueError as error:
        raise SettingsError(f"MODEL_PRICES makes no sense: {error}") from None


def _role(name: str) -> Role | None:
    try:
        return Role(name) if name else None
    except ValueError:
        raise SettingsError(
            f"OIDC_DEFAULT_ROLE is '{name}'; it is one of {', '.join(Role)}, or empty for none"
        ) from None
