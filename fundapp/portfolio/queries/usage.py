"""GPU use, suspense and the files they came from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Application, Company
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, UsageDay, UsageImport, UsageOwner

_ALIKE: Final = Fraction(7, 10)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """GPU time of one SKU on one UTC day."""

    utc_day: date
    sku: str
    hours_e4: int


@dataclass(frozen=True, slots=True)
class SuspenseRow:
    """GPU time that waits in suspense, in ten-thousandths of an hour.

    `kind` is `unmapped` for an owner who has no award, and `negative` for days of an award below zero.
    """

    owner: str
    sku: str
    hours_e4: int
    first_day: date
    last_day: date
    kind: str = "unmapped"


@dataclass(frozen=True, slots=True)
class EffectiveRow:
    """GPU time of one award and SKU that took effect on one day, in ten-thousandths of an hour."""

    effective_on: date
    sku: str
    award: str
    hours_e4: int


@dataclass(frozen=True, slots=True)
class LikelyAward:
    """A guess whose use something is, and by what: the same ``subscription``, or a similar ``name``."""

    number: str
    company: str
    by: str


@dataclass(frozen=True, slots=True)
class UnmappedRow:
    """Somebody whose use belongs to no award; hours in ten-thousandths."""

    owner: str
    hours_by_sku: tuple[tuple[str, int], ...]
    first_day: date
    last_day: date
    likely: LikelyAward | None


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """One recorded answer; `current` when it decides."""

    name: str
    version: int
    award: str
    company: str
    valid_from: date
    valid_to: date | None
    reason: str
    recorded_by: str
    recorded_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row of an export that was refused."""

    row: int
    field: str
    code: str
    message_ko: str
    message_en: str


@dataclass(frozen=True, slots=True)
class UsageImportRow:
    """One export that was read."""

    id: uuid.UUID
    file_name: str
    content_sha256: str
    imported_by: str
    imported_at: datetime
    summary: Mapping[str, object]


def usage_by_day(session: Session, viewer: Viewer, *, sku: str | None = None) -> list[UsageRow]:
    """Return use by UTC day and SKU over the awards a viewer may see."""
    visible = UsageDay.award_id.in_(select(Award.id).where(award_clause(viewer)))
    return load_usage(session, visible if sku is None else and_(visible, UsageDay.sku == sku))


def load_usage(session: Session, condition: ColumnElement[bool]) -> list[UsageRow]:
    """Return use by UTC day and SKU of the rows that meet a condition."""
    rows = session.execute(
        select(UsageDay.utc_day, UsageDay.sku, func.sum(UsageDay.posted_e4))
        .where(condition)
        .group_by(UsageDay.utc_day, UsageDay.sku)
        .order_by(UsageDay.utc_day, UsageDay.sku)
    )
    return [UsageRow(day, sku, int(hours)) for day, sku, hours in rows if hours]


def effective_usage(session: Session, *, as_of: date) -> list[EffectiveRow]:
    """Return use of awards by day of effect, SKU and award, as far as it took effect up to a day."""
    rows = session.execute(
        select(UsageDay.effective_on, UsageDay.sku, UsageDay.owner, func.sum(UsageDay.posted_e4))
        .where(UsageDay.award_id.is_not(None), UsageDay.effective_on <= as_of)
        .group_by(UsageDay.effective_on, UsageDay.sku, UsageDay.owner)
        .order_by(UsageDay.effective_on, UsageDay.sku, UsageDay.owner)
    )
    return [EffectiveRow(day, sku, award, int(hours)) for day, sku, award, hours in rows if hours]


