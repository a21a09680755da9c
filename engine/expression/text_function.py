"""Functions on texts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import quote as percent_encode

from engine.expression.budget import Budget, measure
from engine.expression.failure import EvaluationFailure
from engine.expression.limits import MAX_TEXT_CHARS
from engine.expression.signature import takes
from engine.json_value import JsonValue, dump_json
from engine.moment import parse_moment

# The directives of strftime that mean the same on every system and in every language.
_DATE_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DATE_DIRECTIVES = frozenset("YmdHMSjyIp%")
_MAX_DATE_FORMAT_CHARS = 100


class TextFunctions:
    """Mixed into ExpressionFunctions; positions and lengths count characters."""

    budget: Budget

    @takes("string")
    def _func_upper(self, text: str) -> str:
        """upper(text): in capital letters."""
        return text.upper()

    @takes("string")
    def _func_lower(self, text: str) -> str:
        """lower(text): in small letters."""
        return text.lower()

    @takes("string")
    def _func_capitalize(self, text: str) -> str:
        """capitalize(text): the first letter a capital, the rest as it is."""
        return text[:1].upper() + text[1:]

    @takes("string")
    def _func_trim(self, text: str) -> str:
        """trim(text): without white space at both ends."""
        return text.strip()

    @takes("string", "string")
    def _func_split(self, text: str, separator: str) -> list[str]:
        """split(text, separator): the list of parts; an empty separator splits into characters."""
        if not separator:
            self.budget.spend(len(text))
            return list(text)
        self.budget.spend(text.count(separator))
        return text.split(separator)

    @takes("string", "array-string")
    def _func_join(self, separator: str, texts: list[str]) -> str:
        """join(separator, texts): the texts with the separator between them."""
        self.budget.check_text(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
        return separator.join(texts)

    @takes("string", "string", "string")
    def _func_replace(self, text: str, old: str, new: str) -> str:
        """replace(text, old, new): every occurrence of old replaced; old must not be empty."""
        if not old:
            raise EvaluationFailure("the text to replace is empty; name at least one character")
        self.budget.check_text(len(text) + text.count(old) * (len(new) - len(old)))
        return text.replace(old, new)

    @takes("string", "number", "number?")
    def _func_substring(self, text: str, start: float, end: float | None = None) -> str:
        """substring(text, start, end): from position start, counted from 0, to before end or to the end."""
        positions = [_whole(start, "start"), None if end is None else _whole(end, "end")]
        return text[positions[0] : positions[1]]

    @takes("any")
    def _func_to_string(self, value: JsonValue) -> str:
        """to_string(value): a text as it is, everything else as JSON."""
        return value if isinstance(value, str) else self._func_to_json(value)

    @takes("any")
    def _func_to_json(self, value: JsonValue) -> str:
        """to_json(value): compact JSON; a text comes in quotes."""
        self.budget.check_text(measure(value, MAX_TEXT_CHARS, self.budget.spend))
        return dump_json(value)

    @takes("string")
    def _func_parse_json(self, text: str) -> JsonValue:
        """parse_json(text): the value that the JSON spells."""
        self.budget.check_text(len(text))
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise EvaluationFailure("the JSON is nested too deep") from None
        except json.JSONDecodeError as error:
            raise EvaluationFailure(
                f"this is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            ) from None

    @takes("string")
    def _func_url_encode(self, text: str) -> str:
        """url_encode(text): safe as a part of a URL; '/' and '&' are encoded too."""
        self.budget.check_text(len(text))
        return percent_encode(_bytes_of(text), safe="")

    @takes("string")
    def _func_base64_encode(self, text: str) -> str:
        """base64_encode(text): the text's UTF-8 in base64."""
        self.budget.check_text(len(text))
        return base64.b64encode(_bytes_of(text)).decode("ascii")

    @takes("string")
    def _func_base64_decode(self, text: str) -> str:
        """base64_decode(text): the text whose UTF-8 this is."""
        self.budget.check_text(len(text))
        try:
            return base64.b64decode(text, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise EvaluationFailure("this is no base64 of a UTF-8 text") from None

    @takes("string", "string")
    def _func_format_date(self, text: str, form: str) -> str:
        """format_date(text, form): an ISO 8601 date spelled with %Y %m %d %H %M %S %j %y %I %p."""
        if len(form) > _MAX_DATE_FORMAT_CHARS:
            raise EvaluationFailure(f"the form is longer than {_MAX_DATE_FORMAT_CHARS} characters")
        unknown = [name for name in _DATE_DIRECTIVE.findall(form) if name not in _DATE_DIRECTIVES]
        if unknown or "" in _DATE_DIRECTIVE.findall(form):
            raise EvaluationFailure("the form may hold %Y %m %d %H %M %S %j %y %I %p and %% alone")
        moment = parse_moment(text)
        return _DATE_DIRECTIVE.sub(lambda found: _write_part(moment, found[1]), form)


def _write_part(moment: Any, directive: str) -> str:
    if directive == "Y":
        return f"{moment.year:04d}"  # strftime pads years before 1000 on some systems only
    return str(moment.strftime(f"%{directive}"))


def _whole(number: float, name: str) -> int:
    if number != int(number):
        raise EvaluationFailure(f"{name} must be a whole number")
    return int(number)


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EvaluationFailure("the text holds half a character (a lone surrogate)") from None


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)
