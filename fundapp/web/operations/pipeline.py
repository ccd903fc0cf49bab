"""The pipeline of a call: which applications stand where, found, sorted and counted without opening their answers."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, cast, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import in_sight
from fundapp.core.access import Viewer
from fundapp.intake.masking import PUBLIC_MAIL
from fundapp.intake.newest import is_newest
from fundapp.intake.rules import STATES
from fundapp.intake.standing_queries import stopped_in
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.intake.workflow import is_stage_key
from fundapp.screening.queries import ScoreRow, list_scores

SORTS = ("number", "company", "krw", "score", "related", "updated")
VERDICTS = ("pass", "fail", "unknown")
_STAGES = (
    ("received", ("submitted", "on_hold", "ineligible")),
    ("eligible", ("eligible", "rejected", "deferred")),
    ("proposed", ("proposed",)),
    ("approved", ("approved",)),
    ("awarded", ("awarded",)),
)
# A rejected or deferred application did come before the committee, whatever stage it stands in now.
_REACHED_PROPOSED = ("rejected", "deferred")


@dataclass(frozen=True, slots=True)
class PipelineFilter:
    """What the address of the list asks for."""

    state: str = ""
    search: str = ""
    verdict: str = ""
    related: bool = False
    sort: str = "number"
    down: bool = False

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> PipelineFilter:
        """Read a query; what makes no sense counts as not asked."""

        def among(name: str, known: Sequence[str], default: str = "") -> str:
            return found if (found := query.get(name, "")) in known else default

        return cls(
            state=state if is_stage_key(state := query.get("state", "")) else "",
            search=query.get("q", "").strip()[:80],
            verdict=among("verdict", VERDICTS),
            related=query.get("related") == "1",
            sort=among("sort", SORTS, "number"),
            down=query.get("down") == "1",
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        return bool(self.search or self.verdict or self.related)


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """One application; `score_tenths` and `verdict` are None until it is scored.

    `stopped` says that the tax office has the company as suspended, closed or unknown.
    """

    id: uuid.UUID
    number: str
    company: str
    region: str | None
    solution: str
    sector: str
    krw: int | None
    state: str
    updated_at: datetime
    score_tenths: int | None
    verdict: str | None
    related: int
    stopped: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the funnel: how many came so far, and of how many before."""

    key: str
    count: int
    before: int


@dataclass(slots=True)
class _Marks:
    """Who shares a contact or a number, over a whole call."""

    holders: defaultdict[tuple[str, str], set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    own: dict[uuid.UUID, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, key: uuid.UUID, phone: str | None, email: str | None, corporate: str | None) -> None:
        domain = (email or "").rpartition("@")[2]
        marks = [("phone", phone), ("email", email), ("corporate", corporate)]
        marks.append(("domain", "" if domain in PUBLIC_MAIL else domain))
        self.own[key] = [(name, text) for name, text in marks if text]
        for mark in self.own[key]:
            self.holders[mark].add(key)

    def related(self, key: uuid.UUID) -> int:
        others = set().union(*(self.holders[mark] for mark in self.own[key])) if self.own[key] else set()
        return len(others - {key})


def _answer(session: Session, key: str) -> ColumnElement[str]:
    """Return the SQL for one text answer as it was sent last; answers are kept as JSON text on both databases."""
    text = type_coerce(Submission.answers, Text)
    whole: Any = cast(text, JSON) if session.get_bind().dialect.name == "postgresql" else type_coerce(text, JSON)
    found: ColumnElement[str] = whole[key].as_string()
    return found


def _search(word: str) -> ColumnElement[bool]:
    return or_(
        Company.name.icontains(word, autoescape=True),
        Company.identifier.contains(word.replace("-", ""), autoescape=True),
        Application.number.icontains(word, autoescape=True),
    )


def list_pipeline(session: Session, viewer: Viewer, call_code: str, asked: PipelineFilter) -> list[PipelineRow]:
    """Return a call's applications as asked for, in a constant number of statements.

    Args:
        session: A session.
        viewer: Who asks; what they are recused from, or apply for themselves, is not there.
        call_code: The call.
        asked: Filters and order.
    """
    scores = list_scores(session, viewer, call_code)
    rows, marks = [], _Marks()
    asked_number = _answer(session, "requested_krw")
    query = (
        select(
            Application.id,
            Application.number,
            Company.name,
            Company.region,
            _answer(session, "solution_title"),
            _answer(session, "sector"),
            asked_number,
            Application.state,
            Application.updated_at,
            _answer(session, "contact_phone"),
            _answer(session, "contact_email"),
            func.coalesce(Company.corporate_number, _answer(session, "corporate_number")),
            Application.company_id,
            _search(asked.search) if asked.search else Application.id.is_not(None),
        )
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(Submission, is_newest())
        .where(Call.code == call_code, in_sight(viewer))
    )
    found = session.execute(query).all()
    for row in found:
        marks.add(row[0], row[9], row[10], row[11])
    stopped = stopped_in(session, call_code)
    for row in found:
        if not row[13] or (asked.state and row[7] != asked.state):
            continue
        rows.append(_row(tuple(row), scores.get(row[0]), related=marks.related(row[0]), stopped=stopped.get(row[12])))
    return _ordered([row for row in rows if _wanted(row, asked)], asked)


def _row(row: Sequence[Any], score: ScoreRow | None, *, related: int, stopped: str | None) -> PipelineRow:
    krw = str(row[6] or "")
    return PipelineRow(
        id=row[0],
        number=row[1],
        company=row[2],
        region=row[3],
        solution=row[4] or "",
        sector=row[5] or "",
        krw=int(krw) if krw.isascii() and krw.isdigit() else None,
        state=row[7],
        updated_at=row[8],
        score_tenths=score.total_tenths if score else None,
        verdict=score.verdict if score else None,
        related=related,
        stopped=stopped,
    )


def _wanted(row: PipelineRow, asked: PipelineFilter) -> bool:
    return (not asked.verdict or row.verdict == asked.verdict) and (not asked.related or row.related > 0)


_KEYS: dict[str, Callable[[PipelineRow], Any]] = {
    "number": lambda row: row.number,
    "company": lambda row: row.company,
    "krw": lambda row: row.krw,
    "score": lambda row: row.score_tenths,
    "related": lambda row: row.related,
    "updated": lambda row: row.updated_at,
}


def _ordered(rows: list[PipelineRow], asked: PipelineFilter) -> list[PipelineRow]:
    """Sort; what has no value stands last both ways, and the number settles ties."""
    key = _KEYS[asked.sort]
    known = sorted((row for row in rows if key(row) is not None), key=lambda row: row.number)
    known.sort(key=key, reverse=asked.down)
    return known + sorted((row for row in rows if key(row) is None), key=lambda row: row.number)


def funnel(counts: Mapping[str, int]) -> list[Stage]:
    """Return how many applications reached each stage, from how many stand in each state.

    Args:
        counts: Applications by state; drafts are not counted, they have not been received.
    """
    own = sum(count for state, count in counts.items() if state not in STATES)
    counts = {**counts, "eligible": counts.get("eligible", 0) + own}  # stages of a call's own stand among these
    standing = {key: sum(counts.get(state, 0) for state in states) for key, states in _STAGES}
    reached = [sum(list(standing.values())[place:]) for place in range(len(_STAGES))]
    reached[0] += counts.get("withdrawn", 0)
    reached[2] += sum(counts.get(state, 0) for state in _REACHED_PROPOSED)
    before = [reached[0], *reached]
    return [Stage(key, count, earlier) for (key, _), count, earlier in zip(_STAGES, reached, before, strict=False)]
