"""What a chart is before it is drawn, and the words of its axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.svg import Specification
from reports.formats import Locale, Scale

EMPTY_HEIGHT = 36
"""Height of a drawing in which nothing has happened yet."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A specification with its words; `table` is the key of the section table that holds the same rows."""

    title: str
    sentence: str
    note: str
    table: str
    specification: Specification


def axis_labels(scale: Scale, locale: Locale) -> str:
    """The expression that words an axis of money in a table's unit."""
    unit = {"억 원": "억", "만원": "만원"}.get(scale.label, "") if locale == "ko" else ""
    return f"replace(format(datum.value, ','), '\\u2212', '−') + '{unit}'"


def quarters_named(names: Sequence[str], fits: int) -> list[str]:
    """The quarters whose names stand at an axis: the newest and each second, fourth, … before it, so that they fit."""
    step = 1
    while (len(names) + step - 1) // step > fits:
        step *= 2
    return list(names[::-1][::step][::-1])


def spaced(levels: Sequence[float], gap: float, top: float) -> list[float]:
    """Heights for labels of levels: each at its level where it can be, none nearer than `gap` to another.

    Levels that share a place are moved up; what would leave the drawing at `top` moves down instead.
    """
    order = sorted(range(len(levels)), key=lambda place: levels[place])
    heights = [levels[place] for place in order]
    for n in range(1, len(heights)):
        heights[n] = max(heights[n], heights[n - 1] + gap)
    ceiling = top
    for n in reversed(range(len(heights))):
        heights[n] = min(heights[n], ceiling)
        ceiling = heights[n] - gap
    return [heights[order.index(place)] for place in range(len(levels))]
