"""Reading what a chat says: text and pictures of the messages, system text apart."""

from __future__ import annotations

from dataclasses import dataclass

from infra.local.model_server.errors import ApiError
from infra.local.model_server.seed import Json
from infra.local.model_server.token_count import TOKENS_PER_PICTURE, count_tokens

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_PICTURE_PARTS = frozenset({"image_url", "input_image"})


@dataclass(frozen=True)
class Conversation:
    """A request's words: ``instruction`` from the system, ``prompt`` the last user's, ``full`` all."""

    instruction: str
    prompt: str
    full: str
    pictures: int

    @property
    def tokens(self) -> int:
        """Tokens of everything said, pictures included."""
        return count_tokens(self.full) + self.pictures * TOKENS_PER_PICTURE


def read_messages(messages: Json, param: str = "messages") -> Conversation:
    """The conversation in ``messages``; raises ``ApiError`` 400 that names the wrong part."""
    if not isinstance(messages, list) or not messages:
        raise ApiError(
            400, f"'{param}': a non-empty array of messages is needed.", param=param, code="invalid_type"
        )
    said: list[tuple[str, str]] = []
    pictures = 0
    for index, message in enumerate(messages):
        role, text, count = _read_message(message, f"{param}[{index}]")
        said.append((role, text))
        pictures += count
    prompts = [text for role, text in said if role == "user"]
    return Conversation(
        instruction="\n".join(text for role, text in said if role in ("system", "developer")),
        prompt=prompts[-1] if prompts else said[-1][1],
        full="\n".join(text for _, text in said),
        pictures=pictures,
    )


def _read_message(message: Json, place: str) -> tuple[str, str, int]:
    if not isinstance(message, dict):
        raise ApiError(400, f"'{place}': an object is needed.", param=place, code="invalid_type")
    role = message.get("role")
    if role not in _ROLES:
        expected = ", ".join(sorted(_ROLES))
        raise ApiError(
            400,
            f"'{place}.role': {role!r} is none of {expected}.",
            param=f"{place}.role",
            code="invalid_value",
        )
    content = message.get("content")
    if isinstance(content, str):
        return role, content, 0
    if content is None and role == "assistant":
        return role, "", 0
    if not isinstance(content, list):
        raise ApiError(
            400, f"'{place}.content': text or an array of parts is needed.", param=f"{place}.content"
        )
    texts: list[str] = []
    pictures = 0
    for index, part in enumerate(content):
        text = _read_part(part, f"{place}.content[{index}]")
        pictures += text is None
        texts.append(text or "")
    return role, "\n".join(text for text in texts if text), pictures


def _read_part(part: Json, place: str) -> str | None:
    """The part's text, or None for a picture."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in _TEXT_PARTS and isinstance(part.get("text"), str):
        return str(part["text"])
    if kind in _PICTURE_PARTS:
        url = part.get("image_url")
        url = url.get("url") if isinstance(url, dict) else url
        if isinstance(url, str) and url.startswith(("data:image/", "http://", "https://")):
            return None
        raise ApiError(
            400,
            f"'{place}.image_url': a data: or http(s) address is needed.",
            param=place,
            code="invalid_image_url",
        )
    raise ApiError(
        400, f"'{place}': {kind!r} is not a part this server reads.", param=place, code="invalid_value"
    )
