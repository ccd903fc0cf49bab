"""Watching grants: judge each anew, open, update and resolve alerts, and tell people once."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.tables import Conflict
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, may, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import utc_day
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Company, Membership
from fundapp.portfolio.actions.alert_letters import Line, write_letter
from fundapp.portfolio.queries.grant_figures import GrantFigures, covered_through, load_figures
from fundapp.portfolio.queries.grant_moves import in_chunks
from fundapp.portfolio.queries.metering import utilisation_of
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules.alerts import GPU_IDLE_DAYS, call_alerts, is_worse
from fundapp.portfolio.tables import Award, Grant, GrantAlert, GrantForecast

_WATCHED_AFTER_END_DAYS = 45
"""Bills come late; so long after its last day a grant is still judged."""
_STAFF = (Role.ANALYST, Role.FINANCE)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch found: grants judged, alerts opened, worsened and resolved, and mails written."""

    grants: int
    opened: int
    worsened: int
    resolved: int
    mails: int


@dataclass(slots=True)
class _Tally:
    opened: int = 0
    worsened: int = 0
    resolved: int = 0


def watch_grants(session: Session, *, actor: Viewer, at: datetime) -> Watched:
    """Judge every grant that is still of interest, and raise or settle its alerts; repeating it changes nothing.

    People hear of an alert when it opens and when it gets worse: one letter each, whatever the number of grants, to
    those of the company and to staff who may see the award.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    today = utc_day(at)
    standing = select(GrantAlert.grant_id).where(GrantAlert.state != "resolved")
    recent = Grant.usable_until >= today - timedelta(days=_WATCHED_AFTER_END_DAYS)
    awards = select(Grant.award_id).where(or_(recent, Grant.id.in_(standing)))
    figures = load_figures(session, Grant.award_id.in_(awards), today, covered=covered_through(session, today))
    _keep_forecasts(session, figures, at)
    alerts: dict[uuid.UUID, dict[str, GrantAlert]] = defaultdict(dict)
    for alert in session.scalars(select(GrantAlert).where(GrantAlert.state != "resolved")):
        alerts[alert.grant_id][alert.kind] = alert
    idle = _idle_weeks(session, figures)
    tally, due = _Tally(), []
    for one in figures:
        due += _settle(session, one, alerts.get(one.id, {}), idle.get(one.id, (0, 0)), tally, at)
    session.flush()
    mails = _tell(session, due, at)
    return Watched(len(figures), tally.opened, tally.worsened, tally.resolved, mails)


def _keep_forecasts(session: Session, figures: Sequence[GrantFigures], at: datetime) -> None:
    known: dict[uuid.UUID, GrantForecast] = {}
    for some in in_chunks(one.id for one in figures):
        rows = session.scalars(select(GrantForecast).where(GrantForecast.grant_id.in_(some)))
        known |= {row.grant_id: row for row in rows}
    for one in figures:
        row = known.get(one.id) or GrantForecast(grant_id=one.id)
        row.verdict, row.severity = one.forecast.verdict, one.forecast.severity
        row.data_through = one.data_through
        row.pace_e4, row.pace_days = one.pace.daily_e4, one.pace.days
        row.granted_e4, row.remaining_e4 = one.standing.granted_e4, one.standing.remaining_e4
        row.exhausted_on, row.at_risk_e4 = one.forecast.exhausted_on, one.forecast.at_risk_e4
        row.overage_e4 = one.standing.overage_e4
        row.watched_at = at
        session.add(row)


def _idle_weeks(session: Session, figures: Sequence[GrantFigures]) -> dict[uuid.UUID, tuple[int, int]]:
    """Return idle and billed hours of the last billed week, by the grant whose days they are."""
    through = [one.data_through for one in figures if one.data_through]
    if not through:
        return {}
    since = min(through) - timedelta(days=GPU_IDLE_DAYS - 1)
    seen = utilisation_of(session, {one.award_id for one in figures}, since)
    found = {}
    for one in figures:
        if one.data_through is None or not one.standing.first_day <= one.data_through <= one.standing.usable_until:
            continue
        first = one.data_through - timedelta(days=GPU_IDLE_DAYS - 1)
        week = [row for day, row in seen.get((one.award_id, one.sku), {}).items() if first <= day <= one.data_through]
        found[one.id] = (sum(row.idle_e4 for row in week), sum(row.billed_e4 for row in week))
    return found


def _settle(
    session: Session,
    one: GrantFigures,
    alerts: Mapping[str, GrantAlert],
    week: tuple[int, int],
    tally: _Tally,
    at: datetime,
) -> list[tuple[GrantFigures, GrantAlert]]:
    """Open, update and resolve one grant's alerts; return those that people have not been told of."""
    called = {found.kind: found for found in call_alerts(one.forecast, idle_e4=week[0], billed_e4=week[1])}
    due = []
    for kind, found in called.items():
        alert = alerts.get(kind)
        if alert is None:
            alert = GrantAlert(grant_id=one.id, kind=kind, severity=found.severity, state="open", first_seen=at)
            session.add(alert)
            tally.opened += 1
        elif is_worse(found.severity, alert.severity):
            # Whoever had looked at it had looked at something milder.
            alert.state, alert.acknowledged_by, alert.reason = "open", None, None
            tally.worsened += 1
        alert.severity, alert.last_seen, alert.figures = found.severity, at, _figures(one, week)
        if is_worse(alert.severity, alert.mailed_severity):
            alert.mailed_severity = alert.severity
            due.append((one, alert))
    for kind, alert in alerts.items():
        if kind not in called:
            alert.state, alert.resolved_at, alert.last_seen = "resolved", at, at
            tally.resolved += 1
    return due


