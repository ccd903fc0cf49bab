"""Reminding members of reviews that wait: only those for whom some do, and once a day at most."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.people import Member, members
from fundapp.committee.rules import REVIEWABLE, read_assignment_terms
from fundapp.committee.tables import Assignment, Conflict, Reminder, Review
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import kst_date
from fundapp.intake.queries import counts_among
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call

Fate = Literal["mailed", "done", "unassigned", "today", "recently"]


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of one member: mailed, or why not.

    Attributes:
        waiting: Reviews that wait for them.
        fate: `mailed`; `done` has filed all; `unassigned` has none; `today` was reminded today; `recently` is not
            due yet by the call's rhythm.
    """

    name: str
    email: str
    waiting: int
    fate: Fate


def remind_reviewers(
    session: Session, *, call_code: str, actor: Viewer, at: datetime, by_clock: bool = False
) -> tuple[Reminded, ...]:
    """Write to every member for whom reviews of a call wait. The mail names no application, only how many.

    Args:
        session: A writing session.
        call_code: The call.
        actor: Who assigns, or the clock.
        at: Now.
        by_clock: Keep the call's rhythm (`remind_every_days`), not only once a day.

    Returns:
        Everybody on the committee with what became of them, by name.

    Raises:
        NotFoundError: if there is no such call, or the actor does not assign.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    waiting, held = _waiting(session, call.id)
    reminders = select(Reminder.person_id, Reminder.sent_on).where(Reminder.call_id == call.id)
    newest = {row.person_id: row.sent_on for row in session.execute(reminders.order_by(Reminder.sent_on))}
    today = kst_date(at)
    rhythm = read_assignment_terms(call.document).remind_every_days if by_clock else 1
    found = []
    for seat in members(session):
        mine, last = waiting[seat.person_id], newest.get(seat.person_id)
        fate: Fate = "mailed"
        if not mine:
            fate = "done" if held[seat.person_id] else "unassigned"
        elif last == today:
            fate = "today"
        elif last is not None and today - last < timedelta(days=rhythm):
            fate = "recently"
        if fate == "mailed":
            _write(session, call, seat, mine, actor, at)
        found.append(Reminded(seat.name, seat.email, len(mine), fate))
    sent = sum(1 for one in found if one.fate == "mailed")
    if sent:
        record_event(
            session,
            actor=actor,
            verb="reviews.reminded",
            subject_kind="call",
            subject=call.code,
            at=at,
            details={"mailed": sent, "skipped": len(found) - sent},
        )
    return tuple(found)


def remind_all(session: Session, *, actor: Viewer, at: datetime) -> dict[str, int]:
    """Remind in every call that wants the clock to; return by call how many were mailed."""
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    reviewed = select(Application.call_id).where(counts_among(REVIEWABLE))
    sent = {}
    for code, document in session.execute(
        select(Call.code, Call.document).where(Call.id.in_(reviewed)).order_by(Call.code)
    ).all():
        if read_assignment_terms(document).remind_every_days:
            found = remind_reviewers(session, call_code=code, actor=actor, at=at, by_clock=True)
            sent[code] = sum(1 for one in found if one.fate == "mailed")
    return sent


def _waiting(
    session: Session, call_id: uuid.UUID
) -> tuple[defaultdict[uuid.UUID, list[uuid.UUID]], defaultdict[uuid.UUID, int]]:
    """Return what each member has still to review, and how much they hold; recused cases are neither."""
    filed = select(Review.id).where(
        Review.application_id == Assignment.application_id, Review.person_id == Assignment.person_id
    )
    recused = select(Conflict.id).where(
        Conflict.application_id == Assignment.application_id, Conflict.person_id == Assignment.person_id
    )
    rows = session.execute(
        select(Assignment.person_id, Assignment.application_id, Application.state, filed.exists())
        .join(Application, Application.id == Assignment.application_id)
        .where(Application.call_id == call_id, ~recused.exists())
        .order_by(Application.number)
    )
    waiting: defaultdict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    held: defaultdict[uuid.UUID, int] = defaultdict(int)
    for person_id, application_id, state, done in rows:
        held[person_id] += 1
        if not done and counts_as(state) in REVIEWABLE:
            waiting[person_id].append(application_id)
    return waiting, held


def _write(session: Session, call: Call, seat: Member, mine: list[uuid.UUID], actor: Viewer, at: datetime) -> None:
    day, count = kst_date(at), len(mine)
    session.add(
        Reminder(
            call_id=call.id,
            person_id=seat.person_id,
            sent_on=day,
            waiting=count,
            sent_by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    enqueue_mail(
        session,
        dedupe_key=f"review-reminder:{call.code}:{seat.person_id}:{day}",
        recipient=seat.email,
        subject=f"{call.title_ko}: 기다리는 심사 {count}건",
        body=(
            f"{seat.name} 위원님, {call.title_ko}에서 심사 {count}건이 기다립니다.\n"
            "로그인하면 심사 안건의 '내 심사 대기'에 있습니다.\n\n"
            f"{count} reviews of {call.title_en} are waiting for you, in the docket under 'To review'.\n"
        ),
        at=at,
        about=mine,
    )
