"""Counting tokens by one plain rule: a token is four characters, the last one may be shorter.

Four characters a token is OpenAI's own rule of thumb for English
(https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them).
"""

from __future__ import annotations

CHARACTERS_PER_TOKEN = 4
# A picture in a message at low detail (https://platform.openai.com/docs/guides/images-vision).
TOKENS_PER_PICTURE = 85


def count_tokens(text: str) -> int:
    """The number of tokens in ``text``; zero for an empty one."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def cut_to_tokens(text: str, max_tokens: int | None) -> tuple[str, bool]:
    """``text`` cut to ``max_tokens`` tokens, and whether anything was cut off."""
    if max_tokens is None or count_tokens(text) <= max_tokens:
        return text, False
    return text[: max_tokens * CHARACTERS_PER_TOKEN], True


def split_tokens(text: str) -> list[str]:
    """``text`` in pieces of one token each, in order."""
    return [text[start : start + CHARACTERS_PER_TOKEN] for start in range(0, len(text), CHARACTERS_PER_TOKEN)]
