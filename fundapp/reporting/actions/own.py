"""Keeping, changing and dropping one's own questions to the report, and telling their owners of a new version."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from fundapp.committee.queries.people import load_viewer
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage, enqueue_mail
from fundapp.core.quarters import kst_date
from fundapp.identity.tables import Person
from fundapp.reporting.calendar import mailing_day
from fundapp.reporting.sight import has_sight, newest_for, require_sight
from fundapp.reporting.tables import OwnReport
from reports.own import MOST_CONDITIONS, Question, QuestionRefused, require_askable

LONGEST_NAME = 80
SCHEDULES = ("monday", "month", "quarter")
_REFUSED = {
    "unknown": ("고를 수 없는 값이 있습니다", "holds something that cannot be chosen"),
    "none": ("하나 이상 골라 주세요", "needs at least one"),
    "no_number": ("숫자 열에는 숫자를 적어 주세요", "needs a number for a column of numbers"),
    "no_date": ("날짜 열에는 2026-09-30처럼 날짜를 적어 주세요", "needs a date like 2026-09-30 for a column of dates"),
    "not_shown": ("보이는 숫자 열 가운데에서 골라 주세요", "must be a column of numbers that is shown"),
}


def save_own_report(
    session: Session,
    *,
    report_id: uuid.UUID | None,
    name: str,
    question: Question,
    shared: bool,
    notify: bool,
    schedule: str = "",
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Keep a question under a name, or change one of the actor's own.

    Args:
        session: A writing session.
        report_id: Which one to change; None keeps a new one.
        name: Up to 80 characters.
        question: What is asked.
        shared: Whether all readers of reports may open it.
        notify: Whether its owner is told by mail of each new version of a report.
        schedule: `monday`, `month` or `quarter` for a mail by the calendar; empty for none.
        actor: Somebody who may see reports.
        at: Now.

    Raises:
        NotFoundError: if the actor may not see reports, or has no such report.
        InvalidInputError: for a missing or long name, or a question that no report can answer.
        FourEyesError: if the actor is no person.
    """
    require(actor, Verb.VIEW, Thing(Kind.REPORT))
    require_sight(session, actor)
    if actor.person_id is None:
        raise FourEyesError
    title = " ".join(name.split())
    if not 0 < len(title) <= LONGEST_NAME:
        raise InvalidInputError(field="name", reason_ko="80자까지 적어 주세요", reason_en="needs 1 to 80 characters")
    _require_askable(question)
    if schedule not in {"", *SCHEDULES}:
        raise InvalidInputError(
            field="schedule", reason_ko="고를 수 없는 값입니다", reason_en="must be one of the choices"
        )
    told = {"notify": notify, "schedule": schedule}
    values = {"name": title, "question": dataclasses.asdict(question), "shared": shared, **told}
    if report_id is None:
        made = OwnReport(
            owner_id=actor.person_id, owner_name=actor.name or actor.email, saved_at=at, dropped_at=None, **values
        )
        session.add(made)
        session.flush()
        return made.id
    _change(session, report_id, actor, saved_at=at, **values)
    return report_id


def drop_own_report(session: Session, *, report_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take one of the actor's own questions away.

    Raises:
        NotFoundError: if the actor has no such report.
    """
    require(actor, Verb.VIEW, Thing(Kind.REPORT))
    _change(session, report_id, actor, dropped_at=at)


def _change(session: Session, report_id: uuid.UUID, actor: Viewer, **values: object) -> None:
    changed = session.execute(
        update(OwnReport)
        .where(OwnReport.id == report_id, OwnReport.owner_id == actor.person_id, OwnReport.dropped_at.is_(None))
        .values(**values)
        .returning(OwnReport.id)
    ).one_or_none()
    if changed is None:
        raise NotFoundError


def _require_askable(question: Question) -> None:
    if len(question.conditions) > MOST_CONDITIONS:
        raise InvalidInputError(field="filters", reason_ko="조건은 세 개까지입니다", reason_en="takes three at most")
    try:
        require_askable(question)
    except QuestionRefused as refused:
        ko, en = _REFUSED[refused.reason]
        raise InvalidInputError(field=refused.field, reason_ko=ko, reason_en=en) from None


def tell_owners(session: Session, *, at: datetime, public_url: str) -> int:
    """Mail owners what they asked to be told of, by version and by calendar; return how many mails."""
    newer = tell_own_reports(session, at=at, public_url=public_url)
    return newer + tell_scheduled(session, at=at, public_url=public_url)


def tell_own_reports(session: Session, *, at: datetime, public_url: str) -> int:
    """Tell owners who asked for it that their questions have a newer version to answer from; return how many mails.

    The version is the one that their page opens with: for all but finance the newest that the fund has signed. Each
    is told of once, and only to people who may still see reports.
    """
    told = 0
    for row, person in _owned(session, OwnReport.notify.is_(True)):
        reader = load_viewer(session, person.id)
        found = newest_for(session, reader) if has_sight(session, reader) else None
        if found is None or row.saved_at >= found[1]:
            continue
        told += 1
        frozen = found[0]
        enqueue_mail(
            session,
            dedupe_key=f"own-report:{row.id}:{frozen.quarter}:{frozen.version}",
            recipient=person.email,
            subject=f"[{frozen.quarter}] 내 보고서: {row.name} / Your own report",
            body=f"{frozen.quarter} {frozen.version}판으로 다시 볼 수 있습니다.\n"
            f"It can be read from {frozen.quarter}, version {frozen.version}.\n\n"
            f"{public_url}/partners/own/{row.id}\n",
            at=at,
        )
    return told


def tell_scheduled(session: Session, *, at: datetime, public_url: str) -> int:
    """Mail owners a link to their questions by the calendar they chose; return how many mails are new.

    Each is due on the first Korean business day of its week, month or quarter, and a clock that stood still then
    sends it as soon as it runs again. A period in which the question was kept after that day is left out.
    """
    today, told = kst_date(at), 0
    for row, person in _owned(session, OwnReport.schedule != ""):
        due = mailing_day(row.schedule, today)
        reader = load_viewer(session, person.id)
        found = newest_for(session, reader) if has_sight(session, reader) else None
        key = f"own-report:{row.id}:{row.schedule}:{due.isoformat()}"
        if today < due or kst_date(row.saved_at) >= due or found is None or _mailed(session, key):
            continue
        told += 1
        frozen = found[0]
        enqueue_mail(
            session,
            dedupe_key=key,
            recipient=person.email,
            subject=f"[{frozen.quarter}] 내 보고서: {row.name} / Your own report",
            body=f"정해 둔 날입니다. {frozen.quarter} {frozen.version}판의 답을 여기에서 볼 수 있습니다.\n"
            f"As scheduled: the answer from {frozen.quarter}, version {frozen.version}, can be read here.\n\n"
            f"{public_url}/partners/own/{row.id}\n",
            at=at,
        )
    return told


def _mailed(session: Session, key: str) -> bool:
    return session.scalar(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)) is not None


def _owned(session: Session, wanted: ColumnElement[bool]) -> list[tuple[OwnReport, Person]]:
    found = session.execute(
        select(OwnReport, Person)
        .join(Person, Person.id == OwnReport.owner_id)
        .where(wanted, OwnReport.dropped_at.is_(None), Person.active)
        .order_by(OwnReport.id)
    )
    return [(row, person) for row, person in found]
