"""Sharing out reviews: as many as wanted, to those who know the field, evenly, and never to somebody who is recused.

The plan is the cheapest flow from applications to members, in this order of importance:

1. As many reviews as possible are given; where they do not suffice, no application lacks two while another lacks none.
2. A member's k-th review costs k, which evens loads out, and each tag of an application that the member knows saves
   `expert_lead`: an expert is preferred until they hold so many more than somebody who does not know the field.
3. Ties are broken by lot: the SHA-256 of application and address, so that they do not always fall to the same person.

Applications with the same tags and the same possible reviewers are one class, which keeps the problem small: ten
thousand applications of a few industries are some hundred classes. The programme is a network, whose basic solutions
are whole numbers (Dantzig 1951, "Application of the Simplex Method to a Transportation Problem"); the engine runs on
one thread on sorted input, so the same content gives the same plan in whatever order it arrives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXPERT_LEAD = 5
_WINDOW = 24
"""Loads this near the mean have a column for each review at first; farther ones a mean cost, until one gets there."""


@dataclass(frozen=True, slots=True)
class Task:
    """An application that wants reviewers.

    Attributes:
        number: Its public number; also decides ties.
        holders: Members who have it already, by address: a key that is the same in every database.
        barred: Members who may not have it.
        tags: Its fields: industry and tracks.
    """

    number: str
    holders: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """An application that could not be given as many reviewers as wanted, and why."""

    number: str
    wanted: int
    given: int
    barred: int

    def reason(self, locale: str = "ko") -> str:
        """Say why in words."""
        if locale.startswith("en"):
            return f"{self.given} of {self.wanted} reviewers; {self.barred} recused, the others at their cap"
        return f"심사위원 {self.wanted}명 중 {self.given}명; 제척·회피 {self.barred}명, 나머지는 상한에 이름"


@dataclass(slots=True)
class Sharing:
    """Who gets what: new pairs only, in order.

    Attributes:
        given: By application number, its new reviewers.
        loads: By member, how many applications they hold afterwards.
        fields: By application number and member, the tags that they know; only where there is one.
    """

    given: dict[str, list[str]] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    fields: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    shortfalls: list[Shortfall] = field(default_factory=list)


@dataclass(slots=True)
class _Class:
    """Applications that are alike: how many reviewers each lacks, who may have them, which tags they carry."""

    need: int
    allowed: tuple[str, ...]
    tags: frozenset[str]
    numbers: list[str] = field(default_factory=list)


def share_out(
    tasks: Sequence[Task],
    members: Sequence[str],
    *,
    loads: Mapping[str, int],
    per_application: int,
    max_load: int,
    caps: Mapping[str, int] | None = None,
    expertise: Mapping[str, frozenset[str]] | None = None,
    expert_lead: int = EXPERT_LEAD,
) -> Sharing:
    """Give each task reviewers; the same content in any order gives the same plan.

    Args:
        tasks: Applications.
        members: Everybody in office, by address.
        loads: What each holds already, the tasks' holders included.
        per_application: Reviewers wanted for each.
        max_load: Most that one member may hold.
        caps: Other caps than `max_load`, by member.
        expertise: The tags that each member knows.
        expert_lead: What a tag that fits is worth, in reviews held.
    """
    known = expertise or {}
    people = sorted(members)
    sharing = Sharing(loads={member: loads.get(member, 0) for member in people})
    room = {who: max(0, (caps or {}).get(who, max_load) - sharing.loads[who]) for who in people}
    ordered = sorted(tasks, key=lambda task: task.number)
    sharing.given = {task.number: [] for task in ordered}
    classes = _classes(ordered, people, per_application)
    for one, amounts in zip(classes, _flow(classes, people, sharing.loads, room, known, expert_lead), strict=True):
        _deal(one, amounts, sharing)
    for task in ordered:
        _note(task, people, known, per_application, sharing)
    return sharing


def _classes(tasks: Sequence[Task], people: Sequence[str], per_application: int) -> list[_Class]:
    found: dict[tuple[int, tuple[str, ...], tuple[str, ...]], _Class] = {}
    for task in tasks:
        need = per_application - len(task.holders - task.barred)
        allowed = tuple(who for who in people if who not in task.barred and who not in task.holders)
        if need > 0 and allowed:
            key = (need, allowed, tuple(sorted(task.tags)))
            found.setdefault(key, _Class(need, allowed, task.tags)).numbers.append(task.number)
    return [found[key] for key in sorted(found)]


def _flow(
    classes: Sequence[_Class],
    people: Sequence[str],
    loads: Mapping[str, int],
    room: Mapping[str, int],
    known: Mapping[str, frozenset[str]],
    expert_lead: int,
) -> list[dict[str, int]]:
    """Return how many applications of each class each member gets.

    Columns: one for each class and member who may; one for each class and missing reviewer, dearer the more are
    missing; one for each further review of a member. Rows: each class's reviews; each member's load.
    """
    if not classes:
        return []
    total = sum(one.need * len(one.numbers) for one in classes)
    spare = {who: min(room[who], total) for who in people}
    middle = {who: min(spare[who], max(0, (total + sum(loads.values())) // len(people) - loads[who])) for who in people}
    width = _WINDOW
    while True:
        windows = {who: (max(0, middle[who] - width), min(spare[who], middle[who] + width)) for who in people}
        solution = _solve(classes, people, loads, spare, windows, known, expert_lead)
        middle = {who: sum(amounts.get(who, 0) for amounts in solution) for who in people}
        if all(_inside(middle[who], windows[who], spare[who]) for who in people):
            return solution
        width *= 2


def _inside(amount: int, window: tuple[int, int], spare: int) -> bool:
    """Say whether a load lies where each review has its own cost, so that the answer is the exact one."""
    low, high = window
    return (amount > low or low == 0) and (amount < high or high == spare)


def _solve(
    classes: Sequence[_Class],
    people: Sequence[str],
    loads: Mapping[str, int],
    spare: Mapping[str, int],
    windows: Mapping[str, tuple[int, int]],
    known: Mapping[str, frozenset[str]],
    expert_lead: int,
) -> list[dict[str, int]]:
    """Solve with unit steps inside each member's window, and one mean cost below and above it."""
    place = {who: number for number, who in enumerate(people)}
    total = sum(one.need * len(one.numbers) for one in classes)
    fit = max((len(one.tags) for one in classes), default=0) * expert_lead
    # Dearer than anything that a chain of exchanges through all members can save.
    missing = 2 * (len(people) + 1) * fit + max(loads[who] + spare[who] for who in people) + 1
    programme = _Programme()
    for row, one in enumerate(classes):
        for who in one.allowed:
            saved = expert_lead * len(one.tags & known.get(who, frozenset()))
            lot = int(_lot(one.numbers[0], who)[:8], 16) / 2**32
            programme.add(lot / (2 * total) - saved, len(one.numbers), (row, 1), (len(classes) + place[who], 1))
        for step in range(1, one.need + 1):
            programme.add(step * missing, len(one.numbers), (row, 1))
    wanted = programme.columns
    for who in people:
        low, high = windows[who]
        for first, last in ((0, low), *((step, step + 1) for step in range(low, high)), (high, spare[who])):
            if first < last:  # reviews first + 1 to last cost their ordinal on average
                mean = loads[who] + (first + 1 + last) / 2
                programme.add(mean, last - first, (len(classes) + place[who], -1))
    sizes = [one.need * len(one.numbers) for one in classes]
    solution = programme.solve([*sizes, *([0] * len(people))])[:wanted]
    amounts, column = [], 0
    for one in classes:
        amounts.append({who: solution[column + number] for number, who in enumerate(one.allowed)})
        column += len(one.allowed) + one.need
    return amounts


