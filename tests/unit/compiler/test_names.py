from __future__ import annotations

from engine.compiler.names import name_parallels, shorten, state_name
from engine.compiler.tree import Leaf, Parallel, Series


def leaf_row(*names: str) -> tuple[Leaf, ...]:
    return tuple(Leaf(name) for name in names)


def test_a_parallel_is_named_after_the_first_steps_of_its_branches() -> None:
    tree = Series((Leaf("a"), Parallel((Leaf("b"), Series(leaf_row("c", "d"))))))
    assert name_parallels(tree) == {(1,): "b, c"}


def test_a_wide_parallel_says_how_many_it_leaves_out() -> None:
    names = [f"branch_number_{index}" for index in range(9)]
    assert name_parallels(Parallel(leaf_row(*names))) == {
        (): "branch_number_0, branch_number_1, branch_number_2, branch_number_3 and 5 more"
    }


def test_very_long_ids_still_leave_room() -> None:
    names = [letter * 63 for letter in "abc"]
    assert name_parallels(Parallel(leaf_row(*names))) == {(): f"{'a' * 63} and 2 more"}


def test_parallels_that_would_have_the_same_name_are_numbered() -> None:
    long = [f"{letter}{'x' * 62}" for letter in "abcd"]
    inner = Series((Parallel(leaf_row(long[0], long[1])), Leaf("z")))
    tree = Parallel((inner, Leaf(long[2])))
    assert name_parallels(tree) == {
        (): f"{long[0]} and 1 more",
        (0, 0): f"{long[0]} and 1 more (2)",
    }


def test_a_long_name_is_cut_and_told_apart_by_a_digest() -> None:
    one, other = shorten("x" * 100), shorten("x" * 101)
    assert (len(one), len(other)) == (80, 80)
    assert one != other


def test_the_longest_id_has_room_for_every_role() -> None:
    assert state_name("n" * 63, "item pending?") == f"{'n' * 63} item pending?"
