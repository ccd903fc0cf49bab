"""The register of conditions as its page and files show it: filters from the address, order, columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.committee.queries import ConditionRow
from fundapp.committee.rules import SCOPES
from fundapp.core.access import Viewer
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext

STATES = ("open", "met", "waived")
OWNERS = ("mine", "company", "fund")


@dataclass(frozen=True, slots=True)
class Register:
    """The register under its filters.

    Attributes:
        rows: What the filters leave: open ones first, and of these the earliest due date.
        counts: Rows by state under the other filters.
        overdue: Whether only open ones whose day is over are shown.
    """

    rows: Sequence[ConditionRow]
    counts: Mapping[str, int]
    state: str
    owner: str
    scope: str
    overdue: bool

    @property
    def filtered(self) -> bool:
        """Whether any filter besides the state is on."""
        return bool(self.owner or self.scope or self.overdue)


def read_register(rows: Sequence[ConditionRow], asked: Mapping[str, str], viewer: Viewer, today: date) -> Register:
    """Filter and order the register as an address asks."""
    owner = asked.get("owner", "") if asked.get("owner") in OWNERS else ""
    scope = asked.get("scope", "") if asked.get("scope") in SCOPES else ""
    late = asked.get("overdue") == "1"
    left = [
        row
        for row in rows
        if _owned(row, owner, viewer) and scope in {"", row.scope} and (not late or is_overdue(row, today))
    ]
    counts = {state: sum(row.state == state for row in left) for state in STATES}
    wanted = asked.get("state", "")
    state = wanted if wanted in (*STATES, "all") else "open" if counts["open"] else "all"
    chosen = sorted(
        (row for row in left if state in {row.state, "all"}),
        key=lambda row: (
            row.state != "open",
            row.due_on is None,
            row.due_on or today,
            row.application_number,
            row.number,
        ),
    )
    return Register(chosen, counts, state, owner, scope, late)


def is_overdue(row: ConditionRow, today: date) -> bool:
    """Say whether an open condition's day is over."""
    return row.state == "open" and row.due_on is not None and row.due_on < today


def _owned(row: ConditionRow, owner: str, viewer: Viewer) -> bool:
    if owner == "mine":
        return row.owner_id is not None and row.owner_id == viewer.person_id
    return owner in {"", row.owner_side}


def register_columns() -> list[Column]:
    """Return the columns of the register as a file."""
    return [
        Column(gettext("신청")),
        Column(gettext("기업")),
        Column(gettext("번호"), "number"),
        Column(gettext("조건")),
        Column(gettext("막는 것")),
        Column(gettext("담당")),
        Column(gettext("기한"), "day"),
        Column(gettext("상태")),
        Column(gettext("증빙 상태")),
        Column(gettext("증빙 또는 사유")),
        Column(gettext("처리한 사람")),
        Column(gettext("처리한 때"), "instant"),
    ]


def register_cells(rows: Sequence[ConditionRow]) -> Iterator[list[Cell]]:
    """Yield conditions."""
    states = dict(zip(STATES, (gettext("남음"), gettext("충족"), gettext("면제")), strict=True))
    scopes = {"cash": gettext("현금"), "gpu": gettext("GPU시간"), "both": gettext("현금과 GPU시간")}
    standings = {"waiting": gettext("읽기 전"), "returned": gettext("보완 요청"), "none": "", "ended": ""}
    for row in rows:
        owner = row.owner or row.company
        yield [
            row.application_number, row.company, row.number, row.text, scopes[row.scope], owner, row.due_on,
            states[row.state], standings[row.standing], row.evidence, row.resolved_by, row.resolved_at,
        ]  # fmt: skip