def _figures(one: GrantFigures, week: tuple[int, int]) -> dict[str, Any]:
    exhausted = one.forecast.exhausted_on
    return {
        "remaining_e4": one.standing.remaining_e4,
        "granted_e4": one.standing.granted_e4,
        "pace_e4": one.pace.daily_e4,
        "pace_days": one.pace.days,
        "usable_until": one.standing.usable_until.isoformat(),
        "exhausted_on": exhausted.isoformat() if exhausted else None,
        "days_early": (one.standing.usable_until - exhausted).days if exhausted else 0,
        "at_risk_e4": one.forecast.at_risk_e4,
        "overage_e4": one.standing.overage_e4,
        "idle_e4": week[0],
        "billed_e4": week[1],
        "data_through": one.data_through.isoformat() if one.data_through else None,
    }


def _tell(session: Session, due: Sequence[tuple[GrantFigures, GrantAlert]], at: datetime) -> int:
    """Write one letter to each person who may see some of the awards; return how many."""
    if not due:
        return 0
    found = session.execute(select(Company.id, Company.name).where(Company.id.in_({one.company_id for one, _ in due})))
    names = {company_id: name for company_id, name in found}  # noqa: C416 - typed rows
    lines: dict[str, list[Line]] = defaultdict(list)
    people = _readers(session, {one.company_id for one, _ in due})
    for one, alert in due:
        for reader in people:
            thing = Thing(Kind.AWARD, application_id=one.application_id, company_id=one.company_id)
            if may(reader, Verb.VIEW, thing):
                lines[reader.email].append(Line(one.award, names[one.company_id], one, alert.kind, alert.severity))
    for address, told_lines in lines.items():
        letter = write_letter(told_lines)
        told = sorted(f"{line.figures.id}:{line.kind}:{line.severity}" for line in told_lines)
        digest = hashlib.sha256("|".join((at.isoformat(), *told)).encode()).hexdigest()[:32]
        enqueue_mail(
            session,
            dedupe_key=f"grant-alerts:{digest}:{address}"[:200],
            recipient=address,
            subject=letter.subject,
            body=letter.body,
            at=at,
            about={line.figures.application_id for line in told_lines},
        )
    return len(lines)


def _readers(session: Session, companies: set[uuid.UUID]) -> list[Viewer]:
    """Return staff and the people of some companies, each with their companies and recusals; four statements."""
    roles: dict[uuid.UUID, set[str]] = defaultdict(set)
    people: dict[uuid.UUID, tuple[str, str]] = {}
    members = select(Membership.person_id).where(Membership.company_id.in_(companies))
    rows = session.execute(
        select(Person.id, Person.name, Person.email, RoleRow.name)
        .join(person_role, person_role.c.person_id == Person.id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(Person.active, or_(RoleRow.name.in_(_STAFF), Person.id.in_(members)))
        .order_by(Person.email)
    )
    for person_id, name, email, role in rows:
        people[person_id] = (name, email)
        roles[person_id].add(role)
    own: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for company_id, person_id in session.execute(
        select(Membership.company_id, Membership.person_id).where(Membership.company_id.in_(companies))
    ):
        own[person_id].add(company_id)
    recused: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for application_id, person_id in session.execute(select(Conflict.application_id, Conflict.person_id)):
        recused[person_id].add(application_id)
    return [
        Viewer(
            person_id,
            name=name,
            email=email,
            roles=frozenset(roles[person_id] & {Role.APPLICANT, *_STAFF}),
            company_ids=frozenset(own[person_id]),
            recused_from=frozenset(recused[person_id]),
        )
        for person_id, (name, email) in people.items()
    ]


def acknowledge_alert(session: Session, *, alert_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Note that somebody knows of an alert and why it may stand; it opens again when it gets worse.

    Raises:
        NotFoundError: if there is none, or the actor may not see its award.
        InvalidInputError: without a reason, or if the alert is settled.
    """
    require(actor, Verb.RESOLVE, Thing(Kind.CHANGE))
    found = session.execute(
        select(GrantAlert, Award.number)
        .join(Grant, Grant.id == GrantAlert.grant_id)
        .join(Award, Award.id == Grant.award_id)
        .where(GrantAlert.id == alert_id, award_clause(actor))
    ).one_or_none()
    if found is None:
        raise NotFoundError
    alert, number = found
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="이유를 적어 주세요", reason_en="say why")
    if alert.state == "resolved":
        raise InvalidInputError(field="reason", reason_ko="이미 해소된 알림입니다", reason_en="it is settled already")
    alert.state, alert.acknowledged_by, alert.reason = "acknowledged", actor.name or actor.email, reason.strip()
    record_event(
        session,
        actor=actor,
        verb="alert.acknowledged",
        subject_kind="award",
        subject=number,
        at=at,
        details={"kind": alert.kind, "severity": alert.severity, "reason": reason.strip()},
    )
