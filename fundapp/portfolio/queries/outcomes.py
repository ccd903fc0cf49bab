"""What became of awards: whether companies came on board and used the GPU time that they were given."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.quarters import KST, kst_date
from fundapp.portfolio.queries.grants import moved_by_head
from fundapp.portfolio.tables import Award, Grant, GrantHold
from fundapp.screening.learning_rules import OUTCOME_DAYS, Outcome


def award_outcomes(session: Session, *, at: datetime) -> list[Outcome]:
    """Return what became of awards signed half a year ago and more, as far as their hours are over.

    Hours are over once they have lapsed: until then a late bill may still count as use, and what nobody has billed yet
    is unknown, not unused. Hours that went back early were awarded all the same; those that a condition still keeps
    back were never the company's to use. For learning, not for pages: nobody's sight is asked.

    Args:
        session: Any session.
        at: Now.
    """
    query = (
        select(Award, Grant.id, Grant.hours_e4, Grant.expired_at)
        .join(Grant, Grant.award_id == Award.id)
        .where(
            Award.signed_on <= kst_date(at) - timedelta(days=OUTCOME_DAYS),
            Grant.expired_at <= at,
            Award.id.not_in(select(GrantHold.award_id).where(GrantHold.freed_at.is_(None))),
        )
        .order_by(Award.number, Grant.quarter, Grant.id)
    )
    of: defaultdict[Award, list[Any]] = defaultdict(list)
    for award, *grant in session.execute(query):
        of[award].append(grant)
    moved = moved_by_head(session, [grant_id for grants in of.values() for grant_id, _, _ in grants])
    return [
        Outcome(
            application_id=award.application_id,
            awarded_at=award.created_at,
            awarded_e4=awarded,
            used_e4=-sum(moved[grant_id]["used"] for grant_id, _, _ in grants),
            known_at=max(_half_a_year_after(award.signed_on), *(expired_at for _, _, expired_at in grants)),
        )
        for award, grants in of.items()
        if (awarded := sum(hours_e4 for _, hours_e4, _ in grants)) > 0
    ]


def _half_a_year_after(signed_on: date) -> datetime:
    return datetime.combine(signed_on + timedelta(days=OUTCOME_DAYS), time(), KST)
