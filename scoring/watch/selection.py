"""Whether some group is passed over: selection rates side by side, by the four-fifths rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.canonical import Json
from scoring.learning.problems import LearnError

LEAST_RATIO = 0.8
ENOUGH = 20
_PLACES = 6


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One group: its rows, how many were selected, and its rate beside the highest one.

    Attributes:
        ratio: None if no group that is large enough was selected from.
        enough: Whether it has 20 rows and more; with fewer it is listed and not judged.
        below: Large enough, and under four fifths of the highest rate: a reason to look, no proof of anything.
    """

    group: str
    rows: int
    selected: int
    rate: float
    ratio: float | None
    enough: bool
    below: bool


@dataclass(frozen=True, slots=True)
class SelectionRatios:
    """The groups of one kind, for instance of size class or of region."""

    name: str
    groups: tuple[GroupRate, ...]
    lowest: float | None

    @property
    def below(self) -> tuple[str, ...]:
        """The groups that somebody should look at."""
        return tuple(one.group for one in self.groups if one.below)

    def to_document(self) -> dict[str, Json]:
        """Give the comparison as plain JSON values."""
        return {
            "name": self.name,
            "lowest": self.lowest,
            "groups": [
                {
                    "group": one.group,
                    "rows": one.rows,
                    "selected": one.selected,
                    "rate": one.rate,
                    "ratio": one.ratio,
                    "enough": one.enough,
                    "below": one.below,
                }
                for one in self.groups
            ],
        }


def compare_selection(name: str, groups: Sequence[str | None], selected: Sequence[bool]) -> SelectionRatios:
    """Compare how often each group is selected with the group that is selected most (29 CFR 1607.4 D).

    Args:
        name: What the groups are: size class, region.
        groups: Each row's group; None where it is not known.
        selected: Whether each row was selected.

    Raises:
        LearnError: If there are not as many groups as rows.
    """
    if len(groups) != len(selected):
        raise LearnError("행의 수가 다릅니다.", "has another number of rows.", place=name)
    counts: dict[str, list[int]] = {}
    for group, chosen in zip(groups, selected, strict=True):
        tally = counts.setdefault(group or "", [0, 0])
        tally[0] += 1
        tally[1] += bool(chosen)
    rates = {group: taken / rows for group, (rows, taken) in counts.items()}
    top = max((rates[group] for group, (rows, _) in counts.items() if rows >= ENOUGH and group), default=0.0)
    found = []
    for group, (rows, taken) in sorted(counts.items()):
        ratio = rates[group] / top if top else None
        enough = rows >= ENOUGH and bool(group)
        found.append(
            GroupRate(
                group=group or "–",
                rows=rows,
                selected=taken,
                rate=round(rates[group], _PLACES),
                ratio=None if ratio is None else round(ratio, _PLACES),
                enough=enough,
                below=enough and ratio is not None and ratio < LEAST_RATIO,
            )
        )
    judged = [one.ratio for one in found if one.enough and one.ratio is not None]
    return SelectionRatios(name, tuple(found), min(judged, default=None))
