"""Validation: everything that is wrong with a document, told at once, each problem with its cure.

First the JSON, then the shape, then one small function for each rule over nodes, connections, configs and
expressions (``find_problems``); ``check_document`` does all, and goes on behind what is at fault with all
that can still be judged.
"""

from __future__ import annotations

from engine.validation.check import check_document, find_problems, sound_part

__all__ = ["check_document", "find_problems", "sound_part"]
