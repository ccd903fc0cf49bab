"""기피: who is challenged stays outside until the others have decided."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.lifting import write_lift
from fundapp.committee.entrance import enter, load_recused, require_person
from fundapp.committee.queries.people import members
from fundapp.committee.recording import Cause, end_assignment, find_standing, write_recusal
from fundapp.committee.rules import (
    CHOICES,
    REVIEWABLE,
    AlreadyVotedError,
    ChallengeCount,
    Choice,
    count_challenge,
    entitled_to_decide,
    read_conflict_terms,
)
from fundapp.committee.tables import Challenge, ChallengeVote, RecusalLift
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.tables import Person
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call, Membership

CHALLENGEABLE = REVIEWABLE | {"submitted", "on_hold"}
"""States in which the committee still has something to judge."""
_SAID = {"upheld": ("받아들였습니다", "upheld"), "dismissed": ("기각했습니다", "dismissed")}


class QuorumLackingError(TransitionRefusedError):
    """Too few members have voted on a challenge."""

    code = "quorum_lacking"
    ko = "정족수에 모자랍니다: 투표 {present}, 필요 {needed}"
    en = "No quorum: {present} voted, {needed} needed"


@dataclass(frozen=True, slots=True)
class ChallengeOutcome:
    """What became of a challenge: its state and the count."""

    challenge_id: uuid.UUID
    state: str
    count: ChallengeCount


def file_challenge(
    session: Session,
    *,
    application_id: uuid.UUID,
    target_id: uuid.UUID,
    reason: str,
    key: str,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Challenge a member. From now until the committee has decided, the member is kept out of the case.

    Args:
        session: A writing session.
        application_id: In which case.
        target_id: Whom.
        reason: Why an impartial judgement is not to be expected; compulsory.
        key: Idempotency key.
        actor: Somebody of the applicant company, where the call lets applicants challenge, or a member.
        at: Now.

    Raises:
        NotFoundError: if the application or the member is absent, or the actor may not challenge.
        InvalidInputError: without a reason, or where the target is outside already.
        TransitionRefusedError: if nothing is left to judge.
    """
    application, side = _enter_party(session, application_id, actor)
    if target_id not in {seat.person_id for seat in members(session)}:
        raise NotFoundError(person=str(target_id))
    filer = require_person(actor)
    if filer == target_id:
        raise ForbiddenError(verb="challenge", kind="application")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")

    def work() -> dict[str, Any]:
        if counts_as(application.state) not in CHALLENGEABLE:
            raise TransitionRefusedError(thing="application", state=application.state, verb="challenge")
        if find_standing(session, application_id, target_id) is not None:
            raise InvalidInputError(
                field="person", reason_ko="이미 이 안건에서 빠진 위원입니다", reason_en="is outside this case already"
            )
        return {"challenge": str(_put_outside(session, application, target_id, side, reason.strip(), actor, at))}

    request = {"application": str(application_id), "target": str(target_id), "reason": reason.strip()}
    result = once(session, key=key, verb="challenge.file", request=request, at=at, work=work)
    return uuid.UUID(result["challenge"])


