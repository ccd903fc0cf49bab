"""Waiving a condition: proposed with a reason, voted on by the entitled members, counted once."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, load_recused, require_person
from fundapp.committee.queries.people import members
from fundapp.committee.register import ConditionCase, end_condition, load_condition
from fundapp.committee.rules import CHOICES, AlreadyVotedError, BallotClosedError, Choice, Tally, tally
from fundapp.committee.tables import Waiver, WaiverVote
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once


def propose_waiver(
    session: Session, *, condition_id: uuid.UUID, reason: str, key: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Ask the committee to waive a condition; a condition has one such vote at a time.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError: if the condition is absent or out of sight, or the actor may not propose.
        TransitionRefusedError: if it has ended, or its waiver is being voted on.
    """
    case = load_condition(session, condition_id)
    enter(session, case.application.id, actor=actor, verb=Verb.PROPOSE, kind=Kind.CONDITION)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="면제 사유를 적어 주세요", reason_en="give a reason")

    def work() -> dict[str, Any]:
        if case.condition.state != "open":
            raise TransitionRefusedError(thing="condition", state=case.condition.state, verb="waived")
        waiver = Waiver(
            condition_id=condition_id, reason=reason.strip(), proposed_by=actor.name or actor.email, proposed_at=at
        )
        try:
            with session.begin_nested():
                session.add(waiver)
        except IntegrityError as error:
            raise TransitionRefusedError(thing="waiver", state="open", verb="propose") from error
        _record(session, case, "waiver.proposed", waiver.id, actor, at)
        return {"id": str(waiver.id)}

    request = {"condition": str(condition_id), "reason": reason.strip()}
    return uuid.UUID(once(session, key=key, verb="waiver.propose", request=request, at=at, work=work)["id"])


def cast_waiver_vote(
    session: Session, *, waiver_id: uuid.UUID, choice: Choice, key: str, actor: Viewer, at: datetime
) -> None:
    """Cast the actor's vote about a waiver; it is final.

    Raises:
        NotFoundError: if it is absent, or the actor is recused or holds no seat.
        BallotClosedError: if it has been counted or withdrawn.
        AlreadyVotedError: if the actor has voted.
        InvalidInputError: for an unknown choice.
    """
    person_id = require_person(actor)
    if choice not in CHOICES:
        raise InvalidInputError(
            field="choice", reason_ko="찬성, 반대, 기권 중에서 고르세요", reason_en="yes, no, abstain"
        )
    waiver, case = _load(session, waiver_id)
    enter(session, case.application.id, actor=actor, verb=Verb.VOTE, kind=Kind.CONDITION)

    def work() -> dict[str, Any]:
        state = session.scalar(select(Waiver.state).where(Waiver.id == waiver_id).with_for_update(read=True))
        if state != "open":
            raise BallotClosedError(state=state, verb="vote")
        try:
            with session.begin_nested():
                session.add(WaiverVote(waiver_id=waiver_id, person_id=person_id, choice=choice, cast_at=at))
        except IntegrityError as error:
            raise AlreadyVotedError(state="voted", verb="vote") from error
        _record(session, case, "waiver.voted", waiver.id, actor, at)
        return {}

    request = {"waiver": str(waiver_id), "person": str(person_id), "choice": choice}
    once(session, key=key, verb="waiver.vote", request=request, at=at, work=work)


def close_waiver(session: Session, *, waiver_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> str:
    """Count the votes once, by the rule of the committee's ballots; return the outcome. Carried waives the condition.

    Raises:
        NotFoundError: if it is absent, or the actor is recused or does not chair.
        BallotClosedError: if it has been counted or withdrawn.
    """
    _, case = _load(session, waiver_id)
    enter(session, case.application.id, actor=actor, verb=Verb.CLOSE, kind=Kind.CONDITION)

    def work() -> dict[str, Any]:
        return {"outcome": _count(session, waiver_id, case, actor, at)}

    request = {"waiver": str(waiver_id)}
    return str(once(session, key=key, verb="waiver.close", request=request, at=at, work=work)["outcome"])


def _count(session: Session, waiver_id: uuid.UUID, case: ConditionCase, actor: Viewer, at: datetime) -> str:
    # The row is taken before the votes are read, so that no vote slips in between.
    state = session.scalar(select(Waiver.state).where(Waiver.id == waiver_id).with_for_update())
    if state != "open":
        raise BallotClosedError(state=state, verb="close")
    votes = {
        row.person_id: row.choice
        for row in session.execute(
            select(WaiverVote.person_id, WaiverVote.choice).where(WaiverVote.waiver_id == waiver_id)
        )
    }
    seats = [member.person_id for member in members(session)]
    count = tally(seats, load_recused(session, case.application.id), votes)
    won = session.execute(
        update(Waiver)
        .where(Waiver.id == waiver_id, Waiver.state == "open")
        .values(
            state="closed",
            outcome=count.outcome,
            tally=count.as_document(),
            ended_by=actor.name or actor.email,
            ended_at=at,
        )
        .returning(Waiver.reason)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        raise BallotClosedError(state="closed", verb="close")
    if count.outcome == "carried":
        end_condition(session, case, "waived", f"{won} ({count.arithmetic()})", actor, at)
    _record(session, case, "waiver.closed", waiver_id, actor, at, count)
    return count.outcome


def _load(session: Session, waiver_id: uuid.UUID) -> tuple[Waiver, ConditionCase]:
    waiver = session.get(Waiver, waiver_id)
    if waiver is None:
        raise NotFoundError(waiver=str(waiver_id))
    return waiver, load_condition(session, waiver.condition_id)


def _record(
    session: Session,
    case: ConditionCase,
    verb: str,
    waiver_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    count: Tally | None = None,
) -> None:
    details: dict[str, Any] = {"application": case.application.number, "number": case.condition.number}
    if count is not None:
        details["tally"] = count.as_document()
    record_event(session, actor=actor, verb=verb, subject_kind="waiver", subject=str(waiver_id), at=at, details=details)
