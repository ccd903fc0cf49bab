"""What a merge of two companies would move, which merges stand, and what was found about pairs before."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from fundapp.core.access import Viewer
from fundapp.identity.tables import Person
from fundapp.intake.tables import (
    Application,
    Call,
    Company,
    CompanyMerge,
    Document,
    KinshipFinding,
    Membership,
    MergeUndone,
)


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One application, document or person, by what people know it by."""

    id: uuid.UUID
    name: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do.

    Attributes:
        staying: Documents that the survivor's wallet holds already, which stay where they are.
        refusal: Why it cannot be done, in Korean and English; None if it can.
    """

    applications: tuple[MovedRow, ...]
    documents: tuple[MovedRow, ...]
    staying: tuple[MovedRow, ...]
    people: tuple[MovedRow, ...]
    refusal: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class MergeRow:
    """One merge on record; `undone_at` is None while it stands."""

    id: uuid.UUID
    survivor_id: uuid.UUID
    survivor: str
    merged_id: uuid.UUID
    merged: str
    applications: int
    reason: str
    merged_by: str
    merged_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    undone_reason: str | None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What was found about a pair last."""

    verdict: str
    signals: frozenset[str]
    reason: str
    found_by: str
    found_at: datetime


def barred_companies(session: Session, viewer: Viewer) -> set[uuid.UUID]:
    """Return the companies of which the viewer learns nothing here: their own, and those of cases they are out of."""
    recused = select(Application.company_id).where(Application.id.in_(viewer.recused_from))
    return {*viewer.company_ids, *(session.scalars(recused) if viewer.recused_from else ())}


def preview_merge(session: Session, survivor_id: uuid.UUID, merged_id: uuid.UUID) -> Preview:
    """Return what merging one company into another would move, and whether it can be done."""
    applications = session.execute(
        select(Application.id, Application.number, Application.state, Application.call_id)
        .where(Application.company_id == merged_id)
        .order_by(Application.number)
    ).all()
    wallet = select(Document.kind, Document.sha256).where(
        Document.company_id == survivor_id, Document.removed_at.is_(None)
    )
    held = {(row.kind, row.sha256) for row in session.execute(wallet)}
    documents = session.execute(
        select(Document.id, Document.name, Document.kind, Document.sha256, Document.removed_at)
        .where(Document.company_id == merged_id)
        .order_by(Document.uploaded_at, Document.id)
    ).all()
    stays = {row.id for row in documents if row.removed_at is None and (row.kind, row.sha256) in held}
    people = session.execute(
        select(Person.id, Person.name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.company_id == merged_id)
        .order_by(Person.name, Person.id)
    )
    return Preview(
        applications=tuple(MovedRow(row.id, row.number, row.state) for row in applications),
        documents=tuple(MovedRow(row.id, row.name) for row in documents if row.id not in stays),
        staying=tuple(MovedRow(row.id, row.name) for row in documents if row.id in stays),
        people=tuple(MovedRow(row.id, row.name) for row in people),
        refusal=_refusal(session, survivor_id, merged_id, {row.state for row in applications}),
    )


def _refusal(
    session: Session, survivor_id: uuid.UUID, merged_id: uuid.UUID, states: set[str]
) -> tuple[str, str] | None:
    if "awarded" in states:
        return "없어지는 쪽에 협약이 있습니다. 방향을 바꾸세요", "the one that goes has an award: turn it round"
    calls = select(Application.call_id).where(Application.company_id == survivor_id)
    shared = session.scalars(
        select(Call.code)
        .join(Application, Application.call_id == Call.id)
        .where(Application.company_id == merged_id, Call.id.in_(calls))
        .order_by(Call.code)
    ).all()
    if shared:
        listed = ", ".join(shared)
        return f"두 기업이 같은 공모에 신청했습니다 ({listed})", f"both applied to one call ({listed})"
    if standing_merge_of(session, survivor_id) is not None:
        return "남는 쪽이 이미 다른 기업에 병합되었습니다", "the one that stays is merged into another"
    if standing_merge_of(session, merged_id) is not None or _survives(session, merged_id):
        return "없어지는 쪽에 병합이 있습니다. 먼저 되돌리세요", "the one that goes is part of a merge: undo that first"
    return None


