"""What pages may ask about rubrics: drafts, published versions, and what a draft would do to past applications."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session, aliased

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.queries import visible_to
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.rubrics import LoadedRubric, load_rubric_file, read_rubric
from fundapp.screening.tables import PublishedRubric, RubricDraft, Scorecard
from scoring import Facts, Outcome, Rubric, score


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft; `edits` counts how often it was saved."""

    id: uuid.UUID
    state: str
    version: str
    text: str
    sha256: str
    edits: int
    author_id: uuid.UUID
    author: str
    updated_at: datetime
    reason: str | None
    return_reason: str | None


@dataclass(frozen=True, slots=True)
class PublishedView:
    """A version that is or was in force, and who put it there."""

    sha256: str
    number: int
    version: str
    text: str
    author: str
    published_by: str
    reason: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class KnockoutChange:
    """A knock-out that would come out differently; an outcome is None where the rubric has no such knock-out."""

    label_ko: str
    label_en: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One application that the draft would treat differently; points in tenths, rule points on both sides."""

    application_id: uuid.UUID
    number: str
    company: str
    before: int
    after: int
    rank_before: int
    rank_after: int
    knockouts: tuple[KnockoutChange, ...]

    @property
    def climbed(self) -> int:
        """How many ranks it would climb; negative if it would fall."""
        return self.rank_before - self.rank_after


@dataclass(frozen=True, slots=True)
class CallReplay:
    """What a rubric would do to a call's applications.

    Attributes:
        replayed: Applications scored again.
        rows: Those whose points, rank or knock-outs would differ, the biggest moves of rank first.
    """

    code: str
    title_ko: str
    title_en: str
    replayed: int
    rows: tuple[Moved, ...]

    @property
    def rescored(self) -> int:
        """How many would have other points."""
        return sum(row.before != row.after for row in self.rows)

    @property
    def moved(self) -> int:
        """How many would have another rank."""
        return sum(row.climbed != 0 for row in self.rows)

    @property
    def judged(self) -> int:
        """How many would have another result in a knock-out."""
        return sum(bool(row.knockouts) for row in self.rows)


def newest_rubric(session: Session) -> LoadedRubric:
    """Return the rubric that scores from now on: the newest published, else the one that ships with the product."""
    text = session.scalar(select(PublishedRubric.text).order_by(PublishedRubric.number.desc()).limit(1))
    return load_rubric_file() if text is None else read_rubric(text)


def list_drafts(session: Session, viewer: Viewer) -> list[DraftView]:
    """Return drafts that are being worked on or wait for a second person, newest first.

    Raises:
        ForbiddenError: if the viewer may not see rubrics.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    query = (
        select(RubricDraft, Person.name)
        .join(Person, Person.id == RubricDraft.author_id)
        .where(RubricDraft.state.in_(("open", "proposed")))
        .order_by(RubricDraft.updated_at.desc(), RubricDraft.id.desc())
    )
    return [_draft(row, name) for row, name in session.execute(query)]


def get_draft(session: Session, viewer: Viewer, draft_id: uuid.UUID) -> DraftView:
    """Return one draft in whatever state.

    Raises:
        ForbiddenError: if the viewer may not see rubrics.
        NotFoundError: if there is none.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    found = session.execute(
        select(RubricDraft, Person.name)
        .join(Person, Person.id == RubricDraft.author_id)
        .where(RubricDraft.id == draft_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError
    return _draft(*found)


def _draft(row: RubricDraft, author: str) -> DraftView:
    return DraftView(
        id=row.id,
        state=row.state,
        version=row.version,
        text=row.text,
        sha256=row.sha256,
        edits=row.edits,
        author_id=row.author_id,
        author=author,
        updated_at=row.updated_at,
        reason=row.reason,
        return_reason=row.return_reason,
    )


def list_published(session: Session, viewer: Viewer) -> list[PublishedView]:
    """Return the published versions, newest first.

    Raises:
        ForbiddenError: if the viewer may not see rubrics.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    author, publisher = aliased(Person), aliased(Person)
    query = (
        select(PublishedRubric, author.name, publisher.name)
        .join(author, author.id == PublishedRubric.author_id)
        .join(publisher, publisher.id == PublishedRubric.published_by_id)
        .order_by(PublishedRubric.number.desc())
    )
    return [
        PublishedView(
            sha256=row.sha256,
            number=row.number,
            version=row.version,
            text=row.text,
            author=written,
            published_by=put,
            reason=row.reason,
            published_at=row.published_at,
        )
        for row, written, put in session.execute(query)
    ]


