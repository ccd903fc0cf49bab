"""The order of an agenda: never more coming and going than the best of all orders, and the same for everybody."""

from __future__ import annotations

import uuid
from itertools import permutations
from random import Random

import pytest

from fundapp.committee.rules import count_moves, plan_agenda

PEOPLE = [uuid.UUID(int=n) for n in range(1, 10)]


def drawn(seed: int, items: int, people: int = 5) -> dict[str, frozenset[uuid.UUID]]:
    random = Random(seed)  # noqa: S311 - invented recusals
    return {
        f"A-{n:02d}": frozenset(random.sample(PEOPLE[:people], random.choice((0, 0, 1, 1, 2, 3)))) for n in range(items)
    }


def least(recusals: dict[str, frozenset[uuid.UUID]]) -> int:
    """Try every order."""
    return min(count_moves(recusals[key] for key in order) for order in permutations(recusals))


@pytest.mark.parametrize("seed", range(12))
def test_no_order_of_seven_items_has_fewer_moves(seed: int) -> None:
    recusals = drawn(seed, 7)
    plan = plan_agenda(recusals)
    assert sorted(plan.order) == sorted(recusals)
    assert plan.moves == count_moves(recusals[key] for key in plan.order) == least(recusals)
    assert plan.moves_by_number == count_moves(recusals[key] for key in sorted(recusals))


def test_the_nearest_item_each_time_is_not_always_best() -> None:
    # From a full room {a} and {b, c} lie 1 and 2 away. Whoever takes the nearest goes {a}, {a, b, c}, {b, c} or worse;
    # by hand the least is {a}, {a, b}, {a, b, c}, {b, c} = 1 + 1 + 1 + 1.
    a, b, c = PEOPLE[:3]
    recusals = {
        "1": frozenset({b, c}),
        "2": frozenset({a}),
        "3": frozenset({a, b, c}),
        "4": frozenset({a, b}),
    }
    plan = plan_agenda(recusals)
    assert (plan.order, plan.moves) == (("2", "4", "3", "1"), 4)


def test_the_designs_meeting_is_grouped_by_who_leaves() -> None:
    # Eight items; two members leave for 4 and 5, one other for 6: in order they cost 2 + 3 + 1 = 6 moves, and with the
    # items of everybody first 0 + 1 + 3.
    two, one = frozenset(PEOPLE[:2]), frozenset(PEOPLE[2:3])
    recusals = {str(n): frozenset[uuid.UUID]() for n in (1, 2, 3, 7, 8)} | {"4": two, "5": two, "6": one}
    plan = plan_agenda(recusals)
    assert (plan.moves, plan.moves_by_number) == (4, 6)
    assert plan.order[:5] == ("1", "2", "3", "7", "8")


def test_the_order_does_not_depend_on_how_items_are_given() -> None:
    recusals = drawn(3, 9)
    assert plan_agenda(recusals) == plan_agenda(dict(reversed(recusals.items())))


def test_a_long_agenda_is_never_worse_than_the_nearest_each_time() -> None:
    recusals = drawn(5, 60, people=9)
    plan = plan_agenda(recusals)
    assert len({frozenset(people) for people in recusals.values() if people}) > 12
    waiting, greedy, outside = dict(recusals), list[frozenset[uuid.UUID]](), frozenset[uuid.UUID]()
    while waiting:
        nearest = min(waiting, key=lambda key: (len(waiting[key] ^ outside), key))
        outside = waiting.pop(nearest)
        greedy.append(outside)
    assert sorted(plan.order) == sorted(recusals)
    assert plan.moves <= count_moves(greedy)
    assert plan.moves < plan.moves_by_number


def test_an_empty_agenda_has_no_moves() -> None:
    assert plan_agenda({}).moves == 0
