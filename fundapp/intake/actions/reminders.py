"""Reminding applicants of a call's deadline, and of documents that run out before they are needed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import kst_date
from fundapp.core.reminding import day_words, instant_words, left_words, step_due
from fundapp.intake.actions.documents import PROVING_STATES
from fundapp.intake.actions.names import answers_sha256
from fundapp.intake.call_terms import deadline_days
from fundapp.intake.document_queries import documents_changed
from fundapp.intake.documents.kinds import Requirement, good_until, read_requirements
from fundapp.intake.form import Form, parse_form
from fundapp.intake.newest import is_newest
from fundapp.intake.reminding import Reminder, by_language, company_people, remind
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, AttachedDocument, Call, Company, Document, Submission

DOCUMENT_DAYS = (14, 3)
"""Days before its last good day on which a document is spoken of."""
_UNSENT = ("draft", "submitted", "on_hold")


def remind_deadlines(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> int:
    """Remind whoever acts for a company with something unsent that its call closes; return how many mails are new.

    Days are Korean. Who has sent the newest answers and documents is not reminded; who changed them since is.
    """
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    today, told = kst_date(at), 0
    for call in session.scalars(select(Call).where(Call.opens_at <= at, Call.closes_at > at).order_by(Call.code)):
        closes_on, days = kst_date(call.closes_at), deadline_days(call.document)
        if step_due(closes_on, today, days, date.min) is None:
            continue
        for application, company in _unsent(session, call):
            since = application.created_at if application.state == "draft" else application.updated_at
            step = step_due(closes_on, today, days, kst_date(since))
            if step is not None:
                reminder = _deadline(application, company, call, step, today, public_url)
                told += remind(session, reminder, company_people(session, application.company_id), at=at)
    return told


def _deadline(application: Application, company: str, call: Call, step: int, today: date, public_url: str) -> Reminder:
    return Reminder(
        kind="deadline",
        cause=f"deadline:{application.id}:{call.closes_at.isoformat()}:{step}",
        uid=f"deadline-{application.id}",
        due=call.closes_at,
        values=by_language(
            company=company,
            number=application.number,
            call={"ko": call.title_ko, "en": call.title_en or call.title_ko},
            due=instant_words(call.closes_at),
            left=left_words((kst_date(call.closes_at) - today).days),
            what=application.number,
            link=f"{public_url}/portal/applications/{application.id}/",
        ),
        about=application.id,
    )


def _unsent(session: Session, call: Call) -> Iterator[tuple[Application, str]]:
    """Yield the applications of a call that hold something which has not been sent, with their companies' names."""
    form, wanted = parse_form(call.document), read_requirements(call.document)
    rows = session.execute(
        select(Application, Company.name, Submission.sha256)
        .join(Company, Company.id == Application.company_id)
        .outerjoin(Submission, is_newest())
        .where(Application.call_id == call.id, Application.state.in_(_UNSENT))
        .order_by(Application.number)
    ).all()
    for application, company, sha256 in rows:
        if application.state == "draft" or _changed(session, application, form, wanted, sha256):
            yield application, company


def _changed(
    session: Session, application: Application, form: Form, wanted: tuple[Requirement, ...], sha256: str
) -> bool:
    if answers_sha256(form.asked_answers(application.answers)) != sha256:
        return True
    return documents_changed(session, application.id, wanted)


def remind_documents(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> int:
    """Tell companies of documents that run out while an open application needs them; return how many mails are new.

    A draft needs what it is sent with until its call closes; an application in review needs its proof until it ends.
    """
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    today, told = kst_date(at), 0
    rows = session.execute(
        select(Application, Company.name, Call, AttachedDocument.requirement, Document)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(AttachedDocument, AttachedDocument.application_id == Application.id)
        .join(Document, Document.id == AttachedDocument.document_id)
        .where(Document.removed_at.is_(None))
        .order_by(Application.number, AttachedDocument.requirement, Document.id)
    ).all()
    for application, company, call, key, document in rows:
        wanted = _needed(application, call, at).get(key)
        if wanted is None or wanted.valid_months is None or document.issued_on is None:
            continue
        last = good_until(document.issued_on, wanted.valid_months)
        if wanted.stage == "submit" and last >= kst_date(call.closes_at):
            continue
        step = step_due(last, today, DOCUMENT_DAYS, kst_date(document.uploaded_at))
        if step is not None:
            link = f"{public_url}/portal/applications/{application.id}/documents/"
            ends = _Ending(document.id, wanted, last, step, (last - today).days, link)
            reminder = _running_out(application, company, call, ends)
            told += remind(session, reminder, company_people(session, application.company_id), at=at)
    return told


def _needed(application: Application, call: Call, at: datetime) -> Mapping[str, Requirement]:
    """Return what an application needs still, by key: before it is sent, and as proof while it is judged."""
    if application.state == "draft" and call.opens_at <= at < call.closes_at:
        stage = "submit"
    elif counts_as(application.state) in PROVING_STATES:
        stage = "screened"
    else:
        return {}
    return {one.key: one for one in read_requirements(call.document) if one.stage == stage}


@dataclass(frozen=True, slots=True)
class _Ending:
    """A document that runs out: which, what it answers, its last good day, and where another goes."""

    document_id: uuid.UUID
    wanted: Requirement
    last: date
    step: int
    left: int
    link: str


def _running_out(application: Application, company: str, call: Call, ends: _Ending) -> Reminder:
    return Reminder(
        kind="document",
        cause=f"document:{application.id}:{ends.document_id}:{ends.last.isoformat()}:{ends.step}",
        uid=f"document-{application.id}-{ends.document_id}",
        due=ends.last,
        values=by_language(
            company=company,
            number=application.number,
            call={"ko": call.title_ko, "en": call.title_en or call.title_ko},
            due=day_words(ends.last),
            left=left_words(ends.left),
            what={"ko": ends.wanted.title_ko, "en": ends.wanted.title_en or ends.wanted.title_ko},
            link=ends.link,
        ),
        about=application.id,
    )
