"""The config and the result of the HTTP node: what its form shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, StrictBool, StrictFloat, StrictInt, StrictStr

from nodes.base import CredentialName, Field, NodeConfig, NodeOutput
from nodes.http_header import check_header_name, check_header_value

# A Lambda function runs no longer, in seconds
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
MAX_TIMEOUT_SECONDS = 900
# What current browsers follow at most (https://fetch.spec.whatwg.org/#http-redirect-fetch).
MAX_REDIRECTS = 20
# Characters; the smallest limit among current servers and proxies that matters (RFC 9110, section 4.1,
# recommends that 8,000 be supported).
MAX_URL_LENGTH = 8_000

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
BodyMode: TypeAlias = Literal["none", "json", "form", "text"]
ResponseForm: TypeAlias = Literal["auto", "json", "text", "file"]
# Strict types: a number stays a number until it is written into the request.
Scalar: TypeAlias = StrictStr | StrictBool | StrictInt | StrictFloat | None
HeaderName: TypeAlias = Annotated[StrictStr, AfterValidator(check_header_name)]
HeaderValue: TypeAlias = Annotated[StrictStr, AfterValidator(check_header_value)] | StrictInt | StrictFloat


class HttpBody(NodeConfig):
    """What is sent."""

    mode: BodyMode = Field(
        "json",
        title="Mode",
        description="none; json: any value; form: fields, URL-encoded; text: as it stands.",
        json_schema_extra={"x-widget": "select"},
    )
    value: Any = Field(
        None,
        title="Value",
        description="What to send: any JSON value, an object of fields for a form, or a text.",
        examples=[{"name": "{{ customer.output.name }}"}],
        json_schema_extra={"x-widget": "json"},
    )
    content_type: Annotated[StrictStr, AfterValidator(check_header_value)] | None = Field(
        None,
        title="Content type",
        description="Empty: application/json, application/x-www-form-urlencoded or text/plain, by mode.",
        examples=["application/xml"],
    )


class HttpConfig(NodeConfig):
    """One HTTP request."""

    method: Method = Field("GET", title="Method", json_schema_extra={"x-widget": "select"})
    url: StrictStr = Field(
        title="URL",
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="A public address, with http:// or https://.",
        examples=["https://api.example.com/customers/{{ id.output }}"],
    )
    query: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict,
        title="Query",
        description="Added to the URL. A list repeats its name; null leaves it out.",
        examples=[{"page": 1, "tag": ["new", "sale"]}],
        json_schema_extra={"x-widget": "json"},
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        title="Headers",
        description="Sent with the request. Secrets belong in a credential, not here.",
        examples=[{"Accept": "application/json"}],
        json_schema_extra={"x-widget": "json"},
    )
    body: HttpBody = Field(HttpBody(mode="none"), title="Body")
    credential: CredentialName | None = Field(
        None,
        title="Credential",
        description="A stored credential of kind bearer, basic, header or query.",
        json_schema_extra={"x-widget": "credential"},
    )
    timeout_seconds: float = Field(
        30,
        title="Timeout (seconds)",
        gt=0,
        le=MAX_TIMEOUT_SECONDS,
        description="For the whole exchange: name lookup, redirects and the body included.",
    )
    follow_redirects: StrictBool = Field(
        True, title="Follow redirects", description="If not, an answer that redirects is the result."
    )
    max_redirects: StrictInt = Field(10, title="Redirects at most", ge=0, le=MAX_REDIRECTS)
    response: ResponseForm = Field(
        "auto",
        title="Response",
        description="json, text, or file: stored, and the output is a link. auto goes by the content type.",
        json_schema_extra={"x-widget": "select"},
    )
    file_name: StrictStr | None = Field(
        None,
        title="File name",
        min_length=1,
        max_length=200,
        description="For a response stored as a file. Empty: the name that the server or the URL gives.",
        examples=["report.pdf"],
    )
    fail_on_status: StrictBool = Field(
        True,
        title="Fail on an error status",
        description="Any status but 2xx is an error. If not, it is a result like any other.",
    )
    send_idempotency_key: StrictBool = Field(
        False,
        title="Send an Idempotency-Key",
        description="The same key on each attempt, for a server that honours it: then POST and PATCH are "
        "tried again like GET.",
    )


class HttpOutput(NodeOutput):
    """The answer."""

    output: Any = Field(description="The body: parsed JSON, a text, or the link of the stored file.")
    status_code: int = Field(description="The HTTP status.", examples=[200])
    headers: dict[str, str] = Field(description="The headers, names in lower case.")
    url: str = Field(description="The address that answered, after redirects.")
    elapsed_ms: int = Field(description="Milliseconds from the name lookup to the end of the body.")
    file: dict[str, Any] | None = Field(
        None, description="The stored file: name, url, content_type, size_bytes, key."
    )
