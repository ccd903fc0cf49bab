"""Real processes against one ballot: two chairs close it, members vote while it closes, a recusal meets its vote.

Every round is a ballot of its own, at which all processes start together. `make soak` runs a thousand rounds.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import pytest
from committee_factory import AT, CALL, committee, do, look, meeting, open_call, person
from running import RIVALS
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions
from fundapp.committee.queries.ballot_state import voters
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError, BallotRule
from fundapp.committee.tables import Ballot, Conflict, Decision, Vote
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Company

pytestmark = pytest.mark.race

ROUNDS = int(os.environ.get("RACE_ROUNDS", "12"))
SECRET = "the instance's secret"
Turn = tuple[uuid.UUID, uuid.UUID]
"""A ballot and its application."""
Move = Callable[[str, Sequence[Turn], uuid.UUID, Barrier, "Queue[tuple[str, list[bool]]]"], None]


def turns(db: Database, rounds: int, *, form: str = "open", voted: Sequence[uuid.UUID] = ()) -> list[Turn]:
    """Put so many applications to the vote at once, with some yes votes cast already."""
    do(db, open_call)
    meeting_id = meeting(db)

    def work(session: Session) -> list[Turn]:
        call_id, made = open_call(session), list[Turn]()
        for ordinal in range(1, rounds + 1):
            company = Company(identifier=f"{ordinal:010d}", name=f"회사{ordinal}", created_at=AT)
            session.add(company)
            session.flush()
            application = Application(
                number=f"{CALL}-{ordinal:04d}", call_id=call_id, company_id=company.id, state="proposed",
                answers={}, created_at=AT, updated_at=AT,
            )  # fmt: skip
            session.add(application)
            session.flush()
            ballot = Ballot(
                meeting_id=meeting_id, application_id=application.id, proposed_krw=1, gpu_lines=[], conditions=[],
                hold_keys=[], form=form, rule=BallotRule().as_document(), opened_by="test", opened_at=AT,
                salt="ab" * 32 if form == "secret" else None,
            )  # fmt: skip
            session.add(ballot)
            session.flush()
            session.add_all(Vote(ballot_id=ballot.id, person_id=who, choice="yes", cast_at=AT) for who in voted)
            made.append((ballot.id, application.id))
        return made

    return do(db, work)


def _each(
    url: str,
    rounds: Sequence[Turn],
    gate: Barrier,
    act: Callable[[Session, Turn], object],
    refusals: tuple[type[Exception], ...],
) -> list[bool]:
    """Act once in every round, all processes at the same moment; say in which rounds it went through."""
    database, done = Database(url), []
    for one in rounds:
        gate.wait(60)
        try:
            database.transaction(lambda s, turn=one: act(s, turn))  # type: ignore[misc]
        except refusals:
            done.append(False)
        else:
            done.append(True)
    database.dispose()
    return done


def _close(
    url: str, rounds: Sequence[Turn], who: uuid.UUID, gate: Barrier, results: Queue[tuple[str, list[bool]]]
) -> None:
    chair = look(Database(url), who)

    def act(session: Session, turn: Turn) -> None:
        key = f"close:{who}:{turn[0]}"
        actions.close_ballot(session, ballot_id=turn[0], key=key, actor=chair, at=AT, secret=SECRET)

    results.put((f"close:{who}", _each(url, rounds, gate, act, (BallotClosedError,))))


def _vote(
    url: str, rounds: Sequence[Turn], who: uuid.UUID, gate: Barrier, results: Queue[tuple[str, list[bool]]]
) -> None:
    member = look(Database(url), who)

    def act(session: Session, turn: Turn) -> None:
        key = f"vote:{who}:{turn[0]}"
        actions.cast_vote(session, ballot_id=turn[0], choice="yes", key=key, actor=member, at=AT, secret=SECRET)

    refusals = (BallotClosedError, AlreadyVotedError, NotFoundError)
    results.put((f"vote:{who}", _each(url, rounds, gate, act, refusals)))


def _recuse(
    url: str, rounds: Sequence[Turn], who: uuid.UUID, gate: Barrier, results: Queue[tuple[str, list[bool]]]
) -> None:
    member = look(Database(url), who)

    def act(session: Session, turn: Turn) -> None:
        actions.declare_conflict(
            session, application_id=turn[1], person_id=who, route="self_recusal", reason="친족", actor=member, at=AT
        )

    results.put((f"recuse:{who}", _each(url, rounds, gate, act, ())))


def _run(url: str, rounds: Sequence[Turn], *moves: tuple[Move, uuid.UUID | None]) -> dict[str, list[bool]]:
    gate, results = RIVALS.Barrier(len(moves)), RIVALS.Queue()
    processes = [RIVALS.Process(target=move, args=(url, rounds, who, gate, results)) for move, who in moves]
    for process in processes:
        process.start()
    found = dict(results.get(timeout=600) for _ in processes)
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    return found


def tallies(db: Database) -> dict[uuid.UUID, dict[str, int]]:
    """Return the count of each ballot; a ballot has one decision or the list is short."""
    with db.read() as session:
        rows = session.execute(select(Decision.ballot_id, Decision.tally)).all()
    assert len(rows) == len({row.ballot_id for row in rows})
    return {row.ballot_id: row.tally for row in rows}


def test_of_two_chairs_closing_a_ballot_one_decides_it(db: Database, database_url: str) -> None:
    first, second = person(db, "First", "chair"), person(db, "Second", "chair")
    assert first.person_id is not None
    assert second.person_id is not None
    rounds = turns(db, ROUNDS, voted=(first.person_id, second.person_id))
    done = _run(database_url, rounds, (_close, first.person_id), (_close, second.person_id))
    one, other = done.values()
    assert [mine != theirs for mine, theirs in zip(one, other, strict=True)] == [True] * ROUNDS
    assert {(count["yes"], count["outcome"]) for count in tallies(db).values()} == {(2, "carried")}
    assert len(tallies(db)) == ROUNDS
    with db.read() as session:
        events = select(func.count()).select_from(AuditEvent).where(AuditEvent.verb == "ballot.closed")
        assert session.scalar(events) == ROUNDS


@pytest.mark.parametrize("form", ["open", "secret"])
def test_every_vote_taken_while_a_ballot_closes_is_in_its_tally(db: Database, database_url: str, form: str) -> None:
    chair, one, two = committee(db, 3)
    rounds = turns(db, ROUNDS, form=form)
    done = _run(database_url, rounds, (_close, chair.person_id), (_vote, one.person_id), (_vote, two.person_id))
    assert done.pop(f"close:{chair.person_id}") == [True] * ROUNDS
    counts = tallies(db)
    with db.read() as session:
        kept = voters(session, [ballot_id for ballot_id, _ in rounds])
    taken = [sum(round_) for round_ in zip(*done.values(), strict=True)]
    assert [counts[ballot_id]["yes"] for ballot_id, _ in rounds] == taken
    assert [len(kept[ballot_id]) for ballot_id, _ in rounds] == taken


def test_a_recusal_that_meets_its_own_vote_takes_it_out_of_the_count(db: Database, database_url: str) -> None:
    chair, member = committee(db, 2)
    assert chair.person_id is not None
    rounds = turns(db, ROUNDS, voted=(chair.person_id,))
    done = _run(database_url, rounds, (_recuse, member.person_id), (_vote, member.person_id))
    assert done[f"recuse:{member.person_id}"] == [True] * ROUNDS
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Conflict)) == ROUNDS
        votes = session.scalars(select(Vote.ballot_id).where(Vote.person_id == member.person_id)).all()
    cast = [ballot_id for (ballot_id, _), went in zip(rounds, done[f"vote:{member.person_id}"], strict=True) if went]
    assert sorted(votes) == sorted(cast)
    for ballot_id, _ in rounds:
        do(db, lambda s, b=ballot_id: actions.close_ballot(s, ballot_id=b, key=f"c:{b}", actor=chair, at=AT))  # type: ignore[misc]
    counts = [counts for _, counts in sorted(tallies(db).items())]
    assert {(c["recused"], c["entitled"], c["present"], c["yes"]) for c in counts} == {(1, 1, 1, 1)}
    assert len(counts) == ROUNDS


def test_a_recusal_while_a_ballot_closes_leaves_one_outcome_by_one_arithmetic(db: Database, database_url: str) -> None:
    chair, member = committee(db, 2)
    assert chair.person_id is not None
    assert member.person_id is not None
    rounds = turns(db, ROUNDS, voted=(chair.person_id, member.person_id))
    done = _run(database_url, rounds, (_close, chair.person_id), (_recuse, member.person_id))
    assert set(map(tuple, done.values())) == {(True,) * ROUNDS}
    counts = tallies(db)
    assert len(counts) == ROUNDS
    # Before the close: one entitled of two, one vote. After it: two and two. Never a mixture.
    assert {(c["recused"], c["entitled"], c["yes"]) for c in counts.values()} <= {(1, 1, 1), (0, 2, 2)}
