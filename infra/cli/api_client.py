"""The HTTP API, as the command line asks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import httpx

from engine.json_value import JsonObject, JsonValue
from infra.cli.failure import CommandError

API_PREFIX = "/api/v1"
# The API answers within 29 s or not at all (its function's timeout); a second for the way.
TIMEOUT_SECONDS = 30.0
PAGE_SIZE = 100


class ApiProblemError(CommandError):
    """The API refused; the message carries what it said, with all problems."""


class ApiClient:
    """A client with the key; a context manager."""

    def __init__(self, url: str, api_key: str) -> None:
        """``url``: where the API is, without a path."""
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # a proxy has no business with this machine's own addresses
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create_workflow(self, document: JsonObject) -> JsonObject:
        """Save a workflow; what the API shows of it."""
        return self._ask("POST", "/workflows/", document)

    def plan(self, workflow_id: str) -> JsonObject:
        """What a workflow compiles to: ``definition`` and ``report``."""
        return self._ask("GET", f"/workflows/{workflow_id}/plan")

    def list_workflows(self) -> Iterator[JsonObject]:
        """All workflows, newest first."""
        yield from self._pages("/workflows/")

    def list_api_keys(self) -> Iterator[JsonObject]:
        """All API keys, newest first, without their secrets."""
        yield from self._pages("/api-keys")

    def create_api_key(self, asked: JsonObject) -> JsonObject:
        """Make an API key; what the API shows of it, and the key itself."""
        return self._ask("POST", "/api-keys", asked)

    def put_credential(self, name: str, kind: str, values: JsonObject) -> JsonObject:
        """Store a credential; what the API shows of it."""
        return self._ask("PUT", f"/credentials/{name}", {"kind": kind, "values": values})

    def execute(
        self, workflow_id: str, inputs: JsonObject, *, bypass_cache: bool = False, wait_seconds: float = 0
    ) -> JsonObject:
        """Start an execution, and wait for its end at most so long; what the API shows of it."""
        body = {"inputs": inputs, "bypass_cache": bypass_cache}
        query = {"wait": wait_seconds} if wait_seconds else None
        return self._ask("POST", f"/workflows/{workflow_id}/execute", body, query)

    def execution(self, execution_id: str) -> JsonObject:
        """An execution with its node runs."""
        return self._ask("GET", f"/executions/{execution_id}")

    def cancel(self, execution_id: str) -> JsonObject:
        """Stop an execution."""
        return self._ask("POST", f"/executions/{execution_id}/cancel")

    def download(self, url: str) -> bytes:
        """What lies behind a link of the API, which may lead elsewhere; no key goes with it."""
        answer = httpx.get(url, follow_redirects=True, timeout=TIMEOUT_SECONDS, trust_env=False)
        if answer.is_error:
            raise ApiProblemError(f"{url} answered {answer.status_code}.")
        return answer.content

    def _pages(self, path: str) -> Iterator[JsonObject]:
        cursor: str | None = None
        while True:
            query = {"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})
            page = self._ask("GET", path, query=query)
            yield from page["items"]
            if (cursor := page["cursor"]) is None:
                return

    def _ask(self, method: str, path: str, body: JsonValue = None, query: Any = None) -> JsonObject:
        try:
            answer = self._http.request(method, API_PREFIX + path, json=body, params=query)
        except httpx.HTTPError as error:
            raise ApiProblemError(f"{self.url} cannot be reached: {error}") from error
        if answer.is_error:
            raise ApiProblemError(_explain(answer))
        document: JsonObject = answer.json()
        return document


def _explain(answer: httpx.Response) -> str:
    """The problem document in words."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    said = problem.get("detail") or problem.get("message") or answer.text[:300]
    lines = [f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {said}"]
    for item in problem.get("problems") or ():
        where = ".".join(part for part in (item.get("node"), item.get("field")) if part)
        lines.append(f"  {where or 'workflow'}: {item['message']}")
    return "\n".join(lines)
