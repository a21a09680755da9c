"""Runs one task: decide, read inputs, ask the cache, run the node, write the node run once."""

from __future__ import annotations

from engine.runner.runner import Runner

__all__ = ["Runner"]
