"""What a benchmark is: one thing measured beside its floors, turn by turn, and the rows that come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

Unit = Literal["rows/s", "s", "ms", "MiB", "points"]
Run = Callable[[], float]
"""Does the thing once and returns its seconds; what it needs beforehand is prepared off the clock."""


@dataclass(frozen=True, slots=True)
class Case:
    """One benchmark.

    Attributes:
        what: What is done, in a few words.
        store: `sqlite`, `postgresql`, or empty where no database is at work.
        n: How many rows, applicants or applications one run handles.
        unit: Unit of the values shown.
        run: The product's way.
        floors: The least that any way must do, by name.
        repetitions: How often each is run.
    """

    what: str
    store: str
    n: int
    unit: Unit
    run: Run
    floors: Mapping[str, Run]
    repetitions: int


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table; `samples` and `floor_samples` are in seconds, in the order they were taken.

    Attributes:
        median: The middle of the samples, in the unit.
        floor: The middle of the floor's samples, in the same unit.
        ratio: `median / floor`: below 1 for a rate, above 1 for a time.
        spread: Distance of the slowest from the fastest sample over the middle one; 0.1 is ten per cent.
    """

    what: str
    store: str
    n: int
    median: float
    unit: Unit
    against: str
    floor: float
    ratio: float
    spread: float
    samples: tuple[float, ...]
    floor_samples: tuple[float, ...]


def clock(work: Callable[[], object]) -> float:
    """Run `work` once and return its seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(case: Case) -> list[Result]:
    """Run a case and its floors in turn, so that a change in the machine's load meets them alike."""
    taken: list[float] = []
    floors: dict[str, list[float]] = {name: [] for name in case.floors}
    for _ in range(case.repetitions):
        taken.append(case.run())
        for name, run in case.floors.items():
            floors[name].append(run())
    return [_result(case, name, taken, seconds) for name, seconds in floors.items()]


def _result(case: Case, against: str, taken: list[float], floored: list[float]) -> Result:
    value, floor = (_in_unit(case, median(seconds)) for seconds in (taken, floored))
    return Result(
        what=case.what,
        store=case.store,
        n=case.n,
        median=value,
        unit=case.unit,
        against=against,
        floor=floor,
        ratio=value / floor,
        spread=(max(taken) - min(taken)) / median(taken),
        samples=tuple(taken),
        floor_samples=tuple(floored),
    )


def _in_unit(case: Case, seconds: float) -> float:
    match case.unit:
        case "rows/s":
            return case.n / seconds
        case "ms":
            return seconds * 1000
        case "s" | "MiB" | "points":
            return seconds
