"""In which order a meeting takes its items: so that the same people leave the room least often."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

EXACT_UP_TO = 12
"""Up to so many different groups of people outside, the order is the best there is; beyond, nearly so."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """An order of items.

    Attributes:
        order: Keys of items.
        moves: How often somebody leaves or enters the room between two items; everybody starts inside.
        moves_by_number: The same if items were taken by number.
    """

    order: tuple[str, ...]
    moves: int
    moves_by_number: int


def plan_agenda(recusals: Mapping[str, frozenset[uuid.UUID]]) -> Agenda:
    """Order items so that people leave and enter the room as rarely as possible; ties by key.

    Items for which the same people are outside follow one another, which by the triangle inequality costs nothing.
    What is left is the shortest path through these groups from a full room, by the dynamic programme of Bellman (1962)
    and Held and Karp (1962); with more groups than `EXACT_UP_TO`, the nearest one each time and then exchanges of two.

    Args:
        recusals: By item key (an application's number), who has to be outside.
    """
    return _plan(tuple(sorted((key, tuple(sorted(people))) for key, people in recusals.items())))


def agenda_order(recusals: Mapping[str, frozenset[uuid.UUID]]) -> list[str]:
    """Return the order alone."""
    return list(plan_agenda(recusals).order)


def count_moves(outside: Iterable[frozenset[uuid.UUID]]) -> int:
    """Return how often somebody leaves or enters between items, from a full room on."""
    moves, before = 0, frozenset[uuid.UUID]()
    for people in outside:
        moves += len(people ^ before)
        before = people
    return moves


@lru_cache(maxsize=256)
def _plan(items: tuple[tuple[str, tuple[uuid.UUID, ...]], ...]) -> Agenda:
    groups: dict[frozenset[uuid.UUID], list[str]] = {}
    for key, people in items:
        groups.setdefault(frozenset(people), []).append(key)
    full = groups.pop(frozenset(), [])  # nobody outside: at the start, where it costs nothing
    sets = sorted(groups, key=lambda people: groups[people][0])
    path = _shortest(sets) if len(sets) <= EXACT_UP_TO else _improved(_nearest(sets))
    order = [*full, *(key for people in path for key in groups[people])]
    by_number = count_moves(frozenset(people) for _, people in items)
    return Agenda(tuple(order), count_moves(path), by_number)


def _shortest(sets: Sequence[frozenset[uuid.UUID]]) -> list[frozenset[uuid.UUID]]:
    """Return the shortest path; of several the first in the order of `sets`.

    `best[rest, last]` is the least cost of visiting the groups in the bit set `rest` after standing at `last`.
    """
    count = len(sets)
    if not count:
        return []
    away = [[len(a ^ b) for b in sets] for a in sets]
    everything = (1 << count) - 1
    best = [[0] * count for _ in range(everything + 1)]
    for rest in range(1, everything + 1):
        ahead = [place for place in range(count) if rest >> place & 1]
        without = [best[rest & ~(1 << place)][place] for place in ahead]
        for last in range(count):
            if not rest >> last & 1:
                row = away[last]
                best[rest][last] = min(row[place] + cost for place, cost in zip(ahead, without, strict=True))
    path, rest = list[int](), everything
    costs = [len(people) for people in sets]
    while rest:
        place = min(
            (place for place in range(count) if rest >> place & 1),
            key=lambda place: (costs[place] + best[rest & ~(1 << place)][place], place),
        )
        path.append(place)
        rest &= ~(1 << place)
        costs = away[place]
    return [sets[place] for place in path]


def _nearest(sets: Sequence[frozenset[uuid.UUID]]) -> list[frozenset[uuid.UUID]]:
    waiting, path, outside = list(sets), list[frozenset[uuid.UUID]](), frozenset[uuid.UUID]()
    while waiting:
        place = min(range(len(waiting)), key=lambda place: (len(waiting[place] ^ outside), place))
        outside = waiting.pop(place)
        path.append(outside)
    return path


def _improved(path: list[frozenset[uuid.UUID]]) -> list[frozenset[uuid.UUID]]:
    """Turn stretches of the path round as long as that saves moves (2-opt)."""
    cost, better = count_moves(path), True
    while better:
        better = False
        for start in range(len(path) - 1):
            for end in range(start + 2, len(path) + 1):
                other = path[:start] + path[start:end][::-1] + path[end:]
                if (found := count_moves(other)) < cost:
                    path, cost, better = other, found, True
    return path
