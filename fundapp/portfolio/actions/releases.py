"""Progress reports, and the second half that an accepted one releases."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.quarters import utc_day
from fundapp.core.reminding import day_words, left_words, step_due
from fundapp.intake.reminding import Reminder, by_language, remind
from fundapp.intake.tables import Application, Call, Company
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.held import require_hours_free
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
from fundapp.portfolio.queries.grants import GrantRow, load_grants, unreleased_hours
from fundapp.portfolio.rules import unreleased_account
from fundapp.portfolio.tables import Award, Grant, ProgressReport

LONGEST_TEXT = 20_000
REPORT_DAYS = (14, 3)
"""Days before a grant's last usable day on which a missing report is spoken of."""


@dataclass(frozen=True, slots=True)
class FiledReport:
    """A progress report as filed."""

    id: uuid.UUID
    number: int


def file_progress_report(
    session: Session, *, award: str, text: str, key: str, actor: Viewer, at: datetime
) -> FiledReport:
    """File a company's report on what it did with the hours released so far; the hours used are stated beside it.

    Args:
        session: A writing session.
        award: Number of the award.
        text: The report.
        key: Idempotency key of the request.
        actor: Somebody who acts for the company.
        at: Now.

    Raises:
        NotFoundError: if the award is absent or another company's.
        InvalidInputError: if the text is empty or too long.
        TransitionRefusedError: if another report waits for an answer, or nothing waits for release.
    """
    found, _ = load_award(session, award)
    require(actor, Verb.SUBMIT, _thing(found))
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise InvalidInputError(
            field="text",
            reason_ko=f"1자에서 {LONGEST_TEXT:,}자까지 적어 주세요",
            reason_en=f"1 to {LONGEST_TEXT:,} characters",
        )

    def work() -> dict[str, Any]:
        report = _file(session, found, text, actor, at)
        return {"id": str(report.id), "number": report.number}

    request = {"award": award, "text": text}
    result = once(session, key=key, verb="progress.file", request=request, at=at, work=work)
    return FiledReport(uuid.UUID(result["id"]), result["number"])


def _file(session: Session, award: Award, text: str, actor: Viewer, at: datetime) -> ProgressReport:
    if actor.person_id is None:
        raise NotFoundError(award=award.number)
    rows = load_grants(session, {award.id: award.number})[award.id]
    if not any(row.unreleased_e4 for row in rows):
        raise TransitionRefusedError(thing="report", state="released", verb="report")
    waiting = session.scalar(
        select(ProgressReport.number).where(ProgressReport.award_id == award.id, ProgressReport.state == "filed")
    )
    if waiting is not None:
        raise TransitionRefusedError(thing="report", state="filed", verb="report")
    newest = session.scalar(select(func.max(ProgressReport.number)).where(ProgressReport.award_id == award.id))
    report = ProgressReport(
        award_id=award.id,
        number=(newest or 0) + 1,
        text=text,
        statement=[_stated(row) for row in rows],
        filed_by_id=actor.person_id,
        filed_by=actor.name or actor.email,
        filed_at=at,
    )
    session.add(report)
    session.flush()
    record(session, actor, "progress.filed", award.number, at, number=report.number)
    return report


def _stated(row: GrantRow) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "region": row.region,
        "quarter": row.quarter,
        "granted_e4": row.granted_e4,
        "used_e4": row.used_e4,
        "unreleased_e4": row.unreleased_e4,
    }


def remind_reports(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> int:
    """Remind companies of the progress report that hours of a grant wait for; return how many mails are new.

    It is due by the grant's last usable day (UTC): what is released after it cannot be used. While a report waits for
    the fund's answer, nobody is reminded.
    """
    require(actor, Verb.PREPARE, Thing(Kind.AWARD))
    today, told = utc_day(at), 0
    waits = select(ProgressReport.id).where(ProgressReport.award_id == Award.id, ProgressReport.state == "filed")
    rows = session.execute(
        select(Award, Grant, Company.name, Call)
        .join(Grant, Grant.award_id == Award.id)
        .join(Company, Company.id == Award.company_id)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Grant.release == "half", Grant.expired_at.is_(None), Grant.usable_until >= today, ~waits.exists())
        .order_by(Award.number, Grant.usable_until, Grant.sku, Grant.region)
    ).all()
    waiting = unreleased_hours(session, [grant.id for _, grant, *_ in rows])
    for award, grant, company, call in rows:
        step = step_due(grant.usable_until, today, REPORT_DAYS, award.signed_on)
        if step is None or not waiting.get(grant.id):
            continue
        slot = f"{grant.sku.upper()} · {grant.region} · {grant.quarter}"
        reminder = Reminder(
            kind="report",
            cause=f"report-due:{grant.id}:{grant.usable_until.isoformat()}:{step}",
            uid=f"report-{grant.id}",
            due=grant.usable_until,
            values=by_language(
                company=company,
                number=award.number,
                call={"ko": call.title_ko, "en": call.title_en or call.title_ko},
                due=day_words(grant.usable_until),
                left=left_words((grant.usable_until - today).days),
                what=slot,
                link=f"{public_url}/portal/grants/{award.number}/report",
            ),
            about=award.application_id,
        )
        told += remind(session, reminder, company_addresses(session, award.company_id), at=at)
    return told


