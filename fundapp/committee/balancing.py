"""Sharing out reviews: everybody about as many, nobody above the cap, never to somebody who is recused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Task:
    """An application that wants reviewers.

    Attributes:
        number: Its public number; also decides ties.
        holders: Members who have it already, by address: a key that is the same in every database.
        barred: Members who may not have it.
    """

    number: str
    holders: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()


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
    """

    given: dict[str, list[str]] = field(default_factory=dict)
    loads: dict[str, int] = field(default_factory=dict)
    shortfalls: list[Shortfall] = field(default_factory=list)


def share_out(
    tasks: Sequence[Task],
    members: Sequence[str],
    *,
    loads: Mapping[str, int],
    per_application: int,
    max_load: int,
) -> Sharing:
    """Give each task reviewers, the least burdened first; deterministic for equal input in any order.

    Tasks with the fewest possible reviewers go first. When everybody left is at the cap, a review just given
    moves from a full member to a free one, along an augmenting path, so that a cap never wastes room.

    Args:
        tasks: Applications.
        members: Everybody in office.
        loads: What each holds already, the tasks' holders included.
        per_application: Reviewers wanted for each.
        max_load: Most that one member may hold.
    """
    sharing = Sharing(loads={member: loads.get(member, 0) for member in sorted(members)})
    allowed = {
        task.number: {m for m in sharing.loads if m not in task.barred and m not in task.holders} for task in tasks
    }
    for task in sorted(tasks, key=lambda t: (len(allowed[t.number]), t.number)):
        mine = sharing.given.setdefault(task.number, [])
        seated = sum(1 for member in task.holders if member not in task.barred)
        for _ in range(per_application - seated):
            if not _give(task.number, allowed, sharing, max_load):
                break
        if seated + len(mine) < per_application:
            barred = sum(1 for member in sharing.loads if member in task.barred)
            sharing.shortfalls.append(Shortfall(task.number, per_application, seated + len(mine), barred))
    sharing.shortfalls.sort(key=lambda shortfall: shortfall.number)
    return sharing


def _give(number: str, allowed: Mapping[str, set[str]], sharing: Sharing, max_load: int) -> bool:
    candidates = sorted(
        (member for member in allowed[number] if member not in sharing.given[number]),
        key=lambda member: (sharing.loads[member], _lot(number, member)),
    )
    for member in candidates:
        if sharing.loads[member] < max_load or _relieve(member, allowed, sharing, max_load, {member}):
            sharing.given[number].append(member)
            sharing.loads[member] += 1
            return True
    return False


def _relieve(
    member: str,
    allowed: Mapping[str, set[str]],
    sharing: Sharing,
    max_load: int,
    seen: set[str],
) -> bool:
    """Pass one of the member's new reviews on; say whether that worked."""
    for number in sorted(number for number, given in sharing.given.items() if member in given):
        others = sorted(
            (m for m in allowed[number] if m not in sharing.given[number] and m not in seen),
            key=lambda m: (sharing.loads[m], _lot(number, m)),
        )
        for other in others:
            seen.add(other)
            if sharing.loads[other] < max_load or _relieve(other, allowed, sharing, max_load, seen):
                sharing.given[number][sharing.given[number].index(member)] = other
                sharing.loads[member] -= 1
                sharing.loads[other] += 1
                return True
    return False


def _lot(number: str, member: str) -> str:
    """Draw lots without chance, so that ties do not always fall to the same person."""
    return hashlib.sha256(f"{number}:{member}".encode()).hexdigest()
