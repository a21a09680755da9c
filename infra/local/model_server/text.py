"""Synthetic prose: reads like a sensible short answer, built from the prompt's own words, always the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from infra.local.model_server.seed import MARK, pick, pick_number
from infra.local.model_server.topic import find_sentences, find_topic, find_words

_OPENINGS = (
    "{topic} touches more of everyday work than most people notice.",
    "Few subjects reward a careful look as much as {topic}.",
    "Anyone who meets {topic} for the first time asks the same thing: where does one begin?",
)
_MIDDLES = (
    "The part that matters most here is {word}: it decides what is possible and what it costs.",
    "In practice {word} is where plans meet reality, so it deserves attention early.",
    "Teams that start with {word}, measure it, and write down what they find tend to go further.",
    "With {word} the gain is rarely in one large step; it comes from many small ones.",
    "A useful question to ask about {word} is who notices first when it goes wrong.",
    "People new to {word} learn most from one real case, followed from its beginning to its end.",
    "What was expensive about {word} a few years ago is now within reach of a small team.",
    "The limits of {word} are worth stating plainly, because they are where trust is won or lost.",
)
_CLOSINGS = (
    "Seen together, these points make {topic} easier to plan and easier to explain.",
    "None of this makes {topic} simple, but it gives a first step that can be taken this week.",
    "The next step is small: choose one case of {topic}, try it, and keep what works.",
)
_HEADINGS = (
    "Why {word} matters",
    "What to know about {word}",
    "{word} in practice",
    "Where {word} goes next",
)


def write_answer(prompt: str, instruction: str = "", variant: int = 0) -> str:
    """An answer to ``prompt`` that begins with the mark; ``variant`` numbers the choices of one request.

    ``instruction`` is the system message: it may say which form the answer takes.
    """
    wish = f"{instruction}\n{prompt}".lower()
    for pattern, write in _FORMS:
        if pattern.search(wish):
            return f"{MARK} {write(prompt, variant)}"
    return f"{MARK} {_write_reply(prompt, variant)}"


def write_sentence(prompt: str, *parts: object) -> str:
    """One sentence about the prompt's topic, chosen by ``parts``; without the mark."""
    return _say(pick(find_words(prompt), prompt, *parts), pick_number(len(_MIDDLES), prompt, *parts))


def _say(word: str, number: int) -> str:
    """The sentence number ``number`` about ``word``; eight in a row differ."""
    return _capital(_MIDDLES[number % len(_MIDDLES)].format(word=word))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _choose(lines: Sequence[str], prompt: str, variant: int) -> str:
    return _capital(pick(lines, prompt, variant).format(topic=find_topic(prompt)))


def _write_article(prompt: str, variant: int) -> str:
    words = (find_words(prompt, 3) * 3)[:3]
    parts = [f"# {_capital(find_topic(prompt))}", _choose(_OPENINGS, prompt, variant)]
    for index, word in enumerate(words):
        heading = _HEADINGS[(index + variant) % len(_HEADINGS)].format(word=word)
        number = pick_number(len(_MIDDLES), prompt) + variant + 2 * index
        parts.append(f"## {_capital(heading)}\n\n{_say(word, number)} {_say(word, number + 1)}")
    parts.append(_choose(_CLOSINGS, prompt, variant))
    return "\n\n".join(parts)


def _write_summary(prompt: str, variant: int) -> str:
    told = _SUMMARY_REQUEST.sub("", prompt)
    sentences = [line for line in find_sentences(told) if not _SUMMARY.search(line.lower())][:2]
    if not sentences:
        return _write_reply(prompt, variant)
    return f"In short: {' '.join(line if line[-1] in '.!?' else line + '.' for line in sentences)}"


def _write_list(prompt: str, variant: int) -> str:
    words = find_words(prompt, 5)
    start = pick_number(len(_MIDDLES), prompt) + variant
    lines = [
        f"{number}. {_capital(word)}. {_say(word, start + number)}" for number, word in enumerate(words, 1)
    ]
    return f"{_capital(find_topic(prompt))}\n\n" + "\n".join(lines)


def _write_title(prompt: str, variant: int) -> str:
    pattern = pick(
        ("{topic}: a practical guide", "Understanding {topic}", "{topic}, step by step"), prompt, variant
    )
    return _capital(pattern.format(topic=find_topic(prompt)))


def _write_scenes(prompt: str, variant: int) -> str:
    topic = find_topic(prompt)
    words = (find_words(prompt, 3) * 3)[:3]
    shots = ("A wide, calm opening shot", "A close view, slow movement", "The picture opens up again")
    lines = [
        f"Scene {index}: {shot}. {_capital(word)}."
        for index, (shot, word) in enumerate(zip(shots, words, strict=True), 1)
    ]
    return (
        f"{_capital(topic)}\n\n" + "\n".join(lines) + f"\n\nNarrator: {_choose(_CLOSINGS, prompt, variant)}"
    )


def _write_picture(prompt: str, variant: int) -> str:
    light = pick(("soft morning light", "clear daylight", "a warm evening glow"), prompt, variant)
    words = ", ".join(find_words(prompt, 4))
    return f"A detailed picture of {find_topic(prompt)}, {words}, in {light}, calm composition."


def _write_reply(prompt: str, variant: int) -> str:
    words = find_words(prompt, 4)
    body = f"The words that stand out are {', '.join(words)}. {write_sentence(prompt, variant)}"
    return f"{_choose(_OPENINGS, prompt, variant)} {body} {_choose(_CLOSINGS, prompt, variant)}"


_SUMMARY_REQUEST = re.compile(r"(?i)^[^\n:]*(?:summar|condense|shorten)[^\n:]*:")
_SUMMARY = re.compile(r"summar|tl;dr|in short|condense|shorten")
# The first form whose pattern is found in the prompt decides; the order goes from the narrow to the broad.
_FORMS: tuple[tuple[re.Pattern[str], Callable[[str, int], str]], ...] = (
    (
        re.compile(
            r"(?:image|picture|illustration|photo) (?:prompt|description)"
            r"|describe (?:an|a|the) (?:image|picture)"
        ),
        _write_picture,
    ),
    (
        re.compile(r"storyboard|\bscenes?\b|screenplay|(?:video|film) (?:script|prompt)|voice-?over"),
        _write_scenes,
    ),
    (
        re.compile(
            r"\b(?:a|one|the|short|catchy) (?:title|headline|subject line)|\btitle for\b|\bheadline\b"
        ),
        _write_title,
    ),
    (_SUMMARY, _write_summary),
    (
        re.compile(r"outline|bullet|\blist\b|\bideas\b|key ?(?:points|words)|\btags\b|\bsteps\b|headings"),
        _write_list,
    ),
    (re.compile(r"blog|article|essay|\bpost\b|newsletter|report|\bstory\b|draft"), _write_article),
)
