from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.dynamodb.attribute import Item
from engine.adapters.dynamodb.newest_first import Budget, Partition, Place, walk

Section = tuple[str, list[Partition]]


def reader(keys: list[str], page_size: int, kept: Callable[[str], bool]) -> Partition:
    """A partition that reads as DynamoDB does: so many keys at a time, of which a filter may keep none."""
    ordered = sorted(keys, reverse=True)

    def read(below: str | None) -> tuple[list[Item], str | None]:
        left = [key for key in ordered if below is None or key < below]
        page = left[:page_size]
        items: list[Item] = [{"id": {"S": key}} for key in page if kept(key)]
        return items, page[-1] if len(left) > page_size else None

    return Partition(read, "id")


def keys_of(items: list[Item]) -> list[str]:
    return [item["id"]["S"] for item in items]


@given(
    days=st.lists(
        st.lists(st.lists(st.integers(0, 99_999), max_size=12, unique=True), min_size=3, max_size=3),
        max_size=4,
    ),
    page_size=st.integers(1, 6),
    limit=st.integers(1, 7),
    budget=st.integers(3, 12),
    modulus=st.integers(1, 4),
)
def test_pages_put_together_are_the_whole_list(
    days: list[list[list[int]]], page_size: int, limit: int, budget: int, modulus: int
) -> None:
    """Whatever the shards, page sizes, filter and budget: nothing is lost, nothing comes twice."""
    named = {
        f"2026-01-{9 - day:02d}": [
            [f"{number:05d}-{shard}" for number in numbers] for shard, numbers in enumerate(shards)
        ]
        for day, shards in enumerate(days)
    }

    def kept(key: str) -> bool:
        return int(key[:5]) % modulus == 0

    expected = [
        key
        for shards in named.values()
        for key in sorted((key for shard in shards for key in shard if kept(key)), reverse=True)
    ]

    def sections(place: Place | None) -> list[Section]:
        found: list[Section] = []
        for name, shards in named.items():
            if place is not None and name > place.section:
                continue
            partitions = [reader(shard, page_size, kept) for shard in shards]
            if place is not None and name == place.section and place.below:
                for partition in partitions:
                    partition.below = place.below
            found.append((name, partitions))
        return found

    seen: list[str] = []
    place: Place | None = None
    for _ in range(500):
        items, place = walk(sections(place), limit, Budget(budget))
        assert len(items) <= limit
        seen += keys_of(items)
        if place is None:
            break
    assert seen == expected
    assert place is None


def test_a_page_reads_no_more_than_its_budget() -> None:
    partition = reader([f"{n:03d}" for n in range(100)], 10, lambda key: key == "000")
    budget = Budget(3)
    assert walk([("day", [partition])], 5, budget) == ([], Place("day", "070"))
    assert budget.left == 0


def test_a_section_that_cannot_be_begun_is_where_the_list_goes_on() -> None:
    sections = [("b", [reader(["1"], 5, bool)]), ("a", [reader(["2"], 5, bool), reader(["3"], 5, bool)])]
    items, place = walk(sections, 5, Budget(2))
    assert (keys_of(items), place) == (["1"], Place("a"))


@pytest.mark.parametrize(("limit", "place"), [(2, None), (1, Place("day", "2"))])
def test_a_list_that_ends_with_the_page_has_no_cursor(limit: int, place: Place | None) -> None:
    items, found = walk([("day", [reader(["1", "2"], 9, bool)])], limit, Budget())
    assert (keys_of(items), found) == (["2", "1"][:limit], place)
