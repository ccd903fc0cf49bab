"""Saying whose a subscription or a tag is, and moving what waits in suspense to that award.

An answer is a version that is never changed; a newer one replaces it. Hours that are in suspense move at once, without
importing anything again: what was set aside is taken back and drawn from the award's grants, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, UsageDay, UsageOwner
from fundapp.portfolio.usage.changes import Change, Slot
from fundapp.portfolio.usage.posting import Posted, post_changes

_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a mapping moved.

    Attributes:
        award: Award number; empty when an answer was taken back.
        version: Version of the answer.
        hours_e4: Ten-thousandths of an hour that moved.
        recorded: Whether the answer is new.
    """

    award: str
    version: int
    hours_e4: int
    recorded: bool


def map_owner(
    session: Session,
    *,
    name: str,
    award: str,
    valid_from: date,
    valid_to: date | None = None,
    reason: str = "",
    actor: Viewer,
    at: datetime,
) -> Mapped:
    """Record whose use of a name is, and move its hours out of suspense; the same answer again changes nothing.

    Args:
        session: A writing session.
        name: Owner code of the suspense list: a subscription or the value of a tag.
        award: Award number.
        valid_from: First UTC day of use that it applies to.
        valid_to: Last UTC day; None for open end.
        reason: How it is known.
        actor: Staff.
        at: Now.

    Raises:
        NotFoundError: if there is no such award in sight.
        InvalidInputError: if the name is empty or the days run backwards.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    code = _checked(name, valid_from, valid_to)
    found = session.scalars(select(Award).where(Award.number == award.strip(), award_clause(actor))).one_or_none()
    if found is None:
        raise NotFoundError
    newest = _newest(session, code)
    answer = (found.id, valid_from, valid_to)
    same = newest is not None and (newest.award_id, newest.valid_from, newest.valid_to) == answer
    version = newest.version if newest is not None and same else (newest.version if newest else 0) + 1
    if not same:
        session.add(
            UsageOwner(
                name=code,
                version=version,
                award_id=found.id,
                valid_from=valid_from,
                valid_to=valid_to,
                reason=reason.strip()[:300],
                recorded_by=actor.name or actor.email,
                recorded_at=at,
            )
        )
        session.flush()
    moved = _move(session, code, found, valid_from, valid_to, actor=actor, at=at)
    hours = sum(effect.hours_e4 for effect in moved.effects if effect.award_id == found.id)
    if not same or moved.lines:
        details = {"award": found.number, "from": str(valid_from), "to": str(valid_to or ""), "hours_e4": hours}
        record_event(
            session, actor=actor, verb="usage.mapped", subject_kind="usage", subject=code, at=at, details=details
        )
    return Mapped(found.number, version, hours, recorded=not same)


def _checked(name: str, valid_from: date, valid_to: date | None) -> str:
    """Return the name as it is kept.

    Raises:
        InvalidInputError: if it is empty or too long, or the days run backwards.
    """
    code = name.strip().lower()
    if not code or len(code) > _LONGEST_NAME:
        raise InvalidInputError(field="name", reason_ko="사용한 쪽이 필요합니다", reason_en="say whose use it is")
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInputError(
            field="valid_to",
            reason_ko="끝나는 날이 시작하는 날보다 빠릅니다",
            reason_en="the last day precedes the first",
        )
    return code


def forget_owner(session: Session, *, name: str, reason: str, actor: Viewer, at: datetime) -> int:
    """Take an answer back for later imports; hours that moved stay until their bill is imported again.

    Returns:
        The version recorded.

    Raises:
        NotFoundError: if there is no answer to take back.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    code = name.strip().lower()
    newest = _newest(session, code)
    if newest is None or newest.award_id is None:
        raise NotFoundError
    version = newest.version + 1
    session.add(
        UsageOwner(
            name=code,
            version=version,
            award_id=None,
            valid_from=newest.valid_from,
            valid_to=None,
            reason=reason.strip()[:300],
            recorded_by=actor.name or actor.email,
            recorded_at=at,
        )
    )
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="usage.unmapped",
        subject_kind="usage",
        subject=code,
        at=at,
        details={"version": version, "reason": reason},
    )
    return version


def _newest(session: Session, code: str) -> UsageOwner | None:
    return session.scalars(
        select(UsageOwner).where(UsageOwner.name == code).order_by(UsageOwner.version.desc()).limit(1)
    ).one_or_none()


def _move(
    session: Session, code: str, award: Award, valid_from: date, valid_to: date | None, *, actor: Viewer, at: datetime
) -> Posted:
    """Move what a name has in suspense on the days of an answer to an award."""
    place = (UsageDay.sku, UsageDay.region, UsageDay.utc_day, UsageDay.scope, UsageDay.billing_month)
    query = (
        select(*place, func.sum(UsageDay.posted_e4))
        .where(UsageDay.owner == code, UsageDay.award_id.is_(None), UsageDay.utc_day >= valid_from)
        .group_by(*place)
    )
    if valid_to is not None:
        query = query.where(UsageDay.utc_day <= valid_to)
    changes: list[Change] = []
    for sku, region, day, scope, month, hours_e4 in session.execute(query):
        if hours_e4:
            slot = Slot(code, sku, region, day, scope, month)
            changes.append(Change(slot, None, -int(hours_e4)))
            changes.append(Change(slot._replace(owner=award.number), award.id, int(hours_e4)))
    return post_changes(session, changes, actor=actor, at=at)
