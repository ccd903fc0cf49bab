"""Meetings, ballots, votes, and the one decision that closes a ballot."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, load_recused, require_person
from fundapp.committee.queries.people import members
from fundapp.committee.rules import (
    CHOICES,
    VERB_OF_OUTCOME,
    AlreadyVotedError,
    BallotClosedError,
    Choice,
    GpuLine,
    Outcome,
    ProposedCondition,
    Tally,
    tally,
)
from fundapp.committee.tables import Ballot, Condition, Decision, Meeting, Vote
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.orm import new_id
from fundapp.core.quarters import kst_date
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application, Call
from fundapp.ledger.actions import void_hold


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """What a ballot resolved.

    Attributes:
        approved_krw: Cash; 0 unless carried.
        arithmetic_ko: How the outcome follows from seats, recusals and votes, for the minutes.
    """

    decision_id: uuid.UUID
    ballot_id: uuid.UUID
    application_id: uuid.UUID
    outcome: Outcome
    approved_krw: int
    arithmetic_ko: str
    arithmetic_en: str


def schedule_meeting(
    session: Session, *, call_code: str, title: str, held_on: date, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Set a meeting of the committee for a call; one a day. Repeating it returns the same meeting.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if the title is empty.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    if not title.strip():
        raise InvalidInputError(field="title", reason_ko="회의 이름을 적어 주세요", reason_en="name the meeting")
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    known = session.scalar(select(Meeting.id).where(Meeting.call_id == call_id, Meeting.held_on == held_on))
    if known is not None:
        return known
    meeting = Meeting(call_id=call_id, title=title.strip(), held_on=held_on, created_at=at)
    session.add(meeting)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="meeting.scheduled",
        subject_kind="meeting",
        subject=str(meeting.id),
        at=at,
        details={"call": call_code, "held_on": held_on.isoformat()},
    )
    return meeting.id


def propose(
    session: Session,
    *,
    meeting_id: uuid.UUID,
    application_id: uuid.UUID,
    krw: int,
    gpu_lines: Sequence[GpuLine],
    conditions: Sequence[ProposedCondition],
    hold_key: str | None,
    actor: Viewer,
    at: datetime,
    ballot_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Put cash and GPU time for an application to one vote.

    Args:
        session: A writing session.
        meeting_id: Where; of the application's call.
        application_id: Eligible, or deferred at an earlier meeting.
        krw: Whole won.
        gpu_lines: GPU time, one line a pool.
        conditions: What has to be met before anything is paid or used.
        hold_key: The ledger's hold that reserves all this, voided unless the ballot carries; None without one.
        actor: Analyst or chair.
        at: Now.
        ballot_id: The ballot's identifier, where the hold had to be named after it beforehand.

    Raises:
        NotFoundError: if the meeting is not of the application's call, or the application is out of sight.
        InvalidInputError: if nothing is proposed, or a negative amount.
        TransitionRefusedError: if the application's state does not allow it, or it has an open ballot.
    """
    application = enter(session, application_id, actor=actor, verb=Verb.PROPOSE, kind=Kind.BALLOT)
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or meeting.call_id != application.call_id:
        raise NotFoundError(meeting=str(meeting_id))
    if krw < 0 or (krw == 0 and not gpu_lines):
        raise InvalidInputError(
            field="krw", reason_ko="현금이나 GPU시간을 올려 주세요", reason_en="propose cash or GPU hours"
        )
    move_application(session, application, "propose", actor=actor, at=at)
    ballot = Ballot(
        id=ballot_id or new_id(),
        meeting_id=meeting_id,
        application_id=application_id,
        proposed_krw=krw,
        gpu_lines=[line.as_document() for line in gpu_lines],
        conditions=[condition.as_document() for condition in conditions],
        hold_keys=[hold_key] if hold_key else [],
        opened_by=actor.name or actor.email,
        opened_at=at,
    )
    _open(session, ballot, application, actor, at)
    return ballot.id


def _open(session: Session, ballot: Ballot, application: Application, actor: Viewer, at: datetime) -> None:
    try:
        with session.begin_nested():
            session.add(ballot)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="application", state="proposed", verb="propose") from error
    record_event(
        session,
        actor=actor,
        verb="ballot.opened",
        subject_kind="ballot",
        subject=str(ballot.id),
        at=at,
        details={"application": application.number, "krw": ballot.proposed_krw, "gpu": ballot.gpu_lines},
    )


def cast_vote(session: Session, *, ballot_id: uuid.UUID, choice: Choice, key: str, actor: Viewer, at: datetime) -> None:
    """Cast the actor's vote; it is final. The audit chain records that they voted, not how.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused from its application.
        BallotClosedError: if it has been closed.
        AlreadyVotedError: if the actor has voted.
        InvalidInputError: for an unknown choice.
    """
    person_id = require_person(actor)
    if choice not in CHOICES:
        raise InvalidInputError(
            field="choice", reason_ko="찬성, 반대, 기권 중에서 고르세요", reason_en="yes, no, abstain"
        )
    ballot = _load(session, ballot_id)
    enter(session, ballot.application_id, actor=actor, verb=Verb.VOTE, kind=Kind.BALLOT)

    def work() -> dict[str, Any]:
        # The share lock keeps a close from slipping in between at any isolation level; voters do not block
        # one another. SQLite's write lock does the same.
        state = session.scalar(select(Ballot.state).where(Ballot.id == ballot_id).with_for_update(read=True))
        if state != "open":
            raise BallotClosedError(state=state, verb="vote")
        _write_vote(session, ballot_id, person_id, choice, at)
        record_event(session, actor=actor, verb="vote.cast", subject_kind="ballot", subject=str(ballot_id), at=at)
        return {}

    request = {"ballot": str(ballot_id), "person": str(person_id), "choice": choice}
    once(session, key=key, verb="ballot.vote", request=request, at=at, work=work)


