"""JSON answers that cannot fail to encode: a lone surrogate is escaped, not raised."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

from engine.json_value import dump_json


class SafeJsonResponse(JSONResponse):
    """JSON in UTF-8, or in ASCII where UTF-8 has no spelling for a text."""

    def render(self, content: Any) -> bytes:
        """The body."""
        try:
            return dump_json(content).encode()
        except UnicodeEncodeError:
            return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode(
                "ascii"
            )
