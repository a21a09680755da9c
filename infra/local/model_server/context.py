"""What every group of routes shares."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.model_server.control import CallLedger
from infra.local.model_server.fault import FaultDesk


@dataclass(frozen=True)
class ServerContext:
    """The ledger and the faults of one server."""

    ledger: CallLedger
    faults: FaultDesk
