"""The waitlist, its offers and the notices of reclaim as pages show them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, ChangeRequest, Grant, ReclaimNotice, WaitlistEntry, WaitlistOffer


@dataclass(frozen=True, slots=True)
class WaitlistRow:
    """One entry in its place in the line; hours in ten-thousandths, `quarter` None for any."""

    id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str | None
    wanted_e4: int
    minimum_e4: int
    served_e4: int
    priority: int
    change: str | None
    state: str
    joined_by: str
    joined_at: datetime
    offer: OfferRow | None


@dataclass(frozen=True, slots=True)
class OfferRow:
    """Hours of a pool held for an entry until `expires_at`, in ten-thousandths."""

    id: uuid.UUID
    entry_id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    hours_e4: int
    minimum_e4: int
    offered_at: datetime
    expires_at: datetime
    state: str
    accepted_e4: int | None
    answered_at: datetime | None
    answered_by: str | None


def list_waitlist(
    session: Session, viewer: Viewer, *, state: str | None = "waiting", award: str | None = None
) -> list[WaitlistRow]:
    """Return the entries of awards that a viewer may see, in the order of the line, with their open offers."""
    query = (
        select(WaitlistEntry, Award.number, Company.name, ChangeRequest.number)
        .join(Award, Award.id == WaitlistEntry.award_id)
        .join(Company, Company.id == Award.company_id)
        .outerjoin(ChangeRequest, ChangeRequest.id == WaitlistEntry.change_id)
        .where(award_clause(viewer))
        .order_by(WaitlistEntry.priority, WaitlistEntry.joined_at, WaitlistEntry.id)
    )
    if state is not None:
        query = query.where(WaitlistEntry.state == state)
    if award is not None:
        query = query.where(Award.number == award)
    offers = {offer.entry_id: offer for offer in list_offers(session, viewer, state="open", award=award)}
    return [
        WaitlistRow(
            id=entry.id,
            award=number,
            company=company,
            sku=entry.sku,
            region=entry.region,
            quarter=entry.quarter,
            wanted_e4=entry.wanted_e4,
            minimum_e4=entry.minimum_e4,
            served_e4=entry.served_e4,
            priority=entry.priority,
            change=change,
            state=entry.state,
            joined_by=entry.joined_by,
            joined_at=entry.joined_at,
            offer=offers.get(entry.id),
        )
        for entry, number, company, change in session.execute(query)
    ]


def list_offers(
    session: Session,
    viewer: Viewer,
    *,
    state: str | None = None,
    award: str | None = None,
    offer_id: uuid.UUID | None = None,
    limit: int = 500,
) -> list[OfferRow]:
    """Return the newest offers to awards that a viewer may see, newest first; one statement."""
    query = (
        select(WaitlistOffer, Pool, Award.number, Company.name)
        .join(WaitlistEntry, WaitlistEntry.id == WaitlistOffer.entry_id)
        .join(Pool, Pool.id == WaitlistOffer.pool_id)
        .join(Award, Award.id == WaitlistEntry.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(WaitlistOffer.offered_at.desc(), WaitlistOffer.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(WaitlistOffer.state == state)
    if award is not None:
        query = query.where(Award.number == award)
    if offer_id is not None:
        query = query.where(WaitlistOffer.id == offer_id)
    return [
        OfferRow(
            id=offer.id,
            entry_id=offer.entry_id,
            award=number,
            company=company,
            sku=pool.sku,
            region=pool.region,
            quarter=pool.quarter,
            hours_e4=offer.hours_e4,
            minimum_e4=offer.minimum_e4,
            offered_at=offer.offered_at,
            expires_at=offer.expires_at,
            state=offer.state,
            accepted_e4=offer.accepted_e4,
            answered_at=offer.answered_at,
            answered_by=offer.answered_by,
        )
        for offer, pool, number, company in session.execute(query)
    ]


def find_offer(session: Session, viewer: Viewer, offer_id: uuid.UUID) -> OfferRow:
    """Return one offer.

    Raises:
        NotFoundError: if there is none, or the viewer may not see its award.
    """
    found = list_offers(session, viewer, offer_id=offer_id)
    if not found:
        raise NotFoundError(offer=str(offer_id))
    return found[0]


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice of reclaim; hours in ten-thousandths."""

    id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    account: str
    rule: str
    hours_e4: int
    noticed_at: datetime
    acts_on: date
    state: str
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None
    reclaimed_e4: int
    txn_key: str | None


def list_notices(
    session: Session, viewer: Viewer, *, state: str | None = None, award: str | None = None
) -> list[NoticeRow]:
    """Return the notices of awards that a viewer may see, newest first; one statement."""
    query = (
        select(ReclaimNotice, Grant, Award.number, Company.name)
        .join(Grant, Grant.id == ReclaimNotice.grant_id)
        .join(Award, Award.id == Grant.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(ReclaimNotice.noticed_at.desc(), ReclaimNotice.id.desc())
    )
    if state is not None:
        query = query.where(ReclaimNotice.state == state)
    if award is not None:
        query = query.where(Award.number == award)
    return [
        NoticeRow(
            id=notice.id,
            award=number,
            company=company,
            sku=grant.sku,
            region=grant.region,
            quarter=grant.quarter,
            account=grant.account,
            rule=notice.rule,
            hours_e4=notice.hours_e4,
            noticed_at=notice.noticed_at,
            acts_on=notice.acts_on,
            state=notice.state,
            ended_at=notice.ended_at,
            ended_by=notice.ended_by,
            end_reason=notice.end_reason,
            reclaimed_e4=notice.reclaimed_e4,
            txn_key=notice.txn_key,
        )
        for notice, grant, number, company in session.execute(query)
    ]