def replay_rubric(session: Session, viewer: Viewer, rubric: Rubric) -> list[CallReplay]:
    """Score by another rubric all that was ever scored, and compare with the newest scorecard of each application.

    Rule points are compared with rule points: what a model learned belongs to the rubric it was learned on. Ranks are
    within the call and among what the viewer may see; whoever ties shares the better rank.

    Raises:
        ForbiddenError: if the viewer may not see rubrics and scores.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    require(viewer, Verb.VIEW, Thing(Kind.SCORECARD))
    found: dict[tuple[str, str, str], list[tuple[Any, ...]]] = {}
    for code, title_ko, title_en, *rest in session.execute(_past(viewer).execution_options(yield_per=500)):
        card = score(Facts.from_answers(rest[4]), rubric)
        before = sum(round(criterion["rule_points"] * 10) for criterion in rest[3]["criteria"])
        after = {one.key: (one.label_ko, one.label_en, one.outcome.value) for one in card.knockouts}
        changes = _changes(rest[3]["knockouts"], after)
        found.setdefault((code, title_ko, title_en), []).append((*rest[:3], before, card.total_tenths, changes))
    return [CallReplay(*call, len(rows), _compare(rows)) for call, rows in found.items()]


def _past(viewer: Viewer) -> Any:  # noqa: ANN401 - a select of many columns
    place = func.row_number().over(
        partition_by=Scorecard.application_id, order_by=(Submission.version.desc(), Scorecard.version.desc())
    )
    placed = select(Scorecard.id, place.label("place")).join(Submission, Submission.id == Scorecard.submission_id)
    newest = placed.subquery()
    # Nobody sees how their own company fares, whatever other role they hold.
    own = Application.company_id.not_in(viewer.company_ids) if viewer.company_ids else true()
    return (
        select(
            Call.code,
            Call.title_ko,
            Call.title_en,
            Application.id,
            Application.number,
            Company.name,
            Scorecard.document,
            Scorecard.facts,
        )
        .join(newest, (newest.c.id == Scorecard.id) & (newest.c.place == 1))
        .join(Application, Application.id == Scorecard.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(visible_to(viewer), own)
        .order_by(Call.closes_at.desc(), Call.code, Application.number)
    )


def _changes(before: Sequence[dict[str, Any]], after: dict[str, tuple[str, str, str]]) -> tuple[KnockoutChange, ...]:
    old = {one["key"]: one for one in before}
    changed = [
        KnockoutChange(korean, english, old[key]["outcome"] if key in old else None, outcome)
        for key, (korean, english, outcome) in after.items()
        if (old[key]["outcome"] if key in old else Outcome.PASS.value) != outcome
    ]
    gone = [
        KnockoutChange(one["label_ko"], one["label_en"], one["outcome"], None)
        for key, one in old.items()
        if key not in after and one["outcome"] != Outcome.PASS.value
    ]
    return (*changed, *gone)


def _compare(rows: Sequence[tuple[Any, ...]]) -> tuple[Moved, ...]:
    before, after = (_ranks([row[place] for row in rows]) for place in (3, 4))
    moved = [
        Moved(key, number, company, old, new, before[old], after[new], changes)
        for key, number, company, old, new, changes in rows
    ]
    different = [row for row in moved if row.before != row.after or row.climbed or row.knockouts]
    different.sort(key=lambda row: (-abs(row.climbed), -abs(row.after - row.before), row.number))
    return tuple(different)


def _ranks(points: Sequence[int]) -> dict[int, int]:
    ranks: dict[int, int] = {}
    for place, one in enumerate(sorted(points, reverse=True), start=1):
        ranks.setdefault(one, place)
    return ranks
