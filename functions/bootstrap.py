"""The composition root: the only place that builds adapters. Everything replaceable is an argument."""

from __future__ import annotations
