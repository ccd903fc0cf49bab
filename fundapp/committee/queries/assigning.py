"""Who holds which review and how that came about; who knows which field; who was reminded."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.queries.people import Member, members
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.rules import AssignmentTerms, read_assignment_terms
from fundapp.committee.tables import Assignment, AssignmentEvent, Conflict, Expertise, Reminder, Review
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.form import parse_form
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """One review that somebody holds, as who assigns sees it.

    Attributes:
        origin: `balanced`, `hand` or `file`; None for assignments older than their record.
        fields: Tags of the application that the reviewer knows, as it was when they were assigned.
        load: What the reviewer held after it was assigned; None unless it was balanced.
        excluded: Who could not have it: name and route of everybody recused.
    """

    application_id: uuid.UUID
    number: str
    company: str
    person_id: uuid.UUID
    reviewer: str
    email: str
    origin: str | None
    reason: str | None
    fields: tuple[str, ...]
    load: int | None
    filed: bool
    assigned_by: str
    at: datetime
    excluded: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReminderRow:
    """One reminder."""

    name: str
    sent_on: date
    waiting: int
    sent_by: str


def list_assignments(session: Session, viewer: Viewer, call_code: str) -> list[AssignmentRow]:
    """Return the reviews given out in a call over applications in sight, by application and reviewer.

    Raises:
        ForbiddenError: unless the viewer assigns.
    """
    require(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION))
    filed = select(Review.id).where(
        Review.application_id == Assignment.application_id, Review.person_id == Assignment.person_id
    )
    later = aliased(AssignmentEvent)
    newest = ~(
        select(later.id)
        .where(
            later.application_id == AssignmentEvent.application_id,
            later.person_id == AssignmentEvent.person_id,
            later.id > AssignmentEvent.id,
        )
        .exists()
    )
    rows = session.execute(
        select(
            Assignment,
            Application.number,
            Company.name.label("company"),
            Person.name.label("reviewer"),
            Person.email,
            AssignmentEvent,
            filed.exists().label("filed"),
        )
        .join(Application, Application.id == Assignment.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Assignment.person_id)
        .outerjoin(
            AssignmentEvent,
            and_(
                AssignmentEvent.application_id == Assignment.application_id,
                AssignmentEvent.person_id == Assignment.person_id,
                newest,
            ),
        )
        .where(Call.code == call_code, in_sight(viewer))
        .order_by(Application.number, Person.name, Person.id)
    ).all()
    excluded = _excluded(session, viewer, call_code)
    return [_row(tuple(row), excluded) for row in rows]


def _row(row: tuple[Any, ...], excluded: Mapping[uuid.UUID, tuple[tuple[str, str], ...]]) -> AssignmentRow:
    held, number, company, reviewer, email, event, filed = row
    why: Mapping[str, Any] = (event.why or {}) if event else {}
    return AssignmentRow(
        application_id=held.application_id,
        number=number,
        company=company,
        person_id=held.person_id,
        reviewer=reviewer,
        email=email,
        origin=event.origin if event else None,
        reason=event.reason if event else None,
        fields=tuple(why.get("fields", ())),
        load=why.get("load"),
        filed=filed,
        assigned_by=held.assigned_by,
        at=held.at,
        excluded=excluded.get(held.application_id, ()),
    )


def _excluded(session: Session, viewer: Viewer, call_code: str) -> dict[uuid.UUID, tuple[tuple[str, str], ...]]:
    found: defaultdict[uuid.UUID, list[tuple[str, str]]] = defaultdict(list)
    seats = [seat.person_id for seat in members(session)]
    for application_id, name, route in session.execute(
        select(Conflict.application_id, Person.name, Conflict.route)
        .join(Application, Application.id == Conflict.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Person, Person.id == Conflict.person_id)
        .where(Call.code == call_code, Conflict.person_id.in_(seats), in_sight(viewer))
        .order_by(Person.name)
    ):
        found[application_id].append((name, route))
    return {key: tuple(pairs) for key, pairs in found.items()}


def find_application_by_number(session: Session, viewer: Viewer, call_code: str, number: str) -> uuid.UUID:
    """Return the application of a call with a number.

    Raises:
        NotFoundError: if there is none in sight.
    """
    require(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION))
    found = session.scalar(
        select(Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, Application.number == number.strip().upper(), in_sight(viewer))
    )
    if found is None:
        raise NotFoundError(application=number)
    return found


def assignment_terms(session: Session, call_code: str) -> AssignmentTerms:
    """Return what the file of a call says about assignment; its defaults where it says nothing."""
    return read_assignment_terms(session.scalar(select(Call.document).where(Call.code == call_code)) or {})


def list_expertise(session: Session, viewer: Viewer) -> list[tuple[Member, tuple[str, ...]]]:
    """Return each member with the fields they know, in office order.

    Raises:
        ForbiddenError: unless the viewer assigns.
    """
    require(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION))
    known: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for person_id, tag in session.execute(select(Expertise.person_id, Expertise.tag).order_by(Expertise.tag)):
        known[person_id].append(tag)
    return [(seat, tuple(known[seat.person_id])) for seat in members(session)]


def list_fields(session: Session, call_code: str) -> list[str]:
    """Return the fields that applications of a call can carry: its tracks and the industries of its form."""
    document = session.scalar(select(Call.document).where(Call.code == call_code)) or {}
    if not document.get("sections"):
        return ["spc", "korean_ai"]
    questions = parse_form(document).questions
    sectors = [choice.key for question in questions if question.kind == "sector" for choice in question.choices]
    return ["spc", "korean_ai", *sectors]


def list_reminders(session: Session, viewer: Viewer, call_code: str, limit: int = 20) -> list[ReminderRow]:
    """Return the newest reminders of a call.

    Raises:
        ForbiddenError: unless the viewer assigns.
    """
    require(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION))
    rows = session.execute(
        select(Person.name, Reminder.sent_on, Reminder.waiting, Reminder.sent_by)
        .join(Call, Call.id == Reminder.call_id)
        .join(Person, Person.id == Reminder.person_id)
        .where(Call.code == call_code)
        .order_by(Reminder.sent_on.desc(), Person.name)
        .limit(limit)
    )
    return [ReminderRow(row.name, row.sent_on, row.waiting, row.sent_by) for row in rows]
