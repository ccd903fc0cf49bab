"""Putting cash and GPU time to one vote: first, as an amendment, or once more."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter
from fundapp.committee.rules import (
    BallotClosedError,
    BallotRule,
    Form,
    GpuLine,
    ProposedCondition,
    ballot_rule,
)
from fundapp.committee.tables import Ballot, BallotVoter, Meeting, Vote
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application, Call

_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class BallotTerms:
    """What a ballot may say besides its proposal.

    Attributes:
        ballot_id: Its identifier, where holds had to be named after it beforehand.
        form: `open` or `secret`; None for what the call's rule says.
        hold_keys: Holds in place of one `hold_key`.
        amends_id: The ballot whose proposal this one changes.
        subsidiary: Whether that ballot waits until this one is voted on, rather than ending with it.
        reopens_id: The closed ballot that this one decides again.
        remark: Why.
    """

    ballot_id: uuid.UUID | None = None
    form: Form | None = None
    hold_keys: tuple[str, ...] = ()
    amends_id: uuid.UUID | None = None
    subsidiary: bool = False
    reopens_id: uuid.UUID | None = None
    remark: str | None = None


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
    terms: BallotTerms | None = None,
) -> uuid.UUID:
    """Put cash and GPU time for an application to one vote.

    Args:
        session: A writing session.
        meeting_id: Where; of the application's call, and not over.
        application_id: Eligible, or deferred at an earlier meeting.
        krw: Whole won.
        gpu_lines: GPU time, one line a pool.
        conditions: What has to be met before anything is paid or used.
        hold_key: The ledger's hold that reserves all this, voided unless the ballot carries; None without one.
        actor: Analyst or chair.
        at: Now.
        terms: Its form, and the ballot that it amends or reopens.

    Raises:
        NotFoundError: if the meeting is not of the application's call, or the application is out of sight.
        InvalidInputError: if nothing is proposed, a negative amount, or a form that the rule does not allow.
        TransitionRefusedError: if the application's state does not allow it, it has an open ballot, or the meeting
            is over.
    """
    application = enter(session, application_id, actor=actor, verb=Verb.PROPOSE, kind=Kind.BALLOT)
    rule = _rule_of(session, application)
    _require_meeting(session, meeting_id, application, rule, at)
    if krw < 0 or (krw == 0 and not gpu_lines):
        raise InvalidInputError(
            field="krw", reason_ko="현금이나 GPU시간을 올려 주세요", reason_en="propose cash or GPU hours"
        )
    terms = terms or BallotTerms()
    chosen = terms.form or rule.form
    _require_form(chosen, rule)
    if terms.amends_id is None:
        verb = "propose" if terms.reopens_id is None else "reopen"
        move_application(session, application, verb, actor=actor, at=at)
    ballot = _ballot_of(terms, chosen, rule, actor, at)
    ballot.meeting_id, ballot.application_id, ballot.proposed_krw = meeting_id, application_id, krw
    ballot.gpu_lines = [line.as_document() for line in gpu_lines]
    ballot.conditions = [condition.as_document() for condition in conditions]
    ballot.hold_keys = list(terms.hold_keys) or ([hold_key] if hold_key else [])
    _open(session, ballot, application, actor, at)
    return ballot.id


def _ballot_of(terms: BallotTerms, form: Form, rule: BallotRule, actor: Viewer, at: datetime) -> Ballot:
    """Return a ballot with all but its proposal."""
    return Ballot(
        id=terms.ballot_id or new_id(),
        form=form,
        rule=rule.as_document(),
        salt=secrets.token_hex(_SALT_BYTES) if form == "secret" else None,
        amends_id=terms.amends_id,
        subsidiary=terms.subsidiary,
        reopens_id=terms.reopens_id,
        remark=terms.remark,
        opened_by=actor.name or actor.email,
        opened_at=at,
    )


def _rule_of(session: Session, application: Application) -> BallotRule:
    return ballot_rule(session.get_one(Call, application.call_id).document)


def _require_meeting(
    session: Session, meeting_id: uuid.UUID, application: Application, rule: BallotRule, at: datetime
) -> None:
    meeting = session.get(Meeting, meeting_id)
    if meeting is None or meeting.call_id != application.call_id:
        raise NotFoundError(meeting=str(meeting_id))
    if meeting.state in {"ended", "cancelled"}:
        raise TransitionRefusedError(thing="meeting", state=meeting.state, verb="propose")
    if meeting.deadline is None:
        return
    if meeting.deadline <= at:
        raise TransitionRefusedError(thing="meeting", state="ended", verb="propose")
    if rule.written == "never":
        raise InvalidInputError(
            field="meeting",
            reason_ko="이 공모의 규칙에는 서면결의가 없습니다",
            reason_en="the call's rule has no written resolutions",
        )


def _require_form(form: Form, rule: BallotRule) -> None:
    if form not in {"open", "secret"} or (form == "secret" and rule.veto):
        raise InvalidInputError(
            field="form",
            reason_ko="거부권이 있는 안건은 비밀 투표로 할 수 없습니다",
            reason_en="a ballot with a veto cannot be secret",
        )


def _open(session: Session, ballot: Ballot, application: Application, actor: Viewer, at: datetime) -> None:
    try:
        with session.begin_nested():
            session.add(ballot)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="application", state="proposed", verb="propose") from error
    details = {"application": application.number, "krw": ballot.proposed_krw, "gpu": ballot.gpu_lines}
    descent = {"form": ballot.form} if ballot.form == "secret" else {}
    descent |= {"amends": str(ballot.amends_id)} if ballot.amends_id else {}
    descent |= {"reopens": str(ballot.reopens_id)} if ballot.reopens_id else {}
    record_event(
        session,
        actor=actor,
        verb="ballot.opened",
        subject_kind="ballot",
        subject=str(ballot.id),
        at=at,
        details=details | descent,
    )


def set_aside(session: Session, *, ballot_id: uuid.UUID, replace: bool, actor: Viewer, at: datetime) -> None:
    """Take an open ballot off the table for an amendment: replaced by it, or waiting until it is voted on.

    Args:
        session: A writing session.
        ballot_id: An open ballot that is no amendment itself.
        replace: Whether the amendment takes its place at once, which it may as long as nobody has voted.
        actor: Analyst or chair.
        at: Now.

    Raises:
        NotFoundError: if the ballot is absent or the actor is recused.
        BallotClosedError: if it is not open any more.
        TransitionRefusedError: if it is an amendment, or votes have been cast and it was to be replaced.
    """
    ballot = session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFoundError(ballot=str(ballot_id))
    enter(session, ballot.application_id, actor=actor, verb=Verb.PROPOSE, kind=Kind.BALLOT)
    if ballot.subsidiary:
        raise TransitionRefusedError(thing="ballot", state=ballot.state, verb="amend")
    values = {"state": "superseded", "closed_at": at, "salt": None} if replace else {"state": "waiting"}
    won = session.execute(
        update(Ballot)
        .where(Ballot.id == ballot_id, Ballot.state == "open")
        .values(**values)
        .returning(Ballot.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.expire(ballot)
    if won is None:
        raise BallotClosedError(state="closed", verb="amend")
    if replace and has_votes(session, ballot_id):
        raise TransitionRefusedError(thing="ballot", state="voted", verb="replace")


def has_votes(session: Session, ballot_id: uuid.UUID) -> bool:
    """Say whether anybody has voted, openly or in secret."""
    votes = select(Vote.id).where(Vote.ballot_id == ballot_id).limit(1)
    voters = select(BallotVoter.person_id).where(BallotVoter.ballot_id == ballot_id).limit(1)
    return session.scalar(votes) is not None or session.scalar(voters) is not None
