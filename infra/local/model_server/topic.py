"""What a prompt is about: its topic, its telling words, its sentences."""

from __future__ import annotations

import re
from collections import Counter

MAX_TOPIC_CHARACTERS = 90
MAX_READ_CHARACTERS = (
    20_000  # characters of a prompt that are read for words; keeps an answer to a book cheap
)
_MARKER = re.compile(r"\[\[[^\[\]]{0,80}\]\]")
_MARK = re.compile(r"\[synthetic[^\[\]]{0,40}\]")
_LABEL = re.compile(r"(?im)^\s*(?:topic|subject|title|about)\s*:\s*(\S.*)$")
_HEADING = re.compile(r"#\s+(\S[^\n]*)")
_ABOUT = re.compile(r"(?i)\b(?:about|regarding|on the (?:topic|subject) of|titled|entitled)\s*:?\s+(\S.*)")
_OF = re.compile(r"(?i)\b(?:of|on|for)\s*:?\s+(\S.*)")
_QUOTED = re.compile(r"[\"“]([^\"”\n]{3,90})[\"”]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE_END = re.compile(
    r"[.!?;\n]|,\s|\s(?:for|in \d+|with|using|"
    r"that|which|and (?:then|return|use|include|keep))\s",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'-]+")
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
        prompt based outline storyboard scene scenes image picture photo illustration bullet bullets
        point points heading headings title catchy headline one two three four five six seven eight
        nine ten key translate describe draft improve
        """,
    )
)


def clean_prompt(prompt: str) -> str:
    """The start of ``prompt`` without fault markers and without the marks of earlier synthetic answers."""
    return _MARK.sub("", _MARKER.sub("", prompt[:MAX_READ_CHARACTERS])).strip()


def find_topic(prompt: str) -> str:
    """A phrase of at most 90 characters, in the prompt's own words, that says what it is about."""
    text = clean_prompt(prompt)
    for pattern in (_LABEL, _HEADING, _ABOUT, _QUOTED, _OF):
        found = pattern.search(text)
        if found is not None:
            topic = _trim(found[1])
            if topic:
                return topic
    return _trim(text) or "the request"


def find_words(prompt: str, limit: int = 8) -> list[str]:
    """The telling words: the topic's first, then the prompt's most frequent; one to ``limit`` of them."""
    topic, counts = _tell_words(find_topic(prompt)), Counter(_tell_words(clean_prompt(prompt)))
    words = dict.fromkeys([*topic, *(word for word, _ in counts.most_common())])
    return list(words)[:limit] or [find_topic(prompt)]


def find_sentences(prompt: str, min_words: int = 5) -> list[str]:
    """The prompt's sentences of at least ``min_words`` words, in order, without heading marks."""
    parts = (part.strip(" #*->\t") for part in _SENTENCE_END.split(clean_prompt(prompt)))
    return [part for part in parts if len(part.split()) >= min_words]


def _tell_words(text: str) -> list[str]:
    """Words that say something, in order; an abbreviation such as AI keeps its capitals."""
    found = (word if word.isupper() else word.lower() for word in _WORD.findall(text))
    return [word for word in found if word not in _DULL and (len(word) > 2 or word.isupper())]


def _trim(text: str) -> str:
    phrase = _CLAUSE_END.split(text.strip())[0].strip(" :\"'“”*#`")
    if len(phrase) <= MAX_TOPIC_CHARACTERS:
        return phrase
    return phrase[:MAX_TOPIC_CHARACTERS].rsplit(" ", 1)[0]
