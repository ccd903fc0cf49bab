"""Closing a ballot, once: counting its votes, and what follows. Actions that have asked the policy call it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.ballot_state import attending, consents
from fundapp.committee.queries.people import members
from fundapp.committee.rules import (
    VERB_OF_OUTCOME,
    BallotClosedError,
    BallotRule,
    Choice,
    ProposedCondition,
    Roll,
    Tally,
    tally,
)
from fundapp.committee.secrecy import open_votes
from fundapp.committee.tables import Ballot, Condition, Decision, Meeting, Vote
from fundapp.core.access import Viewer
from fundapp.core.quarters import kst_date
from fundapp.intake.actions import move_application
from fundapp.intake.tables import Application
from fundapp.ledger.actions import void_hold


def close_once(
    session: Session,
    ballot: Ballot,
    application: Application,
    *,
    casting: Choice | None,
    secret: str | None,
    actor: Viewer,
    at: datetime,
) -> Decision:
    """Close a ballot by the one guarded step there is, and write the decision. Its callers have asked the policy.

    The sealed votes are opened here, after the ballot's row is locked and before its salt is thrown away.

    Raises:
        BallotClosedError: if it is not open any more.
        SealedVotesError: if secret votes cannot be opened.
    """
    session.refresh(ballot, with_for_update=True)
    sealed, salt, form = ballot.sealed_votes, ballot.salt, ballot.form
    won = session.execute(
        update(Ballot)
        .where(Ballot.id == ballot.id, Ballot.state == "open")
        .values(state="closed", closed_at=at, salt=None, sealed_votes=[])
        .returning(Ballot.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.expire(ballot)
    if won is None:
        raise BallotClosedError(state="closed", verb="close")
    if form == "secret":
        votes = open_votes(secret, salt, ballot.id, sealed)
    else:
        rows = session.execute(select(Vote.person_id, Vote.choice).where(Vote.ballot_id == ballot.id))
        votes = {row.person_id: row.choice for row in rows}
    count = _count(session, ballot, application, votes, casting)
    return _decide(session, ballot, application, count, actor=actor, at=at)


def _count(
    session: Session,
    ballot: Ballot,
    application: Application,
    votes: Mapping[uuid.UUID, str],
    casting: Choice | None,
) -> Tally:
    """Count votes by the rule that the ballot froze when it opened."""
    seats = members(session)
    meeting = session.get_one(Meeting, ballot.meeting_id)
    roll = Roll(
        attending=attending(session, meeting.id),
        investors={seat.person_id: seat.investor for seat in seats if seat.investor},
        casting=casting,
        consents=consents(session, meeting.id) if meeting.kind == "written" else None,
    )
    recused = load_recused(session, application.id)
    return tally([seat.person_id for seat in seats], recused, votes, BallotRule.of_document(ballot.rule), roll)


def _decide(
    session: Session, ballot: Ballot, application: Application, count: Tally, *, actor: Viewer, at: datetime
) -> Decision:
    """Write the decision of a ballot that has just been closed, and let follow what it brings about.

    An amendment that is not carried decides nothing about its application: the ballot that waited for it goes on.
    """
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
    waiting = session.get_one(Ballot, ballot.amends_id) if ballot.subsidiary and ballot.amends_id else None
    if waiting is not None:
        _settle(session, waiting, carried=carried, at=at)
    if carried or waiting is None:
        move_application(session, application, VERB_OF_OUTCOME[count.outcome], actor=actor, at=at)
    if carried:
        _write_conditions(session, decision, ballot)
    kept, freed = (ballot, waiting) if carried else (waiting, ballot)
    if freed is not None:
        _void_holds(session, freed, keep=kept.hold_keys if kept else (), actor=actor, at=at)
    record_event(
        session,
        actor=actor,
        verb="ballot.closed",
        subject_kind="ballot",
        subject=str(ballot.id),
        at=at,
        details={"application": application.number, "tally": count.as_document()},
    )
    return decision


def _settle(session: Session, waiting: Ballot, *, carried: bool, at: datetime) -> None:
    """Let the ballot that waited for an amendment go on, or end with it."""
    values: dict[str, Any] = (
        {"state": "superseded", "closed_at": at, "salt": None, "sealed_votes": []} if carried else {"state": "open"}
    )
    session.execute(
        update(Ballot)
        .where(Ballot.id == waiting.id, Ballot.state == "waiting")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.expire(waiting)


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


def _void_holds(session: Session, ballot: Ballot, *, keep: Collection[str], actor: Viewer, at: datetime) -> None:
    """Give back what is held for a ballot, except what another ballot holds with it."""
    for hold_key in ballot.hold_keys:
        if hold_key not in keep:
            void_hold(
                session,
                hold_key=hold_key,
                key=f"release:{hold_key}",
                effective_on=kst_date(at),
                actor=actor,
                at=at,
            )
