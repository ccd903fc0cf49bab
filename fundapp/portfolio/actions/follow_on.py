"""Investing again in a company that holds an award."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.queries.instruments import load_terms
from fundapp.portfolio.tables import Award, AwardFollowOn


def follow_award(session: Session, *, award: Award, follows: str, actor: Viewer, at: datetime) -> int | None:
    """Record that an award just signed follows an earlier one of the same company; return the option exercised.

    The option of the earlier award's terms counts as exercised when the new one is signed on or before its last day
    and commits cash. More or less than the option may have been decided: it is a right, not an amount.

    Args:
        session: A writing session.
        award: The new award.
        follows: Number of the earlier one.
        actor: Finance.
        at: Now.

    Returns:
        The option in won, or None where none was open.

    Raises:
        NotFoundError: if there is no such award, or the actor may not see it.
        InvalidInputError: if it is another company's, or no earlier one.
    """
    earlier = session.scalars(select(Award).where(Award.number == follows)).one_or_none()
    if earlier is None:
        raise NotFoundError(award=follows)
    require(actor, Verb.SIGN, Thing(Kind.AWARD, earlier.application_id, earlier.company_id))
    if earlier.company_id != award.company_id or earlier.id == award.id or earlier.signed_on > award.signed_on:
        raise InvalidInputError(
            field="follows",
            reason_ko="같은 기업의 앞선 협약이어야 합니다",
            reason_en="must be an earlier award of the same company",
        )
    terms = load_terms(session, earlier.id)
    until = terms[0].option_until if terms else None
    option = terms[0].option_krw if until is not None and award.signed_on <= until and award.committed_krw else None
    session.add(
        AwardFollowOn(
            award_id=award.id,
            follows_id=earlier.id,
            option_krw=option,
            recorded_by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    record(session, actor, "award.followed", award.number, at, follows=earlier.number, option_krw=option)
    return option