@dataclass(slots=True)
class _Programme:
    """A linear programme in sparse form: columns with costs and upper bounds, and equations."""

    costs: list[float] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    cells: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self.costs)

    def add(self, cost: float, most: int, *entries: tuple[int, int]) -> None:
        """Add a column with its entries: row and coefficient."""
        for row, value in entries:
            self.rows.append(row)
            self.cells.append(len(self.costs))
            self.values.append(value)
        self.costs.append(cost)
        self.bounds.append(most)

    def solve(self, right: Sequence[int]) -> list[int]:
        """Return the cheapest whole solution.

        Raises:
            ArithmeticError: if the engine finds none, which the columns for missing reviewers rule out.
        """
        # Loaded here: half a second that only an assignment should pay.
        from scipy.optimize import linprog  # noqa: PLC0415
        from scipy.sparse import coo_array  # noqa: PLC0415

        shape = (len(right), self.columns)
        matrix: Any = coo_array((self.values, (self.rows, self.cells)), shape=shape, dtype=float).tocsr()
        bounds: Any = [(0, most) for most in self.bounds]
        found = linprog(self.costs, A_eq=matrix, b_eq=[float(n) for n in right], bounds=bounds, method="highs-ds")
        if found.status != 0 or found.x is None:
            raise ArithmeticError(found.message)
        return [round(value) for value in found.x]


def _deal(one: _Class, amounts: Mapping[str, int], sharing: Sharing) -> None:
    """Hand the reviews of a class to its applications: those with the fewest first, ties by lot.

    Numbers of reviewers never differ by more than one, so that everybody's share always fits.
    """
    held = dict.fromkeys(one.numbers, 0)
    for who in sorted(amounts, key=lambda member: (-amounts[member], member)):
        if not amounts[who]:
            continue
        lots = sorted(one.numbers, key=lambda number: (held[number], _lot(number, who)))
        for number in lots[: amounts[who]]:
            sharing.given[number].append(who)
            held[number] += 1
        sharing.loads[who] += amounts[who]


def _note(
    task: Task, people: Sequence[str], known: Mapping[str, frozenset[str]], per_application: int, sharing: Sharing
) -> None:
    """Say of each new pair which fields fit, and of the application whether reviewers are missing."""
    mine = sharing.given[task.number]
    mine.sort()
    for who in mine:
        fits = task.tags & known.get(who, frozenset())
        if fits:
            sharing.fields[task.number, who] = tuple(sorted(fits))
    seated = len(task.holders - task.barred) + len(mine)
    if seated < per_application:
        barred = sum(1 for who in people if who in task.barred)
        sharing.shortfalls.append(Shortfall(task.number, per_application, seated, barred))


def _lot(number: str, member: str) -> str:
    """Draw lots without chance."""
    return hashlib.sha256(f"{number}:{member}".encode()).hexdigest()
