"""Votes, and the one decision that closes a ballot."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.closing import close_once
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.queries.ballot_state import all_voted, consent_of, voters
from fundapp.committee.rules import (
    CHOICES,
    AlreadyVotedError,
    BallotClosedError,
    BallotRule,
    BallotWaitsError,
    Choice,
    LateVoteError,
    Outcome,
    require_reason,
)
from fundapp.committee.secrecy import add_sealed, seal_vote
from fundapp.committee.tables import Ballot, BallotVoter, Decision, Meeting, Vote, WrittenConsent
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once


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


def cast_vote(
    session: Session,
    *,
    ballot_id: uuid.UUID,
    choice: Choice,
    key: str,
    actor: Viewer,
    at: datetime,
    reason: str = "",
    secret: str | None = None,
) -> None:
    """Cast the actor's vote; it is final. The audit chain records that they voted, not how.

    Args:
        session: A writing session.
        ballot_id: An open ballot.
        choice: For, against, or abstaining.
        key: Of the request.
        actor: A member who is not recused.
        at: Now; of a written resolution, before its deadline.
        reason: For the minutes; an open vote against or an abstention has one, a secret vote none.
        secret: The instance's, which seals a secret vote; an open one needs none.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused from its application.
        BallotClosedError: if it has been closed, or BallotWaitsError, if an amendment is voted on first.
        LateVoteError: if a written resolution's deadline has passed.
        AlreadyVotedError: if the actor has voted.
        InvalidInputError: for an unknown choice, a missing reason, or before the actor said whether they agree to
            decide in writing where all must.
    """
    person_id = require_person(actor)
    if choice not in CHOICES:
        raise InvalidInputError(
            field="choice", reason_ko="찬성, 반대, 기권 중에서 고르세요", reason_en="yes, no, abstain"
        )
    ballot = _load(session, ballot_id)
    enter(session, ballot.application_id, actor=actor, verb=Verb.VOTE, kind=Kind.BALLOT)
    hidden = ballot.form == "secret"

    def work() -> dict[str, Any]:
        # The lock keeps a close from slipping in between at any isolation level; open voters do not block one
        # another, secret ones add to one batch and do. SQLite's write lock does the same.
        _require_open(session, ballot, at, exclusive=hidden)
        if person_id in voters(session, [ballot_id])[ballot_id]:
            raise AlreadyVotedError(state="voted", verb="vote")
        _require_consent(session, ballot, person_id)
        given = None if ballot.form == "unlisted" else require_reason(choice, reason, secret=hidden)
        if hidden:
            _write_sealed(session, ballot, person_id, seal_vote(secret, ballot.salt, ballot_id, person_id, choice))
        else:
            _write(session, Vote(ballot_id=ballot_id, person_id=person_id, choice=choice, reason=given, cast_at=at))
        record_event(session, actor=actor, verb="vote.cast", subject_kind="ballot", subject=str(ballot_id), at=at)
        return {}

    # A hash of three possible choices is no secret: a secret vote's stays out of what is kept of the request.
    request = {"ballot": str(ballot_id), "person": str(person_id)} | ({} if hidden else {"choice": choice})
    once(session, key=key, verb="ballot.vote", request=request, at=at, work=work)


def _require_open(session: Session, ballot: Ballot, at: datetime, *, exclusive: bool) -> None:
    session.refresh(ballot, with_for_update={"read": not exclusive})
    if ballot.state == "waiting":
        raise BallotWaitsError(state="waiting", verb="vote")
    if ballot.state != "open":
        raise BallotClosedError(state=ballot.state, verb="vote")
    deadline = session.get_one(Meeting, ballot.meeting_id).deadline
    if deadline is not None and at > deadline:
        raise LateVoteError(state="ended", verb="vote")


def _require_consent(session: Session, ballot: Ballot, person_id: uuid.UUID) -> None:
    """Where a written resolution needs everybody's consent, a vote follows the member's word on it."""
    written = session.get_one(Meeting, ballot.meeting_id).kind == "written"
    if not written or BallotRule.of_document(ballot.rule).written != "consent":
        return
    if consent_of(session, ballot.meeting_id, person_id) is None:
        raise InvalidInputError(
            field="agrees",
            reason_ko="서면으로 의결하는 데 동의하는지 먼저 답해 주세요",
            reason_en="say first whether you agree to decide in writing",
        )


def _write(session: Session, row: Vote | BallotVoter) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise AlreadyVotedError(state="voted", verb="vote") from error


def _write_sealed(session: Session, ballot: Ballot, person_id: uuid.UUID, vote: str) -> None:
    _write(session, BallotVoter(ballot_id=ballot.id, person_id=person_id))
    ballot.sealed_votes = add_sealed(ballot.sealed_votes, vote)
    session.flush()


def agree_in_writing(session: Session, *, meeting_id: uuid.UUID, agrees: bool, actor: Viewer, at: datetime) -> None:
    """Record whether a member agrees to decide in writing; said once. Saying the same again changes nothing.

    Raises:
        NotFoundError: if there is no such written resolution, or the actor holds no seat.
        AlreadyVotedError: if the actor has said otherwise.
    """
    person_id = require_person(actor)
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or meeting.kind != "written" or not actor.has("committee", "chair"):
        raise NotFoundError(meeting=str(meeting_id))
    known = consent_of(session, meeting_id, person_id)
    if known is not None:
        if known != agrees:
            raise AlreadyVotedError(state="voted", verb="vote")
        return
    session.add(WrittenConsent(meeting_id=meeting_id, person_id=person_id, agrees=agrees, at=at))
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="meeting.written_consent",
        subject_kind="meeting",
        subject=str(meeting_id),
        at=at,
        details={"agrees": agrees},
    )


def _load(session: Session, ballot_id: uuid.UUID) -> Ballot:
    ballot = session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFoundError(ballot=str(ballot_id))
    return ballot


def close_ballot(
    session: Session,
    *,
    ballot_id: uuid.UUID,
    key: str,
    actor: Viewer,
    at: datetime,
    casting: Choice | None = None,
    secret: str | None = None,
) -> DecisionSummary:
    """Count the votes and decide, once. A proposal that is not carried gives back what was held for it.

    Args:
        session: A writing session.
        ballot_id: An open ballot.
        key: Of the request.
        actor: The chair.
        at: Now; of a written resolution, after its deadline unless all entitled have voted.
        casting: How the chair's casting vote falls if it comes to a tie; asked for where the rule has one.
        secret: The instance's, which opens secret votes.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused.
        BallotClosedError: if somebody else closed it first.
        TransitionRefusedError: if a written resolution still takes votes.
        InvalidInputError: without a casting vote where the rule has one.
        SealedVotesError: if secret votes cannot be opened.
    """
    ballot = _load(session, ballot_id)
    application = enter(session, ballot.application_id, actor=actor, verb=Verb.CLOSE, kind=Kind.BALLOT)
    _require_casting(ballot, casting)

    def work() -> dict[str, Any]:
        _require_written_over(session, ballot, at)
        decision = close_once(session, ballot, application, casting=casting, secret=secret, actor=actor, at=at)
        return {"decision_id": str(decision.id)}

    request = {"ballot": str(ballot_id)} | ({"casting": casting} if casting else {})
    result = once(session, key=key, verb="ballot.close", request=request, at=at, work=work)
    return _summarise(session, uuid.UUID(result["decision_id"]))


def _require_casting(ballot: Ballot, casting: Choice | None) -> None:
    if BallotRule.of_document(ballot.rule).tie != "casting_vote":
        return
    if casting not in {"yes", "no"}:
        raise InvalidInputError(
            field="casting",
            reason_ko="가부동수이면 어느 쪽으로 정할지 골라 주세요",
            reason_en="say how your casting vote falls if it comes to a tie",
        )


def _require_written_over(session: Session, ballot: Ballot, at: datetime) -> None:
    deadline = session.get_one(Meeting, ballot.meeting_id).deadline
    if deadline is not None and at <= deadline and not all_voted(session, ballot.id):
        raise TransitionRefusedError(thing="ballot", state="open", verb="close_written")


def _summarise(session: Session, decision_id: uuid.UUID) -> DecisionSummary:
    """Return what a decision says."""
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
