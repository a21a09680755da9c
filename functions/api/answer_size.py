"""How large an answer may be."""

from __future__ import annotations

import json

from engine.errors import RequestError
from engine.json_value import JsonValue

# Lambda answers with 6 MB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html);
# some is left for headers.
MAX_ANSWER_BYTES = 5_900_000


def check_answer_size(value: JsonValue, cure: str, field: str) -> None:
    """Refuse an answer that Lambda could not carry; RequestError says what to ask for instead.

    The body is ASCII, and stands as a JSON string in the function's answer.
    """
    if len(json.dumps(json.dumps(value))) > MAX_ANSWER_BYTES:
        raise RequestError(f"The answer would be larger than {MAX_ANSWER_BYTES:,} bytes: {cure}.", field)
