"""The HTTP node: one request to a public address, its answer as JSON, text or a stored file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.json_value import JsonObject, JsonValue
from nodes.base import BaseNode, NodeContext, NodeError, NodeInputs, NodeResult, RetryableNodeError
from nodes.http_body import choose_file_name, choose_form, decode_text, excerpt, parse_json, read_content_type
from nodes.http_config import HttpConfig, HttpOutput
from nodes.http_request import OutgoingRequest, make_request
from nodes.retry_after import read_retry_after
from nodes.secret_mask import SecretMask

if TYPE_CHECKING:
    from nodes.http_exchange import Answer
    from nodes.http_guard import Guard

# Statuses below 500 that pass by themselves: the request was not finished, or came too early
# (RFC 9110, section 15.5.9; RFC 8470, section 5.2).
_PASSING_STATUSES = frozenset({408, 425})
# Statuses from 500 on that stay: not implemented, HTTP version not supported.
_LASTING_STATUSES = frozenset({501, 505})


class HttpNode(BaseNode):
    """Sends an HTTP request. Side effects are possible, so nothing is cached unless asked."""

    type = "http"
    title = "HTTP request"
    description = "Calls an HTTP API and gives its answer as JSON, text or a file."
    category = "integration"
    executor = "http"
    reads_inputs = False
    default_timeout_seconds = 60
    Config = HttpConfig
    Output = HttpOutput
    config: HttpConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Send the request; RetryableNodeError where another attempt may succeed and does no harm."""
        from nodes.http_exchange import Limits, exchange

        config = self.config
        request = make_request(config, context)
        mask = SecretMask(request.secrets)
        limits = Limits(
            timeout_seconds=config.timeout_seconds,
            max_redirects=config.max_redirects if config.follow_redirects else None,
            max_response_bytes=context.http.max_response_bytes,
        )
        try:
            answer = await exchange(request, self.make_guard(context), limits)
            if config.fail_on_status and not self._is_wanted(answer):
                raise _explain_status(request, answer)
            return await self._make_result(answer, mask, context)
        except NodeError as error:
            raise _mask_error(error, mask, context.node_id) from None

    def make_guard(self, context: NodeContext) -> Guard:
        """The guard of this run: public addresses and what the settings let through."""
        from nodes.http_guard import Guard

        return Guard(allowed_hosts=context.http.allowed_hosts)

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """A URL that is written out (no expression before its path) must be http or https."""
        url = config.get("url")
        if not isinstance(url, str) or "{{" in url.partition("/")[0] or url.startswith("{{"):
            return []
        if not url.lower().startswith(("http://", "https://")):
            return [("config.url", "must begin with http:// or https://")]
        if "{{" not in url and "@" in urlsplit(url).netloc:
            return [("config.url", "must not carry a user name or password; use a credential")]
        return []

    def _is_wanted(self, answer: Answer) -> bool:
        return 200 <= answer.status_code < 300 or (answer.is_redirect and not self.config.follow_redirects)

    async def _make_result(self, answer: Answer, mask: SecretMask, context: NodeContext) -> NodeResult:
        chosen = self.config.response
        form = choose_form(answer.headers, answer.body) if chosen == "auto" else chosen
        values: JsonObject = {
            "status_code": answer.status_code,
            "headers": mask.mask_value(answer.headers),
            "url": mask.mask_text(answer.url),
            "elapsed_ms": answer.elapsed_ms,
        }
        if form == "file":
            name = self.config.file_name or choose_file_name(answer.headers, answer.url)
            kind = read_content_type(answer.headers) or "application/octet-stream"
            file = await context.files.save(mask.mask_text(name), mask.mask_data(answer.body), kind)
            return self.create_result(file.url, **values, file=file.as_json())
        return self.create_result(_read_output(form, answer, mask), **values)


def _read_output(form: str, answer: Answer, mask: SecretMask) -> JsonValue:
    if form == "json":
        try:
            return mask.mask_value(parse_json(answer.body))
        except RecursionError:
            raise NodeError("the answer is JSON that is nested too deeply") from None
    return mask.mask_text(decode_text(answer.headers, answer.body))


def _explain_status(request: OutgoingRequest, answer: Answer) -> NodeError:
    status = answer.status_code
    message = (
        f"{request.method} {answer.url.partition('?')[0]} answered {status} {answer.reason}: "
        f"{excerpt(answer.body)}"
    )
    passing = status in _PASSING_STATUSES or (status >= 500 and status not in _LASTING_STATUSES)
    if status == 429 or (passing and request.repeatable):
        return RetryableNodeError(message, retry_after_seconds=read_retry_after(answer.headers))
    return NodeError(message)


def _mask_error(error: NodeError, mask: SecretMask, node_id: str) -> NodeError:
    message = mask.mask_text(str(error))
    if isinstance(error, RetryableNodeError):
        return RetryableNodeError(
            message, node_id=node_id, field=error.field, retry_after_seconds=error.retry_after_seconds
        )
    return NodeError(message, node_id=node_id, field=error.field)