def _write_vote(session: Session, ballot_id: uuid.UUID, person_id: uuid.UUID, choice: Choice, at: datetime) -> None:
    try:
        with session.begin_nested():
            session.add(Vote(ballot_id=ballot_id, person_id=person_id, choice=choice, cast_at=at))
    except IntegrityError as error:
        raise AlreadyVotedError(state="voted", verb="vote") from error


def _load(session: Session, ballot_id: uuid.UUID) -> Ballot:
    ballot = session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFoundError(ballot=str(ballot_id))
    return ballot


def close_ballot(session: Session, *, ballot_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> DecisionSummary:
    """Count the votes and decide, once. A proposal that is not carried gives back what was held for it.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused.
        BallotClosedError: if somebody else closed it first.
    """
    ballot = _load(session, ballot_id)
    application = enter(session, ballot.application_id, actor=actor, verb=Verb.CLOSE, kind=Kind.BALLOT)

    def work() -> dict[str, Any]:
        won = session.execute(
            update(Ballot)
            .where(Ballot.id == ballot_id, Ballot.state == "open")
            .values(state="closed", closed_at=at)
            .returning(Ballot.id)
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()
        if won is None:
            raise BallotClosedError(state="closed", verb="close")
        decision = _decide(session, ballot, application, actor, at)
        return {"decision_id": str(decision.id)}

    result = once(session, key=key, verb="ballot.close", request={"ballot": str(ballot_id)}, at=at, work=work)
    return _summarise(session, uuid.UUID(result["decision_id"]))


def _decide(session: Session, ballot: Ballot, application: Application, actor: Viewer, at: datetime) -> Decision:
    seats = [member.person_id for member in members(session)]
    recused = load_recused(session, application.id)
    votes = {
        row.person_id: row.choice
        for row in session.execute(select(Vote.person_id, Vote.choice).where(Vote.ballot_id == ballot.id))
    }
    count = tally(seats, recused, votes)
    carried = count.outcome == "carried"
    decision = Decision(
        ballot_id=ballot.id,
        application_id=application.id,
        outcome=count.outcome,
        approved_krw=ballot.proposed_krw if carried else 0,
        gpu_lines=ballot.gpu_lines if carried else [],
        tally=count.as_document(),
        closed_by=actor.name or actor.email,
        decided_at=at,
    )
    session.add(decision)
    session.flush()
    move_application(session, application, VERB_OF_OUTCOME[count.outcome], actor=actor, at=at)
    if carried:
        _write_conditions(session, decision, ballot)
    else:
        _void_holds(session, ballot, actor, at)
    _record_decision(session, decision, application, count, actor, at)
    return decision


def _write_conditions(session: Session, decision: Decision, ballot: Ballot) -> None:
    proposed = [ProposedCondition.of_document(document) for document in ballot.conditions]
    session.add_all(
        Condition(
            decision_id=decision.id,
            number=number,
            text=condition.text,
            due_on=condition.due_on,
            scope=condition.scope,
            owner_side=condition.owner_side,
            owner_id=condition.owner_id,
        )
        for number, condition in enumerate(proposed, start=1)
    )
    session.flush()


def _void_holds(session: Session, ballot: Ballot, actor: Viewer, at: datetime) -> None:
    for hold_key in ballot.hold_keys:
        void_hold(
            session,
            hold_key=hold_key,
            key=f"release:{hold_key}",
            effective_on=kst_date(at),
            actor=actor,
            at=at,
        )


def _record_decision(
    session: Session, decision: Decision, application: Application, count: Tally, actor: Viewer, at: datetime
) -> None:
    record_event(
        session,
        actor=actor,
        verb="ballot.closed",
        subject_kind="ballot",
        subject=str(decision.ballot_id),
        at=at,
        details={"application": application.number, "tally": count.as_document()},
    )


def _summarise(session: Session, decision_id: uuid.UUID) -> DecisionSummary:
    decision = session.get_one(Decision, decision_id)
    outcomes: dict[str, Outcome] = {"carried": "carried", "rejected": "rejected", "deferred": "deferred"}
    return DecisionSummary(
        decision_id=decision.id,
        ballot_id=decision.ballot_id,
        application_id=decision.application_id,
        outcome=outcomes[decision.outcome],
        approved_krw=decision.approved_krw,
        arithmetic_ko=decision.tally["arithmetic_ko"],
        arithmetic_en=decision.tally["arithmetic_en"],
    )