def _survives(session: Session, company_id: uuid.UUID) -> bool:
    undone = select(MergeUndone.merge_id)
    found = select(CompanyMerge.id).where(CompanyMerge.survivor_id == company_id, CompanyMerge.id.not_in(undone))
    return session.scalars(found.limit(1)).first() is not None


def standing_merge_of(session: Session, company_id: uuid.UUID) -> uuid.UUID | None:
    """Return the company that one has been merged into, if it is."""
    undone = select(MergeUndone.merge_id)
    return session.scalars(
        select(CompanyMerge.survivor_id)
        .where(CompanyMerge.merged_id == company_id, CompanyMerge.id.not_in(undone))
        .limit(1)
    ).first()


def merged_identities(session: Session) -> dict[tuple[str, str], tuple[str, str]]:
    """Return, by scheme and identifier, for each company that is merged the company that it was merged into.

    One step is all there is: what survives a merge cannot be merged while that stands.
    """
    survivor, merged = aliased(Company), aliased(Company)
    query = (
        select(merged.scheme, merged.identifier, survivor.scheme, survivor.identifier)
        .select_from(CompanyMerge)
        .join(survivor, survivor.id == CompanyMerge.survivor_id)
        .join(merged, merged.id == CompanyMerge.merged_id)
        .where(CompanyMerge.id.not_in(select(MergeUndone.merge_id)))
    )
    return {(one[0], one[1]): (one[2], one[3]) for one in session.execute(query)}


def list_merges(session: Session, viewer: Viewer) -> list[MergeRow]:
    """Return every merge of companies that the viewer may know of, the newest first."""
    barred = barred_companies(session, viewer)
    survivor, merged = aliased(Company), aliased(Company)
    query = (
        select(CompanyMerge, survivor.name.label("survivor"), merged.name.label("merged"), MergeUndone)
        .join(survivor, survivor.id == CompanyMerge.survivor_id)
        .join(merged, merged.id == CompanyMerge.merged_id)
        .outerjoin(MergeUndone, MergeUndone.merge_id == CompanyMerge.id)
        .where(survivor.id.not_in(barred), merged.id.not_in(barred))
        .order_by(CompanyMerge.merged_at.desc(), CompanyMerge.id.desc())
    )
    return [
        MergeRow(
            id=row.CompanyMerge.id,
            survivor_id=row.CompanyMerge.survivor_id,
            survivor=row.survivor,
            merged_id=row.CompanyMerge.merged_id,
            merged=row.merged,
            applications=len(row.CompanyMerge.moved["applications"]),
            reason=row.CompanyMerge.reason,
            merged_by=row.CompanyMerge.merged_by,
            merged_at=row.CompanyMerge.merged_at,
            undone_by=row.MergeUndone.undone_by if row.MergeUndone else None,
            undone_at=row.MergeUndone.undone_at if row.MergeUndone else None,
            undone_reason=row.MergeUndone.reason if row.MergeUndone else None,
        )
        for row in session.execute(query)
    ]


def newest_findings(session: Session) -> dict[tuple[uuid.UUID, uuid.UUID], FindingRow]:
    """Return what was found last about each pair that anybody has looked at."""
    place = func.row_number().over(
        partition_by=(KinshipFinding.first_id, KinshipFinding.second_id),
        order_by=(KinshipFinding.found_at.desc(), KinshipFinding.id.desc()),
    )
    ranked = select(KinshipFinding.id, place.label("place")).subquery()
    newest = select(KinshipFinding).join(ranked, ranked.c.id == KinshipFinding.id).where(ranked.c.place == 1)
    return {
        (one.first_id, one.second_id): FindingRow(
            one.verdict, frozenset(one.signals), one.reason, one.found_by, one.found_at
        )
        for one in session.scalars(newest)
    }
