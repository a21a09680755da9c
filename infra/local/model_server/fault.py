"""Faults on demand: markers in a prompt make a call slow, refused, unreadable, cut off or unanswered."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from infra.local.model_server.control import CallLedger, hash_prompt
from infra.local.model_server.errors import ApiError

# No Lambda function waits longer (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
MAX_WAIT_SECONDS = 900.0
_FAULT = re.compile(
    r"\[\[fault:(?P<kind>[45]\d\d|garbage|hang|cut)(?P<often>-once|-twice)?(?::(?P<after>[\d.]+))?\]\]"
)
_DELAY = re.compile(r"\[\[delay:(\d+(?:\.\d+)?)\]\]")
_TIMES = {"-once": 1, "-twice": 2}
_KINDS = {
    400: ("invalid_request_error", "invalid_value"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "insufficient_permissions"),
    404: ("invalid_request_error", "not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
GARBAGE = "<html><body>[synthetic answer] 200 OK, but this is no JSON {{{"


@dataclass(frozen=True)
class Fault:
    """What a marker asks for; ``times`` is None when every call fails."""

    kind: str
    times: int | None
    retry_after_seconds: str

    @classmethod
    def find(cls, prompt: str) -> Fault | None:
        """The first fault marker in ``prompt``."""
        found = _FAULT.search(prompt)
        if found is None:
            return None
        return cls(found["kind"], _TIMES.get(found["often"] or ""), found["after"] or "1")


class CutResponse(Response):
    """Promises more bytes than it sends, so that the connection is closed in mid-body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the head and a few bytes, and returns."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id": "synthetic', "more_body": True})


class FaultDesk:
    """Notes each prompt in the ledger and serves the fault that it asks for, if any."""

    def __init__(self, ledger: CallLedger) -> None:
        self._ledger = ledger
        self.stopping = asyncio.Event()

    async def receive_prompt(self, request: Request, prompt: str) -> Response | None:
        """An answer that is a fault, or None when the call is to be answered properly.

        Raises ``ApiError`` for a status fault. A "once" or "twice" fault counts calls of the same prompt on
        the same route.
        """
        call = request.state.call
        self._ledger.note_prompt(call, prompt)
        delay = _DELAY.search(prompt)
        if delay is not None:
            await self.wait(request, min(float(delay[1]), MAX_WAIT_SECONDS))
        fault = Fault.find(prompt)
        if fault is None:
            return None
        if (
            fault.times is not None
            and self._ledger.next_attempt(call.route, hash_prompt(prompt)) > fault.times
        ):
            return None
        return await self._serve(request, fault)

    async def _serve(self, request: Request, fault: Fault) -> Response:
        if fault.kind == "garbage":
            return PlainTextResponse(GARBAGE, media_type="application/json")
        if fault.kind == "cut":
            return CutResponse()
        if fault.kind == "hang":
            await self.wait(request, MAX_WAIT_SECONDS)
            raise ApiError(504, "Synthetic fault: no answer was ever meant.", kind="server_error")
        status = int(fault.kind)
        kind, code = _KINDS.get(status, ("server_error", "server_error"))
        headers = {"retry-after": fault.retry_after_seconds} if status in (429, 503) else {}
        raise ApiError(
            status,
            f"Synthetic fault {status}, asked for by the prompt.",
            kind=kind,
            code=code,
            headers=headers,
        )

    async def wait(self, request: Request, seconds: float) -> None:
        """Waits ``seconds``, or until the caller goes away or the server stops."""
        waits = [
            asyncio.create_task(_wait_for_disconnect(request)),
            asyncio.create_task(self._wait_for_stop()),
        ]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _wait_for_stop(self) -> None:
        await self.stopping.wait()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
