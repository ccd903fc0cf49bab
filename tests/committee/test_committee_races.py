"""Real processes against one ballot: two chairs close it, members vote while it closes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import pytest
from committee_factory import AT, application, ballot, committee, look, person, vote
from running import RIVALS
from sqlalchemy import func, select

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError
from fundapp.committee.tables import Decision, Vote
from fundapp.core.sessions import Database

pytestmark = pytest.mark.race


def _close(url: str, ballots: list[uuid.UUID], person_id: uuid.UUID, gate: Barrier, results: Queue[int]) -> None:
    """Try to close every ballot; report how many this process closed."""
    database = Database(url)
    chair = look(database, person_id)
    gate.wait(60)
    closed = 0
    for ballot_id in ballots:
        key = f"{person_id}:{ballot_id}"
        try:
            database.transaction(
                lambda s, b=ballot_id, k=key: actions.close_ballot(  # type: ignore[misc]
                    s, ballot_id=b, key=k, actor=chair, at=AT
                )
            )
        except BallotClosedError:
            continue
        closed += 1
    database.dispose()
    results.put(closed)


def _vote(url: str, ballots: list[uuid.UUID], person_id: uuid.UUID, gate: Barrier, results: Queue[int]) -> None:
    """Try to vote yes on every ballot; report how many votes were taken."""
    database = Database(url)
    member = look(database, person_id)
    gate.wait(60)
    cast = 0
    for ballot_id in ballots:
        key = f"vote:{person_id}:{ballot_id}"
        try:
            database.transaction(
                lambda s, b=ballot_id, k=key: actions.cast_vote(  # type: ignore[misc]
                    s, ballot_id=b, choice="yes", key=k, actor=member, at=AT
                )
            )
        except (BallotClosedError, AlreadyVotedError):
            continue
        cast += 1
    database.dispose()
    results.put(cast)


def _run(url: str, ballots: list[uuid.UUID], *jobs: tuple[Callable[..., None], uuid.UUID | None]) -> list[int]:
    gate, results = RIVALS.Barrier(len(jobs)), RIVALS.Queue()
    processes = [
        RIVALS.Process(target=target, args=(url, ballots, person_id, gate, results)) for target, person_id in jobs
    ]
    for process in processes:
        process.start()
    counts = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    return counts


def test_two_chairs_closing_ten_ballots_at_once_reach_ten_decisions(db: Database, database_url: str) -> None:
    first, second = person(db, "First", "chair"), person(db, "Second", "chair")
    ballots = [ballot(db, application(db, ordinal)) for ordinal in range(1, 11)]
    for ballot_id in ballots:
        vote(db, ballot_id, first, "yes")
        vote(db, ballot_id, second, "yes")
    counts = _run(database_url, ballots, (_close, first.person_id), (_close, second.person_id))
    assert sum(counts) == 10
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 10
        events = select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == "ballot.closed")
        assert session.scalar(events) == 10


def test_every_vote_taken_while_a_ballot_closes_is_in_its_tally(db: Database, database_url: str) -> None:
    chair, member = committee(db, 2)
    ballots = [ballot(db, application(db, ordinal)) for ordinal in range(1, 9)]
    _run(database_url, ballots, (_close, chair.person_id), (_vote, member.person_id))
    with db.read() as session:
        counted = session.execute(select(Vote.ballot_id, func.count()).group_by(Vote.ballot_id))
        votes = {ballot_id: count for ballot_id, count in counted}  # noqa: C416 - rows, not pairs
        decisions = session.scalars(select(Decision)).all()
        assert len(decisions) == 8
        for decision in decisions:
            assert decision.tally["present"] == votes.get(decision.ballot_id, 0)
