"""Triggers: what starts executions of a workflow's live version, and what became of the last start.

A trigger's settings are what users send; shapes are checked here. ``inputs`` maps the event to the inputs
of the workflow, by expressions over ``event``. Without it, an input named ``event`` takes the event, and
for webhooks an input named ``body`` takes the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from engine.json_value import JsonObject, JsonValue
from engine.schedule import check_schedule
from engine.validation.text import did_you_mean
from engine.wording import Wording

TriggerType: TypeAlias = Literal["webhook", "schedule", "s3", "event"]
Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
FireOutcome: TypeAlias = Literal["started", "refused", "failed"]

# https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html; `$or` joins patterns, and
# what is replayed from an archive has a `replay-name`.
EVENT_FIELDS = (
    *("source", "detail-type", "detail", "account", "region", "resources", "time", "id", "version"),
    *("replay-name", "$or"),
)

# Segments of letters, digits and '-._~' (unreserved in RFC 3986, section 2.3); none starts with a dot.
PATH_PATTERN = r"^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"
CredentialName: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]
WebhookPath: TypeAlias = Annotated[
    str,
    Field(pattern=PATH_PATTERN, max_length=200),
    Wording(
        "must be segments of letters, digits and any of '-._~' with '/' between them, none empty and none "
        "with a dot first, such as shop/orders; 200 characters at most"
    ),
]
HeaderName: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"),
    Wording("must be the name of a header such as X-Signature, 128 characters at most"),
]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HeaderAuth(_Closed):
    """A shared secret in a header: credentials of kind header, bearer or basic say which and what."""

    type: Literal["header"]
    credential: CredentialName


class GitHubAuth(_Closed):
    """GitHub's ``X-Hub-Signature-256``; the credential is of kind hmac."""

    type: Literal["github"]
    credential: CredentialName


class StripeAuth(_Closed):
    """Stripe's ``Stripe-Signature``, refused when it is older than the tolerance."""

    type: Literal["stripe"]
    credential: CredentialName
    tolerance_seconds: int = Field(300, ge=1, le=86_400)  # Stripe's own libraries: 300


class HmacAuth(_Closed):
    """An HMAC of the raw body in a header, as most others do it; the credential is of kind hmac."""

    type: Literal["hmac"]
    credential: CredentialName
    header: HeaderName = "X-Signature"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field("", max_length=32, description="What stands before the signature, such as `sha256=`.")


WebhookAuth: TypeAlias = Annotated[
    HeaderAuth | GitHubAuth | StripeAuth | HmacAuth, Field(discriminator="type")
]


class _Settings(_Closed):
    name: str | None = Field(None, min_length=1, max_length=200, description="What people call the trigger.")
    enabled: bool = True
    inputs: JsonObject | None = Field(
        None, description="Inputs of the workflow by name; expressions over `event`."
    )


class WebhookSettings(_Settings):
    """Starts an execution for each request to ``/webhooks/{path}``."""

    type: Literal["webhook"]
    path: WebhookPath | None = Field(None, description="Without it: 22 characters nobody can guess.")
    methods: tuple[Method, ...] = Field(("POST",), min_length=1, max_length=6)
    response: Literal["immediate", "finished", "respond"] = Field(
        "immediate", description="When to answer: at once, at the end, or when a respond node ran."
    )
    body: Literal["auto", "raw"] = Field(
        "auto", description="auto: JSON, form or text by its content type; raw: text as it was sent."
    )
    auth: WebhookAuth | None = None


class ScheduleSettings(_Settings):
    """Starts an execution at each time of a schedule."""

    type: Literal["schedule"]
    expression: str = Field(
        max_length=256, examples=["cron(0 9 ? * MON-FRI *)", "rate(15 minutes)"], description="cron or rate."
    )
    timezone: str = Field("UTC", max_length=50, examples=["Europe/Berlin"])
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_FlexibleTimeWindow.html
    jitter_minutes: int = Field(0, ge=0, le=1_440, description="Start up to so many minutes later.")

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        check_schedule("rate(1 day)", value)
        return value

    @field_validator("expression")
    @classmethod
    def _check_expression(cls, value: str) -> str:
        check_schedule(value, "UTC")
        return value


class S3Settings(_Settings):
    """Starts an execution for each object; the bucket sends its events to EventBridge."""

    type: Literal["s3"]
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    bucket: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
        Wording("must be the name of a bucket: 3 to 63 lower case letters, digits, '.' and '-'"),
    ]
    prefix: str = Field("", max_length=512)
    suffix: str = Field("", max_length=512)
    events: tuple[Literal["created", "deleted"], ...] = Field(("created",), min_length=1, max_length=2)


class EventSettings(_Settings):
    """Starts an execution for each event on the default event bus that matches the pattern."""

    type: Literal["event"]
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    pattern: JsonObject = Field(min_length=1, examples=[{"source": ["shop.orders"]}])

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, value: JsonObject) -> JsonObject:
        """A field that no event has makes a rule that AWS takes, and that never fires."""
        for pattern in (value, *_alternatives(value)):
            for name in pattern:
                if name not in EVENT_FIELDS:
                    raise ValueError(
                        f"no event has a field '{name[:100]}'{did_you_mean(name, EVENT_FIELDS) or ';'} "
                        f"there is {', '.join(EVENT_FIELDS)}; what is special to an event stands in detail"
                    )
        return value


def _alternatives(pattern: JsonObject) -> Iterator[JsonObject]:
    """Those of ``$or``, at the top."""
    choices = pattern.get("$or")
    yield from (choice for choice in choices if isinstance(choice, dict)) if isinstance(choices, list) else ()


TriggerSettings: TypeAlias = Annotated[
    WebhookSettings | ScheduleSettings | S3Settings | EventSettings, Field(discriminator="type")
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fire(_Record):
    """What became of one start: ``execution_id`` where there is one, ``message`` where something is wrong."""

    at: datetime
    outcome: FireOutcome
    execution_id: str | None = None
    message: str | None = None
    test: bool = Field(False, description="Whether it came by the test path, and so ran the draft.")


class Trigger(_Record):
    """A trigger as it is stored; ``revision`` counts its changes."""

    trigger_id: str
    workflow_id: str
    revision: int
    created_at: datetime
    updated_at: datetime
    settings: TriggerSettings
    last_fire: Fire | None = None

    @property
    def origin(self) -> str:
        """What an execution's ``trigger`` says: kind and id."""
        return f"{self.settings.type}:{self.trigger_id}"

    @property
    def path(self) -> str | None:
        """The path of a webhook; None for other kinds."""
        return self.settings.path if isinstance(self.settings, WebhookSettings) else None


class FailedFire(_Record):
    """An event that could not start an execution, kept to be looked at and replayed."""

    failure_id: str
    trigger_id: str
    workflow_id: str
    failed_at: datetime
    message: str
    event: JsonValue
