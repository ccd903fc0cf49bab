"""Writing to applicants, each in their own language, by the texts that the fund has saved."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.calendar import CalendarEvent, calendar_text
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.tables import MailReader, Person
from fundapp.intake.mail_texts import LANGUAGES, MailTexts, find_kind
from fundapp.intake.tables import MailText, Membership

Values = Mapping[str, Mapping[str, str]]
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Reminder:
    """What people are reminded of.

    Attributes:
        kind: Which text: a key of `MAIL_KINDS`.
        cause: Names it for ever; the same cause is mailed to an address once.
        uid: Of its entry in a calendar, the same for every reminder of the same thing.
        due: The last day, or the last instant.
        values: What stands in the places of the text, by language.
        about: The application that it speaks of.
    """

    kind: str
    cause: str
    uid: str
    due: date | datetime
    values: Values
    about: uuid.UUID


def newest_texts(session: Session, key: str) -> tuple[int, MailTexts]:
    """Return what a kind of mail says now, with its version; 0 and the text that ships where nothing was saved.

    Raises:
        NotFoundError: if there is no such kind.
    """
    kind = find_kind(key)
    found = session.scalars(
        select(MailText).where(MailText.key == key).order_by(MailText.version.desc()).limit(1)
    ).one_or_none()
    if found is None:
        return 0, kind.texts
    return found.version, MailTexts(found.subject_ko, found.body_ko, found.subject_en, found.body_en)


def company_people(session: Session, company_id: uuid.UUID) -> list[str]:
    """Return the addresses of everybody active who acts for a company, in order."""
    return list(
        session.scalars(
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.company_id == company_id, Person.active)
            .order_by(Person.email)
        )
    )


def by_language(**values: str | Mapping[str, str]) -> Values:
    """Return values by language; what is the same in both is given once."""
    return {
        language: {key: one if isinstance(one, str) else one[language] for key, one in values.items()}
        for language in LANGUAGES
    }


def remind(session: Session, reminder: Reminder, addresses: Collection[str], *, at: datetime) -> int:
    """Write a reminder to each address in its reader's language, with a calendar file; return how many are new."""
    if not addresses:
        return 0
    _, texts = newest_texts(session, reminder.kind)
    languages = _languages(session, addresses)
    for address in addresses:
        subject, body = texts.filled(reminder.values, languages.get(address.lower(), "ko"))
        enqueue_mail(
            session,
            dedupe_key=f"{reminder.cause}:{address}"[:200],
            recipient=address,
            subject=subject,
            body=body,
            calendar=calendar_text(_event(reminder, subject, at)),
            at=at,
            about=[reminder.about],
        )
    before = len(session.new)
    session.flush()
    return before


def _languages(session: Session, addresses: Iterable[str]) -> dict[str, str]:
    rows = session.execute(
        select(Person.email, MailReader.language)
        .join(MailReader, MailReader.person_id == Person.id)
        .where(Person.email.in_([one.lower() for one in addresses]))
    )
    return {row.email: row.language for row in rows}


def _event(reminder: Reminder, summary: str, at: datetime) -> CalendarEvent:
    """Return the entry; each is a later version of the one before, so that a date that moved moves the entry."""
    instant = reminder.due if isinstance(reminder.due, datetime) else None
    return CalendarEvent.of(
        uid=reminder.uid,
        sequence=int(at.timestamp()) // _MINUTE,
        stamp=at,
        starts_at=None,
        ends_at=None,
        deadline=instant,
        day=reminder.due,
        summary=summary,
        place="",
        cancelled=False,
    )
