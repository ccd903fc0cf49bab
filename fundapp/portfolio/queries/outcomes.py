"""What became of awards: whether companies came on board and used the GPU time that they were given."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.quarters import KST, kst_date
from fundapp.portfolio.queries.grants import moved_by_head
from fundapp.portfolio.tables import Award, ChangeRequest, Grant, GrantHold
from fundapp.screening.learning_rules import OUTCOME_DAYS, Outcome


def award_outcomes(session: Session, *, at: datetime) -> list[Outcome]:
    """Return what became of awards signed half a year ago and more, as far as their hours are over.

    Hours are over once they have lapsed: until then a late bill may still count as use, and what nobody has billed yet
    is unknown, not unused. Hours that went back early were awarded all the same; those that a condition still keeps
    back were never the company's to use. Hours count at their pool's rate, by which changes exchange them; while hours
    that a change moved may still be used, nothing is known of the whole. For learning, not for pages: nobody's sight
    is asked.

    Args:
        session: Any session.
        at: Now.
    """
    query = (
        select(Award, Grant.id, Pool.rate_krw, Grant.hours_e4, Grant.expired_at)
        .join(Grant, Grant.award_id == Award.id)
        .join(Pool, Pool.id == Grant.pool_id)
        .where(
            Award.signed_on <= kst_date(at) - timedelta(days=OUTCOME_DAYS),
            Grant.expired_at <= at,
            Award.id.not_in(select(GrantHold.award_id).where(GrantHold.freed_at.is_(None))),
            Award.id.not_in(_still_moved(at)),
        )
        .order_by(Award.number, Grant.quarter, Grant.id)
    )
    of: defaultdict[Award, list[Any]] = defaultdict(list)
    for award, *grant in session.execute(query):
        of[award].append(grant)
    moved = moved_by_head(session, [grant_id for grants in of.values() for grant_id, *_ in grants])
    return [
        Outcome(
            application_id=award.application_id,
            awarded_at=award.created_at,
            awarded_value=awarded,
            used_value=-sum(moved[grant_id]["used"] * rate for grant_id, rate, *_ in grants),
            first_known_at=max(_half_a_year_after(award.signed_on), min(one[-1] for one in grants)),
            known_at=max(_half_a_year_after(award.signed_on), *(one[-1] for one in grants)),
        )
        for award, grants in of.items()
        if (awarded := sum(hours_e4 * rate for _, rate, hours_e4, _ in grants)) > 0
    ]


def _still_moved(at: datetime) -> Select[uuid.UUID]:
    """Return the query of awards whose hours changed places and are not all over."""
    open_grant = or_(Grant.expired_at.is_(None), Grant.expired_at > at)
    return (
        select(ChangeRequest.award_id)
        .join(Grant, Grant.award_id == ChangeRequest.award_id)
        .where(ChangeRequest.kind.in_(("transfer", "advance")), ChangeRequest.state == "approved", open_grant)
    )


def _half_a_year_after(signed_on: date) -> datetime:
    return datetime.combine(signed_on + timedelta(days=OUTCOME_DAYS), time(), KST)
