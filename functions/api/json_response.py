"""JSON answers that cannot fail to encode: a lone surrogate in a result is escaped, not raised."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class SafeJsonResponse(JSONResponse):
    """JSON in ASCII: every string that Python can hold has a spelling."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
