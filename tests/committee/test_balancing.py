"""Sharing out reviews: filled first, then even and to those who know the field; ties by lot."""

from __future__ import annotations

import random
from itertools import combinations, product

from fundapp.committee.balancing import Task, share_out

PEOPLE = [f"member{n:02d}@fund.example" for n in range(12)]


def test_an_expert_gets_the_field_and_everybody_gets_as_many() -> None:
    tasks = [Task(f"A-{n}", tags=frozenset({"의료" if n % 2 else "제조"})) for n in range(8)]
    known = {PEOPLE[0]: frozenset({"의료"}), PEOPLE[1]: frozenset({"제조"})}
    sharing = share_out(tasks, PEOPLE[:2], loads={}, per_application=1, max_load=8, expertise=known)
    assert {number: who[0] for number, who in sharing.given.items()} == {
        f"A-{n}": PEOPLE[0] if n % 2 else PEOPLE[1] for n in range(8)
    }
    assert sharing.fields["A-1", PEOPLE[0]] == ("의료",)


def test_an_expert_is_preferred_until_they_hold_so_many_more() -> None:
    tasks = [Task(f"A-{n:02d}", tags=frozenset({"의료"})) for n in range(11)]
    for lead, expected in ((0, (6, 5)), (3, (7, 4)), (100, (11, 0))):
        sharing = share_out(
            tasks,
            PEOPLE[:2],
            loads={},
            per_application=1,
            max_load=11,
            expertise={PEOPLE[0]: frozenset({"의료"})},
            expert_lead=lead,
        )
        held = (sharing.loads[PEOPLE[0]], sharing.loads[PEOPLE[1]])
        assert held == expected or (lead == 0 and held == expected[::-1])


def test_where_reviewers_are_short_no_application_lacks_two_while_another_lacks_none() -> None:
    tasks = [Task(f"A-{n}", barred=frozenset({PEOPLE[2]}) if n == 0 else frozenset()) for n in range(4)]
    sharing = share_out(tasks, PEOPLE[:3], loads={}, per_application=3, max_load=3)
    assert sorted(len(who) for who in sharing.given.values()) == [2, 2, 2, 3]


def test_caps_of_single_members_hold() -> None:
    tasks = [Task(f"A-{n}") for n in range(6)]
    sharing = share_out(tasks, PEOPLE[:3], loads={}, per_application=1, max_load=6, caps={PEOPLE[0]: 1})
    assert sharing.loads[PEOPLE[0]] == 1


def test_the_plan_is_the_best_of_all_that_a_search_through_everything_finds() -> None:
    dice = random.Random(7)  # noqa: S311 - made-up cases
    fields = ("의료", "제조")
    for _ in range(6):
        people = PEOPLE[:3]
        known = {who: frozenset({dice.choice(fields)}) for who in people}
        tasks = [
            Task(
                f"A-{n}",
                barred=frozenset({dice.choice(people)}) if dice.random() < 0.4 else frozenset(),
                tags=frozenset({dice.choice(fields)}),
            )
            for n in range(4)
        ]
        cap = dice.choice((2, 3, 4))
        sharing = share_out(tasks, people, loads={}, per_application=2, max_load=cap, expertise=known, expert_lead=2)
        worth = value([tuple(sharing.given[task.number]) for task in tasks], tasks, people, known)
        assert worth == best(tasks, people, known, cap)


def value(
    plan: list[tuple[str, ...]], tasks: list[Task], people: list[str], known: dict[str, frozenset[str]]
) -> tuple[list[int], int]:
    """Return what counts, least first: missing reviewers, the worst-off first; then loads less what fields save."""
    loads = {who: sum(who in given for given in plan) for who in people}
    saved = sum(2 * len(t.tags & known[who]) for t, given in zip(tasks, plan, strict=True) for who in given)
    missing = [2 - len(given) for given in plan]
    return [sum(n * (n + 1) // 2 for n in missing)], sum(n * (n + 1) // 2 for n in loads.values()) - saved


def best(tasks: list[Task], people: list[str], known: dict[str, frozenset[str]], cap: int) -> tuple[list[int], int]:
    choices = [
        [given for size in range(3) for given in combinations([w for w in people if w not in task.barred], size)]
        for task in tasks
    ]
    lawful = (
        list(plan) for plan in product(*choices) if all(sum(who in given for given in plan) <= cap for who in people)
    )
    return min(value(plan, tasks, people, known) for plan in lawful)


def test_a_thousand_applications_in_any_order_give_one_plan() -> None:
    dice = random.Random(3)  # noqa: S311 - made-up cases
    tasks = [
        Task(
            f"A-{n:04d}",
            barred=frozenset(dice.sample(PEOPLE, 2)) if n % 9 == 0 else frozenset(),
            tags=frozenset({dice.choice(("의료", "제조", "물류"))}),
        )
        for n in range(1000)
    ]
    known = {who: frozenset({dice.choice(("의료", "제조"))}) for who in PEOPLE}
    one = share_out(tasks, PEOPLE, loads={}, per_application=3, max_load=400, expertise=known)
    dice.shuffle(tasks)
    other = share_out(tasks, PEOPLE[::-1], loads={}, per_application=3, max_load=400, expertise=known)
    assert one.given == other.given
    assert one.shortfalls == []
    assert all(len(set(who)) == 3 for who in one.given.values())
    assert max(one.loads.values()) - min(one.loads.values()) <= 6
