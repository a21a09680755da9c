"""The offline model server: an OpenAI-compatible server on loopback whose every answer is synthetic.

``ModelServer`` runs it inside the current process; ``python -m infra.local.model_server`` runs it alone.
README.md in this folder lists the routes and the fault markers.
"""

from __future__ import annotations

from infra.local.model_server.server import ModelServer

__all__ = ["ModelServer"]
