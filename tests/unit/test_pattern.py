from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pattern import PatternError, check_pattern, search_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("b", "abc"),
        ("^abc$", "abc"),
        ("a.c", "xa-c"),
        ("a|b|c", "c"),
        ("^(ab)+$", "ababab"),
        ("^(?:ab){2,3}$", "ababab"),
        ("^a{2}$", "aa"),
        ("^a{2,}$", "aaaa"),
        ("^a{,2}$", "a"),
        ("^a{,}$", "a{,}"),
        ("^a{x}$", "a{x}"),
        ("^a??b*?c+?$", "bcc"),
        (r"^\d{4}-\d\d$", "2024-05"),
        (r"^\w+\s\W\S\D$", "ü_9 -xx"),
        (r"\bcat\b", "the cat."),
        (r"\Bat\b", "cat"),
        ("^[a-c]+[^a-c]$", "abcd"),
        ("^[]a]+$", "]a"),
        ("^[^]]$", "a"),
        ("^[a-]+$", "a-"),
        (r"^[\d\-.]+$", "1-2.3"),
        (r"^[\]\\]+$", "]\\"),
        (r"^\.\*\(\)\[\]\{\}\+\?\^\$\|\\$", ".*()[]{}+?^$|\\"),
        (r"^\x41\u00fc\t$", "Aü\t"),
        ("^(|a)b$", "b"),
        ("^(a*)*$", "aaa"),
        ("(^a|b$)", "xb"),
    ],
)
def test_a_pattern_matches(pattern: str, text: str) -> None:
    assert search_pattern(pattern, text) is True
    assert check_pattern(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", ""),
        ("^b", "ab"),
        ("a$", "ab"),
        ("a.c", "a\nc"),
        ("^a{2}$", "aaa"),
        (r"\bcat\b", "concat"),
        ("[^a]", "aaa"),
        ("A", "a"),
        (r"^\d$", "x"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert search_pattern(pattern, text) is False


@pytest.mark.parametrize(("pattern", "text"), [("^HELLO$", "hello"), ("[A-Z]+$", "abc"), ("ü", "Ü")])
def test_case_is_ignored_when_asked(pattern: str, text: str) -> None:
    assert search_pattern(pattern, text, ignore_case=True) is True
    assert search_pattern(pattern, text) is False


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a", "at character 3: a group is not closed with ')'"),
        ("a)", "at character 2: ')' closes nothing; write '\\)' for a parenthesis"),
        ("[a", "at character 3: a class is not closed with ']'"),
        ("*a", "at character 2: a repetition repeats nothing"),
        ("a**", "at character 3: one repetition follows another; put the first in a group"),
        ("^*", "an anchor cannot be repeated"),
        ("a{3,2}", "a count must go from low to high, and not over 1,000"),
        ("a{1001}", "a count must go from low to high, and not over 1,000"),
        ("[b-a]", "a range must go from a lower to a higher character"),
        ("a\\", "a backslash stands at the end"),
        (r"(a)\1", "'\\1' is not known; references to groups are not either"),
        (r"\p{L}", "'\\p' is not known"),
        (r"\xg0", "'\\x' needs 2 hexadecimal digits"),
        ("(?=a)", "of '(?…)' only '(?:…)' is known; for case, set ignore_case"),
        ("(?i)a", "of '(?…)' only '(?:…)' is known; for case, set ignore_case"),
        ("(?P<a>b)", "of '(?…)' only '(?:…)' is known"),
        ("(" * 31, "groups are nested deeper than 30 levels"),
        ("a" * 1_001, "the pattern is longer than 1,000 characters"),
        ("(((a{30}){30}){30}){30}", "the pattern needs more than 2,000 states; repeat less"),
        ("(((){1000}){1000}){1000}", "the pattern repeats too much; repeat less"),
    ],
)
def test_a_pattern_is_refused(pattern: str, said: str) -> None:
    assert said in str(check_pattern(pattern))
    with pytest.raises(PatternError):
        search_pattern(pattern, "text")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 50_000 + "b"),
        ("(a|a)*b$", "a" * 50_000),
        ("(x+x+)+y", "x" * 50_000),
        (r"^(\w+\s?)*$", "aaaa " * 10_000 + "!"),
        ("(.*,){20}x", "a," * 20_000),
        ("(?:a?){300}a{300}", "a" * 299),
        ("a.*b.*c.*d.*e.*f", "abcde" * 10_000),
    ],
)
def test_a_pattern_that_holds_other_matchers_for_hours_ends(pattern: str, text: str) -> None:
    begin = time.monotonic()
    assert search_pattern(pattern, text) is False
    assert time.monotonic() - begin < 15


def test_what_takes_too_long_is_refused() -> None:
    # Every 20 characters begin another set of states: none is met twice.
    text = "".join(f"{i:b}" for i in range(10_000))
    with pytest.raises(PatternError, match="the pattern takes too long on this text"):
        search_pattern("(?:0|1)*1(?:0|1){400}x", text)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(PatternError, match="the text is longer than the 200,000 characters"):
        search_pattern("a", "b" * 200_001)


PARTS = [*"abc.|*+?()^$", "[ab]", "[^a]", r"\b", r"\w", r"\d", "{1,2}", "{2}", "(?:", "1", " "]


@given(st.lists(st.sampled_from(PARTS), max_size=8), st.text(alphabet="abc1 \n", min_size=1, max_size=6))
@settings(max_examples=500)
def test_what_python_understands_too_means_the_same(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    try:
        found = search_pattern(pattern, text)
    except PatternError:
        return
    # Python's `$` also stands before a new line at the end.
    assert found == bool(re.search(pattern.replace("$", r"\Z"), text))
