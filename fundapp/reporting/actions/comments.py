"""What partners say to the fund about a report, and what the fund answers."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import Quarter
from fundapp.identity.tables import Person
from fundapp.reporting.actions.reports import find_frozen
from fundapp.reporting.actions.scheduling import addresses, report_link
from fundapp.reporting.rules import CHAPTERS
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import ReportComment

LONGEST = 4_000


def comment_on_report(
    session: Session,
    *,
    quarter: Quarter,
    version: int,
    chapter: str,
    body: str,
    answers: uuid.UUID | None,
    actor: Viewer,
    at: datetime,
    public_url: str,
) -> uuid.UUID:
    """Say something about a version, or answer what was said; the other side is told by mail, with a link.

    Args:
        session: A writing session.
        quarter: The quarter.
        version: Which version.
        chapter: Key of the section it is about; empty for the whole.
        body: The words.
        answers: The comment that it answers.
        actor: A partner or finance.
        at: Now.
        public_url: Where people reach the product.

    Raises:
        NotFoundError: if there is no such version or comment, or the actor may not see reports.
        InvalidInputError: without words, with too many, or about no section.
        FourEyesError: if the actor is no person.
    """
    require(actor, Verb.SUBMIT, Thing(Kind.REPORT))
    require_sight(session, actor)
    frozen = find_frozen(session, quarter, version)
    if frozen is None:
        raise NotFoundError
    if actor.person_id is None:
        raise FourEyesError
    words = _words(chapter, body)
    asked = _asked(session, frozen.id, answers)
    row = ReportComment(
        frozen_id=frozen.id,
        # An answer to an answer stands in the same thread.
        answers_id=(asked.answers_id or asked.id) if asked else None,
        chapter=asked.chapter if asked else chapter,
        body=words,
        person_id=actor.person_id,
        said_by=actor.name or actor.email,
        side="fund" if actor.has(Role.FINANCE) else actor.investor or "",
        at=at,
    )
    session.add(row)
    session.flush()
    subject, details = f"{quarter}/{version}", {"comment": str(row.id)}
    record_event(
        session, actor=actor, verb="report.commented", subject_kind="report", subject=subject, at=at, details=details
    )
    _tell(session, row, report_link(public_url, quarter, version), at)
    return row.id


def _asked(session: Session, frozen_id: uuid.UUID, answers: uuid.UUID | None) -> ReportComment | None:
    if answers is None:
        return None
    asked = session.get(ReportComment, answers)
    if asked is None or asked.frozen_id != frozen_id:
        raise NotFoundError
    return asked


def _words(chapter: str, body: str) -> str:
    if chapter and chapter not in CHAPTERS:
        raise InvalidInputError(field="chapter", reason_ko="그런 장이 없습니다", reason_en="is no section")
    words = body.strip()
    if not words:
        raise InvalidInputError(field="body", reason_ko="내용을 적어 주세요", reason_en="needs words")
    if len(words) > LONGEST:
        raise InvalidInputError(
            field="body", reason_ko=f"{LONGEST:,}자까지 적을 수 있습니다", reason_en=f"takes {LONGEST:,} characters"
        )
    return words


def _tell(session: Session, row: ReportComment, link: str, at: datetime) -> None:
    """Write to the other side: finance, the partners where finance begins a thread, or who has spoken in it."""
    if row.side != "fund":
        told = addresses(session, [Role.FINANCE], [])
    elif row.answers_id is None:
        told = addresses(session, [Role.PARTNER], [])
    else:
        thread = select(ReportComment.person_id).where(
            (ReportComment.id == row.answers_id) | (ReportComment.answers_id == row.answers_id)
        )
        spoken = select(Person.email).where(Person.active, Person.id.in_(thread)).order_by(Person.email)
        told = list(session.scalars(spoken))
    own = session.scalar(select(Person.email).where(Person.id == row.person_id))
    for address in told:
        if address == own:
            continue
        enqueue_mail(
            session,
            dedupe_key=f"report-comment:{row.id}:{address}"[:200],
            recipient=address,
            subject="분기보고서에 의견이 있습니다 / A comment on the quarterly report",
            body=f"{row.said_by} 님의 의견을 보고서에서 읽고 답할 수 있습니다.\n"
            f"{row.said_by} has commented; read and answer it in the report.\n\n{link}#comments\n",
            at=at,
        )
