"""Validation: everything that is wrong with a document, told at once, each problem with its cure.

First the shape (``parse_workflow``), then one small function for each rule over nodes, connections,
configs and expressions (``find_problems``); ``check_document`` does both.
"""

from __future__ import annotations

from engine.validation.check import check_document, find_problems
from engine.validation.shape import parse_workflow

__all__ = ["check_document", "find_problems", "parse_workflow"]
