"""Why an expression cannot be parsed or evaluated; the package turns these into ExpressionError."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from engine.expression.limits import QUOTED_CHARS


class SyntaxProblem(Exception):
    """The text is no expression, or none that is allowed; known without any data."""


class EvaluationFailure(Exception):
    """The expression gives nothing for this data."""


class Missing(EvaluationFailure):
    """A path leads into something that does not exist; `||` gives a default instead.

    ``holder`` is the text of what the last step was taken from, filled in on the way up.
    """

    def __init__(self, reason: str, cure: str = "") -> None:
        self.reason, self.cure = reason, cure
        self.holder: str | None = None
        super().__init__(reason)

    def __str__(self) -> str:
        holder = f"'{quote(self.holder)}'" if self.holder else "the value"
        said = self.reason.replace("{holder}", holder)
        return f"{said}{self.cure}"


def quote(text: str) -> str:
    """The text, cut to what an error message may quote."""
    return text if len(text) <= QUOTED_CHARS else f"{text[: QUOTED_CHARS - 1]}…"


def describe_mistake(text: str, message: str) -> str:
    """What a problem says of an expression that `check_expressions` names, or of the text around one."""
    if not text:
        return message
    shown = text if "{{" in text else f"{{{{ {text.strip()} }}}}"
    return f"'{shown}' cannot be read: {message}"


def suggest(name: str, known: Iterable[str]) -> str:
    """What exists, and which of it was probably meant, as the end of a sentence."""
    # A name of 64 characters is the longest that can be meant; the first 200 names are enough to guess.
    names = [candidate for candidate in known if len(candidate) <= 64][:200]
    if not names:
        return "; there is nothing in it"
    close = difflib.get_close_matches(name[:64], names, n=1)
    listed = quote(", ".join(names))
    return f"; did you mean '{close[0]}'? There is: {listed}" if close else f"; there is: {listed}"