def list_suspense(session: Session, viewer: Viewer, *, quarter: Quarter | None = None) -> list[SuspenseRow]:
    """Return use that waits for an answer, by owner and SKU; of one quarter's UTC days when given.

    That is use that belongs to no award, and days of an award whose bills add up to less than nothing.
    """
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    place = (UsageDay.owner, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
    hours = func.sum(UsageDay.posted_e4)
    found: list[SuspenseRow] = []
    for kind, condition, left in (
        ("unmapped", UsageDay.award_id.is_(None), hours != 0),
        ("negative", UsageDay.award_id.is_not(None), hours < 0),
    ):
        query = select(*place, hours.label("hours")).where(condition).group_by(*place).having(left)
        if quarter is not None:
            query = query.where(UsageDay.utc_day.between(quarter.first_day, quarter.last_day))
        days = query.subquery()
        rows = session.execute(
            select(days.c.owner, days.c.sku, func.sum(days.c.hours), func.min(days.c.utc_day), func.max(days.c.utc_day))
            .group_by(days.c.owner, days.c.sku)
            .order_by(days.c.owner, days.c.sku)
        )
        found += [SuspenseRow(owner, sku, int(total), first, last, kind) for owner, sku, total, first, last in rows]
    return found


def list_unmapped(session: Session, viewer: Viewer) -> list[UnmappedRow]:
    """Return everybody whose use belongs to no award, most hours first, each with the award that it most likely is.

    A bill may name a company by its number; one that the viewer is recused from is left out.
    """
    hidden = set(
        session.scalars(
            select(Company.identifier)
            .join(Application, Application.company_id == Company.id)
            .where(Application.id.in_(viewer.recused_from))
        )
    )
    rows = [row for row in list_suspense(session, viewer) if row.kind == "unmapped" and row.owner not in hidden]
    by_owner: dict[str, list[SuspenseRow]] = {}
    for row in rows:
        by_owner.setdefault(row.owner, []).append(row)
    likely = _likely_awards(session, viewer, list(by_owner))
    found = [
        UnmappedRow(
            owner=owner,
            hours_by_sku=tuple((row.sku, row.hours_e4) for row in own),
            first_day=min(row.first_day for row in own),
            last_day=max(row.last_day for row in own),
            likely=likely.get(owner),
        )
        for owner, own in by_owner.items()
    ]
    return sorted(found, key=lambda row: (-sum(hours for _, hours in row.hours_by_sku), row.owner))


def _likely_awards(session: Session, viewer: Viewer, owners: Sequence[str]) -> dict[str, LikelyAward]:
    """Guess by shared subscriptions first, then by how alike the names are."""
    if not owners:
        return {}
    awards = session.execute(
        select(Award.number, Company.name, Company.identifier)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(Award.number.desc())
    ).all()
    names = {number: name for number, name, _ in awards}
    shared = _shared_scopes(session, owners)
    found: dict[str, LikelyAward] = {}
    for owner in owners:
        number = shared.get(owner)
        if number in names:
            found[owner] = LikelyAward(number, names[number], "subscription")
            continue
        scored = [
            (max(_alike(owner, text.lower()) for text in (number, name, identifier)), number, name)
            for number, name, identifier in awards
        ]
        score, number, name = max(scored, default=(Fraction(0), "", ""))
        if score >= _ALIKE:
            found[owner] = LikelyAward(number, name, "name")
    return found


def _shared_scopes(session: Session, owners: Sequence[str]) -> dict[str, str]:
    """Return the award that used the same subscription as somebody unknown, where there is just one."""
    unknown, known = aliased(UsageDay), aliased(UsageDay)
    rows = session.execute(
        select(unknown.owner, func.min(known.owner), func.max(known.owner))
        .join(known, known.scope == unknown.scope)
        .where(unknown.award_id.is_(None), known.award_id.is_not(None), unknown.owner.in_(owners))
        .group_by(unknown.owner)
    )
    return {owner: first for owner, first, last in rows if first == last}


def _alike(one: str, two: str) -> Fraction:
    matched = sum(block.size for block in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks())
    return Fraction(2 * matched, len(one) + len(two) or 1)


def list_owners(session: Session, viewer: Viewer) -> list[OwnerRow]:
    """Return every recorded answer, newest first; the newest of a name decides."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    rows = session.execute(
        select(UsageOwner, Award.number, Company.name)
        .outerjoin(Award, Award.id == UsageOwner.award_id)
        .outerjoin(Company, Company.id == Award.company_id)
        .order_by(UsageOwner.recorded_at.desc(), UsageOwner.name, UsageOwner.version.desc())
    ).all()
    newest: dict[str, int] = {}
    for row, _, _ in rows:
        newest[row.name] = max(newest.get(row.name, 0), row.version)
    return [
        OwnerRow(
            row.name,
            row.version,
            number or "",
            company or "",
            row.valid_from,
            row.valid_to,
            row.reason,
            row.recorded_by,
            row.recorded_at,
            current=row.version == newest[row.name] and row.award_id is not None,
        )
        for row, number, company in rows
    ]


def list_award_choices(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """Return number and company of every award in sight, newest first."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    rows = session.execute(
        select(Award.number, Company.name)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(Award.number.desc())
    )
    return [(number, name) for number, name in rows]


def list_usage_imports(session: Session, viewer: Viewer, *, limit: int = 50) -> list[UsageImportRow]:
    """Return the newest usage files, newest first."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    rows = session.scalars(select(UsageImport).order_by(UsageImport.imported_at.desc()).limit(limit))
    return [
        UsageImportRow(row.id, row.file_name, row.content_sha256, row.imported_by, row.imported_at, row.summary)
        for row in rows
    ]


def find_refusals(session: Session, viewer: Viewer, import_id: uuid.UUID) -> list[RefusedRow]:
    """Return the rows of an export that were refused, as many as were kept.

    Raises:
        NotFoundError: if there is no such import.
    """
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    row = session.get(UsageImport, import_id)
    if row is None:
        raise NotFoundError
    return [RefusedRow(*refused) for refused in row.summary.get("refused", [])]