def accept_progress_report(session: Session, *, report_id: uuid.UUID, note: str, actor: Viewer, at: datetime) -> int:
    """Accept a report and release what waits for it, in one transaction; return the hours in ten-thousandths.

    Raises:
        NotFoundError: if there is no such report or the actor may not answer it.
        FourEyesError: if the actor filed it.
        TransitionRefusedError: if it has been answered.
        ConditionsOpenError: while a condition of the decision keeps GPU time back.
        HoursHeldError: while hours held back for one have not been released.
    """
    report, award = _answer(session, report_id, "accepted", note.strip() or None, actor, at)
    require_hours_free(session, award)
    legs, released = [], 0
    grants = session.scalars(select(Grant).where(Grant.award_id == award.id).order_by(Grant.account)).all()
    for grant in grants:
        waiting = unreleased_account(award.number, grant.sku, grant.region, grant.quarter)
        hours = left_in(session, waiting, grant.sku)
        if hours > 0 and grant.usable_until >= utc_day(at):
            pool = load_grant(session, grant.id).pool
            legs += moving_legs(session, pool, waiting, grant.account, hours, utc_day(at))
            released += hours
    if legs:
        key = f"release:{award.number}:{report.number}"
        report.txn_key = move(
            session, key=key, kind="release", legs=legs, source_ref=f"award:{award.number}", actor=actor, at=at
        )
        draw_overage(session, award=award, places=[(grant.sku, grant.region) for grant in grants], actor=actor, at=at)
    session.flush()
    record(session, actor, "progress.accepted", award.number, at, number=report.number, released_e4=released)
    _tell(session, award, report, f"{award.number}: 진행 보고를 확인해 GPU시간 후반분을 열었습니다.", at)
    return released


def return_progress_report(session: Session, *, report_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Give a report back to the company with what is missing; nothing is released.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError, FourEyesError, TransitionRefusedError: as `accept_progress_report`.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    report, award = _answer(session, report_id, "returned", reason.strip(), actor, at)
    record(session, actor, "progress.returned", award.number, at, number=report.number, reason=reason.strip())
    _tell(session, award, report, f"{award.number}: 진행 보고를 보완해 다시 내 주세요. 사유: {reason.strip()}", at)


def _answer(
    session: Session, report_id: uuid.UUID, state: str, answer: str | None, actor: Viewer, at: datetime
) -> tuple[ProgressReport, Award]:
    report = session.get(ProgressReport, report_id)
    if report is None:
        raise NotFoundError(report=str(report_id))
    award = session.get_one(Award, report.award_id)
    require(actor, Verb.RESOLVE, _thing(award))
    if actor.person_id is not None and actor.person_id == report.filed_by_id:
        raise FourEyesError
    answered = session.execute(
        update(ProgressReport)
        .where(ProgressReport.id == report_id, ProgressReport.state == "filed")
        .values(
            state=state,
            answer=answer,
            answered_by_id=actor.person_id,
            answered_by=actor.name or actor.email,
            answered_at=at,
        )
        .returning(ProgressReport.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if answered is None:
        raise TransitionRefusedError(thing="report", state=report.state, verb=state)
    session.refresh(report)
    return report, award


def _thing(award: Award) -> Thing:
    return Thing(Kind.CHANGE, award.application_id, award.company_id)


def _tell(session: Session, award: Award, report: ProgressReport, text: str, at: datetime) -> None:
    addresses = company_addresses(session, award.company_id)
    key = f"progress:{award.number}:{report.number}:{report.state}"
    tell(session, addresses, key=key, subject=f"[{award.number}] 진행 보고", body=text, at=at)