def _put_outside(
    session: Session,
    application: Application,
    target_id: uuid.UUID,
    side: str,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Recuse the target for the time being and record why; the assignment stays for the case that it is dismissed."""
    cause = Cause("challenge", reason, keeps_assignment=True)
    challenge = Challenge(
        application_id=application.id,
        target_id=target_id,
        recusal_id=write_recusal(session, application, target_id, cause, actor, at),
        side=side,
        reason=reason,
        filed_by_id=require_person(actor),
        filed_by=actor.name or actor.email,
        filed_at=at,
    )
    session.add(challenge)
    session.flush()
    _record(session, "challenge.filed", application, challenge.id, actor, at, side=side)
    return challenge.id


def _enter_party(session: Session, application_id: uuid.UUID, actor: Viewer) -> tuple[Application, str]:
    application = session.get(Application, application_id)
    if application is not None and application.company_id in actor.company_ids:
        own = Thing(Kind.APPLICATION, application_id=application_id, company_id=application.company_id)
        require(actor, Verb.SUBMIT, own)
        document = session.scalar(select(Call.document).where(Call.id == application.call_id)) or {}
        if application.state == "draft" or not read_conflict_terms(document).challenges:
            raise NotFoundError(application=str(application_id))
        return application, "applicant"
    return enter(session, application_id, actor=actor, verb=Verb.SUBMIT, kind=Kind.CONFLICT), "member"


def vote_on_challenge(
    session: Session, *, challenge_id: uuid.UUID, choice: Choice, key: str, actor: Viewer, at: datetime
) -> None:
    """Vote on a challenge; final. Neither its target nor anybody recused from the case finds it.

    Raises:
        NotFoundError: if it is absent or the actor may not decide it.
        InvalidInputError: for an unknown choice.
        AlreadyVotedError: if the actor has voted.
        TransitionRefusedError: if it is decided.
    """
    person_id = require_person(actor)
    if choice not in CHOICES:
        raise InvalidInputError(
            field="choice", reason_ko="찬성, 반대, 기권 중에서 고르세요", reason_en="yes, no, abstain"
        )
    challenge, application = _enter(session, challenge_id, actor, Verb.VOTE)
    if person_id not in _entitled(session, challenge):
        raise ForbiddenError(verb="vote", kind="challenge")

    def work() -> dict[str, Any]:
        state = session.scalar(select(Challenge.state).where(Challenge.id == challenge_id).with_for_update(read=True))
        if state != "pending":
            raise TransitionRefusedError(thing="challenge", state=challenge.state, verb="vote")
        try:
            with session.begin_nested():
                session.add(ChallengeVote(challenge_id=challenge_id, person_id=person_id, choice=choice, cast_at=at))
        except IntegrityError as error:
            raise AlreadyVotedError(state="voted", verb="vote") from error
        _record(session, "challenge.voted", application, challenge_id, actor, at)
        return {}

    request = {"challenge": str(challenge_id), "person": str(person_id), "choice": choice}
    once(session, key=key, verb="challenge.vote", request=request, at=at, work=work)


def close_challenge(session: Session, *, challenge_id: uuid.UUID, actor: Viewer, at: datetime) -> ChallengeOutcome:
    """Count the votes. Upheld, the target stays out for good; dismissed, they are let in again. The filer is told.

    Raises:
        NotFoundError: if it is absent, or the actor is its target, recused, or not to decide conflicts.
        QuorumLackingError: while too few have voted.
        TransitionRefusedError: if it is decided.
    """
    challenge, application = _enter(session, challenge_id, actor, Verb.RESOLVE)
    votes = {
        row.person_id: row.choice
        for row in session.execute(
            select(ChallengeVote.person_id, ChallengeVote.choice).where(ChallengeVote.challenge_id == challenge_id)
        )
    }
    count = count_challenge(_entitled(session, challenge), votes)
    if challenge.state == "pending" and not count.quorum_met:
        raise QuorumLackingError(present=count.present, needed=count.quorum_needed)
    state = "upheld" if count.upheld else "dismissed"
    _decide(session, challenge, state, count.as_document(), None, actor, at)
    if count.upheld:
        end_assignment(session, challenge.application_id, challenge.target_id)
    else:
        _let_in(session, challenge, "기피 신청 기각 / the challenge was dismissed", actor, at)
    _record(session, f"challenge.{state}", application, challenge_id, actor, at, **count.as_document())
    _tell(session, challenge, application, *_SAID[state], at=at)
    return ChallengeOutcome(challenge_id, state, count)


def set_aside_challenge(session: Session, *, challenge_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Set a challenge aside without a vote (각하), because it is plainly out of order; the target is let in again.

    Raises:
        NotFoundError: if it is absent, or the actor is its target, its filer, recused, or not to decide conflicts.
        InvalidInputError: without a reason.
        TransitionRefusedError: if it is decided.
    """
    challenge, application = _enter(session, challenge_id, actor, Verb.RESOLVE)
    if challenge.filed_by_id == actor.person_id:
        raise ForbiddenError(verb="close", kind="challenge")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    _decide(session, challenge, "set_aside", None, reason.strip(), actor, at)
    _let_in(session, challenge, reason.strip(), actor, at)
    _record(session, "challenge.set_aside", application, challenge_id, actor, at)
    _tell(session, challenge, application, "각하했습니다", "set aside", at=at, reason=reason.strip())


def _enter(session: Session, challenge_id: uuid.UUID, actor: Viewer, verb: Verb) -> tuple[Challenge, Application]:
    challenge = session.get(Challenge, challenge_id)
    if challenge is None:
        raise NotFoundError(challenge=str(challenge_id))
    application = enter(session, challenge.application_id, actor=actor, verb=verb, kind=Kind.CONFLICT)
    if challenge.target_id == require_person(actor):
        raise ForbiddenError(verb="decide", kind="challenge")
    return challenge, application


def _entitled(session: Session, challenge: Challenge) -> frozenset[uuid.UUID]:
    seats = [seat.person_id for seat in members(session)]
    return entitled_to_decide(seats, load_recused(session, challenge.application_id), challenge.target_id)


def _decide(
    session: Session,
    challenge: Challenge,
    state: str,
    tally: Mapping[str, Any] | None,
    answer: str | None,
    actor: Viewer,
    at: datetime,
) -> None:
    won = session.execute(
        update(Challenge)
        .where(Challenge.id == challenge.id, Challenge.state == "pending")
        .values(state=state, tally=tally, answer=answer, decided_by=actor.name or actor.email, decided_at=at)
        .returning(Challenge.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if won is None:
        raise TransitionRefusedError(thing="challenge", state=challenge.state, verb="close")


def _let_in(session: Session, challenge: Challenge, reason: str, actor: Viewer, at: datetime) -> None:
    person_id = require_person(actor)
    name = actor.name or actor.email
    write_lift(
        session,
        RecusalLift(
            recusal_id=challenge.recusal_id,
            challenge_id=challenge.id,
            reason=reason,
            asked_by_id=person_id,
            asked_by=name,
            decided_by_id=person_id,
            decided_by=name,
            at=at,
        ),
    )


def _tell(
    session: Session,
    challenge: Challenge,
    application: Application,
    ko: str,
    en: str,
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """Write to the whole applicant company where it challenged, else to the member who did."""
    query = select(Person.id, Person.email).where(Person.active).order_by(Person.email)
    if challenge.side == "applicant":
        query = query.join(Membership, Membership.person_id == Person.id).where(
            Membership.company_id == application.company_id
        )
    else:
        query = query.where(Person.id == challenge.filed_by_id)
    because = f"\n사유: {reason}" if reason else ""
    for person_id, address in session.execute(query):
        enqueue_mail(
            session,
            dedupe_key=f"challenge:{challenge.id}:{person_id}",
            recipient=address,
            subject=f"기피 신청 결과 · {application.number}",
            body=f"{application.number}의 기피 신청을 {ko}.{because}\n\nThe challenge was {en}.",
            at=at,
            about=() if challenge.side == "applicant" else (application.id,),
        )


def _record(
    session: Session,
    verb: str,
    application: Application,
    challenge_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    **details: object,
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"challenge": str(challenge_id), **details},
    )
