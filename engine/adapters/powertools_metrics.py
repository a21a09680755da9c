"""Metrics through Powertools, which writes CloudWatch's embedded metric format to the log."""

from __future__ import annotations

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric


class PowertoolsMetrics:
    """Keeps the promises of the Metrics port over the function's own Metrics object."""

    def __init__(self, metrics: Metrics) -> None:
        """``metrics``: whose namespace and service everything goes under; its handler flushes it."""
        self._metrics = metrics

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Add to a counter."""
        self._add(name, MetricUnit.Count, value, dimensions)

    def milliseconds(self, name: str, value: float, **dimensions: str) -> None:
        """Record a duration."""
        self._add(name, MetricUnit.Milliseconds, value, dimensions)

    def _add(self, name: str, unit: MetricUnit, value: float, dimensions: dict[str, str]) -> None:
        if not dimensions:
            self._metrics.add_metric(name=name, unit=unit, value=value)
            return
        # A dimension of the shared object would stick to all its metrics, so these go out by themselves.
        service = {"service": self._metrics.service} if self._metrics.service else {}
        with single_metric(
            name=name,
            unit=unit,
            value=value,
            namespace=self._metrics.namespace,
            default_dimensions={**service, **dimensions},
        ):
            pass
