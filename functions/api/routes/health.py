"""Health: whether what the API stands on is there."""

from __future__ import annotations

from time import perf_counter
from typing import Annotated, Literal

from fastapi import Depends, Response
from pydantic import BaseModel

from functions.api.router import open_router
from functions.api.services import Services, get_services
from functions.telemetry import logger

router = open_router("operation")


class HealthCheck(BaseModel):
    """One thing that the API stands on."""

    status: Literal["ok", "failing"]
    milliseconds: float


class Health(BaseModel):
    """The whole; 503 when any part is failing."""

    status: Literal["ok", "failing"]
    checks: dict[str, HealthCheck]


@router.get("/health", responses={503: {"model": Health, "description": "Something is failing."}})
def get_health(response: Response, services: Annotated[Services, Depends(get_services)]) -> Health:
    """Ask each table, the bucket, the secrets and the state machine service."""
    checks: dict[str, HealthCheck] = {}
    for name, check in services.health_checks.items():
        started = perf_counter()
        status: Literal["ok", "failing"] = "ok"
        try:
            check()
        except Exception:  # noqa: BLE001 - whatever keeps a part from answering is what health reports
            logger.exception("health check failed: %s", name)
            status = "failing"
        checks[name] = HealthCheck(status=status, milliseconds=round((perf_counter() - started) * 1000, 1))
    failing = any(check.status == "failing" for check in checks.values())
    if failing:
        response.status_code = 503
    return Health(status="failing" if failing else "ok", checks=checks)
