"""Taking unused hours back by rule: a notice first, the hours when its day has come."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.core.quarters import Quarter, utc_day
from fundapp.intake.tables import Application, Call
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.moving import (
    GrantCase,
    company_addresses,
    home_of,
    left_in,
    load_grant,
    move,
    moving_legs,
    staff_addresses,
    tell,
)
from fundapp.portfolio.queries.grants import moved_by_head
from fundapp.portfolio.rules.grant_terms import grant_terms
from fundapp.portfolio.rules.reclaim import GrantUse, broken_rule
from fundapp.portfolio.tables import Award, Grant, ReclaimNotice, UsageDay, UsageImport

_RULES_KO = {"idle": "장기간 사용 없음", "minimal_use": "최소 사용량 미달"}


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What a run did: notices sent and withdrawn, and hours taken back (ten-thousandths)."""

    noticed: int
    withdrawn: int
    acted: int
    hours_e4: int


def reclaim_grants(session: Session, *, actor: Viewer, at: datetime) -> Reclaimed:
    """Judge every grant that can be used now by its call's rules; running it again on the same day changes nothing.

    A notice is written when a rule is first broken, with mail to the company. It is withdrawn by itself when the rule
    is kept again before its day. On its day what is left goes back to the pool, or lapses where the pool's quarter is
    over; what has been used stays used, because only what is left moves.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    today = utc_day(at)
    judged = _judge(session, today)
    noticed = withdrawn = acted = hours = 0
    for case, use, broken, notice in judged:
        left = left_in(session, case.grant.account, case.grant.sku)
        if notice is not None and (broken is None or left <= 0):
            _end(session, notice, "withdrawn", actor, at, reason=None)
            record(session, actor, "reclaim.withdrawn", case.award.number, at, account=case.grant.account)
            withdrawn += 1
        elif notice is not None and notice.acts_on <= today:
            hours += _take_back(session, case, notice, left, actor, at)
            acted += 1
        elif notice is None and broken is not None and left > 0 and use.usable_until >= today:
            _notice(session, case, broken, left, actor, at)
            noticed += 1
    session.flush()
    return Reclaimed(noticed, withdrawn, acted, hours)


_Judged = tuple[GrantCase, GrantUse, str | None, ReclaimNotice | None]


def _judge(session: Session, today: date) -> list[_Judged]:
    """Return the grants that rules apply to, with the rule broken and the open notice, if any."""
    known = _known_through(session, today)
    rows = session.execute(
        select(Grant, Pool, Award, Call.document)
        .join(Pool, Pool.id == Grant.pool_id)
        .join(Award, Award.id == Grant.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Grant.expired_at.is_(None), Grant.expires_on >= today)
        .order_by(Grant.account)
    ).all()
    ruled = [
        GrantCase(grant, pool, award, terms)
        for grant, pool, award, document in rows
        if (terms := grant_terms(document)).reclaim is not None and Quarter.parse(grant.quarter).first_day <= today
    ]
    moved = moved_by_head(session, [case.grant.id for case in ruled])
    last = _last_used(session, {case.award.id for case in ruled})
    notices = _notices(session, [case.grant.id for case in ruled])
    judged: list[_Judged] = []
    for case in ruled:
        use = _use(case, moved[case.grant.id], last.get((case.award.id, case.grant.sku, case.grant.region)))
        rule = None
        if case.terms.reclaim is not None and known is not None:
            rule = broken_rule(case.terms.reclaim, use, known)
        mine = notices.get(case.grant.id, [])
        current = next((notice for notice in mine if notice.state == "open"), None)
        if rule is not None and current is None and _spared(mine, rule, use):
            rule = None
        judged.append((case, use, rule, current))
    return judged


def _use(case: GrantCase, moved: Mapping[str, int], last: date | None) -> GrantUse:
    quarter = Quarter.parse(case.grant.quarter)
    return GrantUse(
        quarter=quarter,
        usable_from=max(quarter.first_day, case.award.signed_on),
        usable_until=case.grant.usable_until,
        granted_e4=moved["other"],
        used_e4=-moved["used"],
        last_used_on=last,
    )


def _spared(notices: Sequence[ReclaimNotice], rule: str, use: GrantUse) -> bool:
    """Say whether staff waived this rule, and for idle grants that nothing has been used since."""
    waived = [notice for notice in notices if notice.state == "waived" and notice.rule == rule]
    if rule != "idle":
        return bool(waived)
    return any(
        use.last_used_on is None or use.last_used_on <= utc_day(notice.ended_at) for notice in waived if notice.ended_at
    )


def _known_through(session: Session, today: date) -> date | None:
    """Return the last UTC day for which usage has been reported by anybody, yesterday at most; None before any was.

    Meters report late. A day without a report is no day without use.
    """
    newest = session.scalar(select(func.max(UsageDay.utc_day)))
    imported = session.scalar(select(func.max(UsageImport.imported_at)))
    days = [newest] if newest else []
    if imported is not None:
        days.append(utc_day(imported) - timedelta(days=1))
    return min(max(days), today - timedelta(days=1)) if days else None


def _last_used(session: Session, awards: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID | None, str, str], date]:
    rows = session.execute(
        select(UsageDay.award_id, UsageDay.sku, UsageDay.region, func.max(UsageDay.utc_day))
        .where(UsageDay.award_id.in_(list(awards)), UsageDay.posted_e4 > 0)
        .group_by(UsageDay.award_id, UsageDay.sku, UsageDay.region)
    )
    return {(award_id, sku, region): day for award_id, sku, region, day in rows}


def _notices(session: Session, grants: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[ReclaimNotice]]:
    found: dict[uuid.UUID, list[ReclaimNotice]] = {}
    for notice in session.scalars(select(ReclaimNotice).where(ReclaimNotice.grant_id.in_(list(grants)))):
        found.setdefault(notice.grant_id, []).append(notice)
    return found


def _notice(session: Session, case: GrantCase, rule: str, left_e4: int, actor: Viewer, at: datetime) -> None:
    days = case.terms.reclaim.notice_days if case.terms.reclaim else 0
    notice = ReclaimNotice(
        grant_id=case.grant.id,
        rule=rule,
        hours_e4=left_e4,
        noticed_at=at,
        acts_on=utc_day(at) + timedelta(days=days),
        reclaimed_e4=0,
    )
    session.add(notice)
    session.flush()
    facts: dict[str, Any] = {"rule": rule, "hours_e4": left_e4, "acts_on": notice.acts_on.isoformat()}
    record(session, actor, "reclaim.noticed", case.award.number, at, account=case.grant.account, **facts)
    hours = Quantity(left_e4, gpu_commodity(case.grant.sku.upper())).decimal.normalize()
    body = (
        f"{case.award.number} {case.grant.sku.upper()} {case.grant.quarter}: {_RULES_KO[rule]}. "
        f"{notice.acts_on}(UTC)까지 사용하지 않으면 남은 {hours:f}시간을 회수합니다.\n\n"
        f"Unused GPU time of {case.award.number} will be taken back on {notice.acts_on} (UTC) unless use resumes."
    )
    tell(
        session,
        company_addresses(session, case.award.company_id),
        key=f"reclaim:{notice.id}",
        subject=f"[{case.award.number}] GPU시간 회수 예고",
        body=body,
        at=at,
    )


def _take_back(
    session: Session, case: GrantCase, notice: ReclaimNotice, left_e4: int, actor: Viewer, at: datetime
) -> int:
    today = utc_day(at)
    home = home_of(case.pool, today)
    legs = moving_legs(session, case.pool, case.grant.account, home, left_e4, today)
    key = f"reclaim:{notice.id}"
    _end(session, notice, "acted", actor, at, reason=None)
    notice.txn_key = move(session, key=key, kind="reclaim", legs=legs, source_ref=key, actor=actor, at=at)
    notice.reclaimed_e4 = left_e4
    session.flush()
    facts: dict[str, Any] = {"account": case.grant.account, "to": home, "hours_e4": left_e4}
    record(session, actor, "reclaim.acted", case.award.number, at, **facts)
    people = [
        *company_addresses(session, case.award.company_id),
        *staff_addresses(session, case.award.application_id, Role.ANALYST, Role.FINANCE),
    ]
    hours = Quantity(left_e4, gpu_commodity(case.grant.sku.upper())).decimal.normalize()
    subject = f"[{case.award.number}] GPU시간 회수"
    tell(
        session,
        people,
        key=f"{key}:acted",
        subject=subject,
        body=f"{case.grant.account}: {hours:f}시간",
        at=at,
        about=(case.award.application_id,),
    )
    return left_e4


def waive_notice(session: Session, *, notice_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Leave a company its hours in spite of the rule, with a reason.

    An idle grant is judged afresh once it has been used again; minimal use is judged once only.

    Raises:
        NotFoundError: if there is no such notice or the actor may not decide about it.
        InvalidInputError: without a reason.
        TransitionRefusedError: if the notice has ended.
    """
    notice = session.get(ReclaimNotice, notice_id)
    if notice is None:
        raise NotFoundError(notice=str(notice_id))
    case = load_grant(session, notice.grant_id)
    require(actor, Verb.RESOLVE, case.thing(Kind.CHANGE))
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    _end(session, notice, "waived", actor, at, reason=reason.strip())
    record(session, actor, "reclaim.waived", case.award.number, at, account=case.grant.account, reason=reason.strip())


def _end(
    session: Session, notice: ReclaimNotice, state: str, actor: Viewer, at: datetime, *, reason: str | None
) -> None:
    ended = session.execute(
        update(ReclaimNotice)
        .where(ReclaimNotice.id == notice.id, ReclaimNotice.state == "open")
        .values(state=state, ended_at=at, ended_by=actor.name or actor.email, end_reason=reason)
        .returning(ReclaimNotice.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        raise TransitionRefusedError(thing="notice", state=notice.state, verb=state)
    session.refresh(notice)
