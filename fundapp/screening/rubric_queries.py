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
from fundapp.screening.serving import load_serving
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
class ModelUnder:
    """The model that serves; `applies` if it would under the rubric, too, which is then the one it was learned on."""

    version: str
    applies: bool


@dataclass(frozen=True, slots=True)
class Served:
    """What the committee sees of an application, now and under the draft: points in tenths, learning included."""

    before: int
    after: int
    rank_before: int
    rank_after: int

    @property
    def climbed(self) -> int:
        """How many ranks it would climb; negative if it would fall."""
        return self.rank_before - self.rank_after


@dataclass(frozen=True, slots=True)
class Moved:
    """One application that the draft would treat differently; points in tenths, rule points on both sides.

    Attributes:
        served: What the committee would see, while a model serves; else None, for then it sees the rule points.
    """

    application_id: uuid.UUID
    number: str
    company: str
    before: int
    after: int
    rank_before: int
    rank_after: int
    knockouts: tuple[KnockoutChange, ...]
    served: Served | None = None

    @property
    def climbed(self) -> int:
        """How many ranks it would climb; negative if it would fall."""
        return self.rank_before - self.rank_after


@dataclass(frozen=True, slots=True)
class CallReplay:
    """What a rubric would do to a call's applications.

    Attributes:
        replayed: Applications scored again.
        rows: Those whose points, rank or knock-outs would differ, the biggest moves of rank first: of the rank that the
            committee sees.
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

    @property
    def served_moved(self) -> int:
        """How many the committee would see at another rank."""
        return sum(row.served is not None and row.served.climbed != 0 for row in self.rows)


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


def find_model_under(session: Session, viewer: Viewer, rubric: Rubric) -> ModelUnder | None:
    """Return the model that serves, and whether it would under a rubric; None while the rubric stands alone.

    Raises:
        ForbiddenError: if the viewer may not see rubrics.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    serving = load_serving(session)
    if serving.model is None:
        return None
    return ModelUnder(serving.model.version, applies=serving.fit_for(rubric).model is not None)


@dataclass(frozen=True, slots=True)
class _Tried:
    """An application scored again: rule points and what the committee sees, each now and under the draft."""

    application_id: uuid.UUID
    number: str
    company: str
    points: tuple[int, int]
    served: tuple[int, int]
    knockouts: tuple[KnockoutChange, ...]


def replay_rubric(session: Session, viewer: Viewer, rubric: Rubric) -> list[CallReplay]:
    """Score by another rubric all that was ever scored, and compare with the newest scorecard of each application.

    Rule points are compared with rule points. While a model serves, what the committee sees is compared besides: the
    score on record with the score that would be served, which is the rubric's alone where the model was learned on
    another. Ranks are within the call and among what the viewer may see; whoever ties shares the better rank.

    Raises:
        ForbiddenError: if the viewer may not see rubrics and scores.
    """
    require(viewer, Verb.VIEW, Thing(Kind.RUBRIC))
    require(viewer, Verb.VIEW, Thing(Kind.SCORECARD))
    serving = load_serving(session)
    fit = serving.fit_for(rubric)
    found: dict[tuple[str, str, str], list[_Tried]] = {}
    for *call, key, number, company, document, facts in session.execute(_past(viewer).execution_options(yield_per=500)):
        card = score(Facts.from_answers(facts), rubric, fit.model, calibration=fit.calibration)
        before = sum(round(criterion["rule_points"] * 10) for criterion in document["criteria"])
        after = sum(criterion.rule_points_tenths for criterion in card.criteria)
        outcomes = {one.key: (one.label_ko, one.label_en, one.outcome.value) for one in card.knockouts}
        served = (round(document["total"] * 10), card.total_tenths)
        changes = _changes(document["knockouts"], outcomes)
        found.setdefault(tuple(call), []).append(_Tried(key, number, company, (before, after), served, changes))
    return [
        CallReplay(*call, len(rows), _compare(rows, served=serving.model is not None)) for call, rows in found.items()
    ]


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


def _compare(rows: Sequence[_Tried], *, served: bool) -> tuple[Moved, ...]:
    places = _places([row.points for row in rows])
    seen = _places([row.served for row in rows])
    moved = [
        Moved(
            application_id=row.application_id,
            number=row.number,
            company=row.company,
            before=row.points[0],
            after=row.points[1],
            rank_before=place[0],
            rank_after=place[1],
            knockouts=row.knockouts,
            served=Served(*row.served, *shown) if served else None,
        )
        for row, place, shown in zip(rows, places, seen, strict=True)
    ]
    different = [row for row in moved if _differs(row)]
    different.sort(key=_size_of_move)
    return tuple(different)


def _places(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranks of points before and after, application by application."""
    before, after = _ranks([one for one, _ in points]), _ranks([one for _, one in points])
    return [(before[old], after[new]) for old, new in points]


def _differs(row: Moved) -> bool:
    seen = row.served
    return bool(
        row.before != row.after
        or row.climbed
        or row.knockouts
        or (seen is not None and (seen.before != seen.after or seen.climbed))
    )


def _size_of_move(row: Moved) -> tuple[int, int, str]:
    what: Moved | Served = row if row.served is None else row.served
    return (-abs(what.climbed), -abs(what.after - what.before), row.number)


def _ranks(points: Sequence[int]) -> dict[int, int]:
    ranks: dict[int, int] = {}
    for place, one in enumerate(sorted(points, reverse=True), start=1):
        ranks.setdefault(one, place)
    return ranks
