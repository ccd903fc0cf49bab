"""GPU time that a condition of the decision holds back after the agreement, and its release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.committee.queries import ConditionRow, blocking_conditions
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import TransitionRefusedError
from fundapp.core.quarters import utc_day
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.moving import (
    company_addresses,
    draw_overage,
    left_in,
    load_award,
    load_grant,
    move,
    moving_legs,
    tell,
)
from fundapp.portfolio.rules import ConditionsOpenError, HoursHeldError, split_release, unreleased_account
from fundapp.portfolio.tables import Award, Grant, GrantHold


def name_conditions(rows: Sequence[ConditionRow]) -> str:
    """Return conditions in words, for a refusal."""
    return " / ".join(f"{row.number}. {row.text}" for row in rows)


def find_hold(session: Session, award: Award) -> GrantHold | None:
    """Return the hold on an award's hours that has not been lifted."""
    return session.scalars(
        select(GrantHold).where(GrantHold.award_id == award.id, GrantHold.freed_at.is_(None))
    ).one_or_none()


def require_hours_free(session: Session, award: Award) -> None:
    """Let GPU time reach an award unless a condition keeps it back, or an earlier part of it is still held.

    Raises:
        ConditionsOpenError: naming the conditions.
        HoursHeldError: if they have ended and the hours have not been released yet.
    """
    left = blocking_conditions(session, award.decision_id, "gpu")
    if left:
        raise ConditionsOpenError(conditions=name_conditions(left))
    if find_hold(session, award) is not None:
        raise HoursHeldError(award=award.number)


def hold_back_hours(session: Session, *, award: Award, at: datetime) -> bool:
    """Note, at signing, that a condition holds the award's GPU time back; say whether one does."""
    if not blocking_conditions(session, award.decision_id, "gpu"):
        return False
    session.add(GrantHold(award_id=award.id, held_at=at))
    session.flush()
    return True


def free_held_hours(session: Session, *, award: str, actor: Viewer, at: datetime) -> int:
    """Release what a condition held back, now that it is met or waived; return the hours in ten-thousandths.

    Of a grant that is released by halves the first half is released; the second waits for its progress report.

    Raises:
        NotFoundError: if the award is absent or the actor may not.
        ConditionsOpenError: while a condition keeps GPU time back.
        TransitionRefusedError: if nothing is held, or somebody released it first.
    """
    found, _ = load_award(session, award)
    require(actor, Verb.RESOLVE, Thing(Kind.CHANGE, found.application_id, found.company_id))
    left = blocking_conditions(session, found.decision_id, "gpu")
    if left:
        raise ConditionsOpenError(conditions=name_conditions(left))
    freed = session.execute(
        update(GrantHold)
        .where(GrantHold.award_id == found.id, GrantHold.freed_at.is_(None))
        .values(freed_at=at, freed_by=actor.name or actor.email)
        .returning(GrantHold.award_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if freed is None:
        raise TransitionRefusedError(thing="hold", state="freed", verb="free")
    hours = _release(session, found, actor, at)
    record(session, actor, "award.hours_freed", found.number, at, hours_e4=hours)
    _tell(session, found, at)
    return hours


def _release(session: Session, award: Award, actor: Viewer, at: datetime) -> int:
    today, legs, hours = utc_day(at), [], 0
    grants = session.scalars(select(Grant).where(Grant.award_id == award.id).order_by(Grant.account)).all()
    for grant in grants:
        waiting = unreleased_account(award.number, grant.sku, grant.region, grant.quarter)
        now, _later = split_release(grant.hours_e4, grant.release)
        part = min(now, left_in(session, waiting, grant.sku))
        if part > 0 and grant.usable_until >= today:
            legs += moving_legs(session, load_grant(session, grant.id).pool, waiting, grant.account, part, today)
            hours += part
    if legs:
        move(
            session,
            key=f"free:{award.number}",
            kind="release",
            legs=legs,
            source_ref=f"award:{award.number}",
            actor=actor,
            at=at,
        )
        draw_overage(session, award=award, places=[(grant.sku, grant.region) for grant in grants], actor=actor, at=at)
    return hours


def _tell(session: Session, award: Award, at: datetime) -> None:
    body = (
        f"{award.number}: 이행조건을 확인해 GPU시간을 열었습니다.\nThe conditions are met; the GPU hours are released."
    )
    addresses = company_addresses(session, award.company_id)
    tell(session, addresses, key=f"freed:{award.number}", subject=f"[{award.number}] GPU시간", body=body, at=at)
