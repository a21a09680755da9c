"""What a prompt is about: its topic, its telling words, its sentences."""

from __future__ import annotations

import re
from collections import Counter

MAX_TOPIC_CHARACTERS = 90
_MARKER = re.compile(r"\[\[[^\]]*\]\]")
_MARK = re.compile(r"\[synthetic[^\]]*\]")
_LABEL = re.compile(r"(?im)^\s*(?:topic|subject|title|about)\s*:\s*(\S.*)$")
_ABOUT = re.compile(r"(?i)\b(?:about|regarding|on the (?:topic|subject) of|titled|entitled)\s*:?\s+(\S.*)")
_OF = re.compile(r"(?i)\b(?:of|on|for)\s*:?\s+(\S.*)")
_QUOTED = re.compile(r"[\"“]([^\"”\n]{3,90})[\"”]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE_END = re.compile(
    r"[.!?;\n]|,\s|\s(?:for|in \d+|with|using|"
    r"that|which|and (?:then|return|use|include|keep))\s",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'-]{2,}")
_DULL = frozenset(
    # Words that say nothing about a topic; one string, because a list of them would fill a page.
    re.findall(
        r"\w+",
        """
        about above after again all also and any are because been before being below between both
        but can could did does doing down during each few for from further had has have having
        here how into its itself just like make more most must not now off once one only other our
        out over own please same shall should some such than that the their them then there these
        they this those through too under until use using very was were what when where which
        while who why will with would write you your answer text give following return include
        article blog post paragraph paragraphs sentence sentences word words short long create
        generate summary summarise summarize list json markdown assistant helpful user system
        prompt based
        """,
    )
)


def clean_prompt(prompt: str) -> str:
    """``prompt`` without fault markers and without the marks of earlier synthetic answers."""
    return _MARK.sub("", _MARKER.sub("", prompt)).strip()


def find_topic(prompt: str) -> str:
    """A phrase of at most 90 characters, in the prompt's own words, that says what it is about."""
    text = clean_prompt(prompt)
    for pattern in (_LABEL, _ABOUT, _QUOTED, _OF):
        found = pattern.search(text)
        if found is not None:
            topic = _trim(found[1])
            if topic:
                return topic
    return _trim(text) or "the request"


def find_words(prompt: str, limit: int = 8) -> list[str]:
    """The prompt's most telling words, most frequent first, at most ``limit``; never empty."""
    words = [word.lower() for word in _WORD.findall(clean_prompt(prompt))]
    counts = Counter(word for word in words if word not in _DULL)
    return [word for word, _ in counts.most_common(limit)] or ["request"]


def find_sentences(prompt: str, min_words: int = 5) -> list[str]:
    """The prompt's sentences of at least ``min_words`` words, in order, without heading marks."""
    parts = (part.strip(" #*->\t") for part in _SENTENCE_END.split(clean_prompt(prompt)))
    return [part for part in parts if len(part.split()) >= min_words]


def _trim(text: str) -> str:
    phrase = _CLAUSE_END.split(text.strip())[0].strip(" :\"'“”*#`")
    if len(phrase) <= MAX_TOPIC_CHARACTERS:
        return phrase
    return phrase[:MAX_TOPIC_CHARACTERS].rsplit(" ", 1)[0]
