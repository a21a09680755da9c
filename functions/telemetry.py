"""Logs and metrics of the functions: Powertools, set by its own POWERTOOLS_ variables."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

# Made at import because Powertools' decorators need them then; they open nothing.
logger = Logger()
metrics = Metrics()
