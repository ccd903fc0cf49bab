"""Secret votes: sealed until the close, counted then, and linked to nobody before or after."""

from __future__ import annotations

import json
import uuid

import pytest
from committee_factory import AT, application, close, committee, do, look, meeting, recuse, vote
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions, queries
from fundapp.committee.actions import BallotTerms
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError
from fundapp.committee.secrecy import SealedVotesError
from fundapp.committee.tables import Ballot, Decision, Vote
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.core.idempotency import IdempotencyKey, request_hash
from fundapp.core.sessions import Database

SECRET = "the instance's secret"


def secret_ballot(db: Database, application_id: uuid.UUID) -> uuid.UUID:
    meeting_id = meeting(db)
    return do(
        db,
        lambda s: actions.propose(
            s,
            meeting_id=meeting_id,
            application_id=application_id,
            krw=100_000_000,
            gpu_lines=[],
            conditions=[],
            hold_key=None,
            actor=SYSTEM,
            at=AT,
            terms=BallotTerms(form="secret"),
        ),
    )


def count(db: Database, ballot_id: uuid.UUID, chair: Viewer) -> actions.DecisionSummary:
    return do(
        db,
        lambda s: actions.close_ballot(s, ballot_id=ballot_id, key="close", actor=chair, at=AT, secret=SECRET),
    )


def row(db: Database, ballot_id: uuid.UUID) -> Ballot:
    with db.read() as session:
        return session.get_one(Ballot, ballot_id)


def test_sealed_votes_are_counted_when_the_ballot_closes_and_then_thrown_away(db: Database) -> None:
    seats = committee(db, 5)
    ballot_id = secret_ballot(db, application(db, 1))
    for seat, choice in zip(seats, ("yes", "no", "yes", "yes", "abstain"), strict=True):
        vote(db, ballot_id, seat, choice, secret=SECRET)  # type: ignore[arg-type]
    sealed = row(db, ballot_id)
    assert (len(sealed.sealed_votes), len(str(sealed.salt))) == (5, 64)
    assert sealed.sealed_votes == sorted(sealed.sealed_votes)
    decision = count(db, ballot_id, seats[0])
    assert decision.arithmetic_ko.endswith("찬성 3, 반대 1, 기권 1 → 가결")
    emptied = row(db, ballot_id)
    assert (emptied.sealed_votes, emptied.salt) == ([], None)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Vote)) == 0


def everything_kept(db: Database) -> str:
    """Return all rows of all tables as text: what somebody with the whole database has."""
    with db.engine.connect() as connection:
        names = "SELECT tbl_name FROM sqlite_master WHERE type = 'table'"
        if not db.is_sqlite:
            names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        tables = [name for name in connection.scalars(text(names)) if not name.startswith("sqlite_")]
        return "\n".join(
            f"{table}: {tuple(found)}"
            for table in sorted(tables)
            for found in connection.exec_driver_sql(f'SELECT * FROM "{table}"')
        )


def test_who_holds_the_whole_database_cannot_tell_one_vote_from_another(db: Database) -> None:
    chair, one, _ = committee(db, 3)
    ballot_id = secret_ballot(db, application(db, 1))
    before = everything_kept(db)
    vote(db, ballot_id, one, "no", secret=SECRET)
    added = "\n".join(line for line in everything_kept(db).splitlines() if line not in before)
    for word in ("'no'", '"no"', '"choice"'):
        assert word not in added
    # Nor is there a hash that one of three choices would give.
    with db.read() as session:
        kept = session.scalars(select(IdempotencyKey.request_sha256)).all()
    guesses = {
        request_hash({"ballot": str(ballot_id), "person": str(one.person_id), "choice": choice})
        for choice in ("yes", "no", "abstain")
    }
    assert guesses.isdisjoint(kept)
    with pytest.raises(SealedVotesError):
        do(db, lambda s: actions.close_ballot(s, ballot_id=ballot_id, key="x", actor=chair, at=AT, secret="guessed"))
    with pytest.raises(SealedVotesError):
        close(db, ballot_id, chair)
    assert row(db, ballot_id).state == "open"


def test_what_a_close_leaves_is_the_same_whoever_cast_which_vote(db: Database) -> None:
    chair, one, two = committee(db, 3)
    left = []
    for ordinal, choices in enumerate((("yes", "no", "yes"), ("yes", "yes", "no")), start=1):
        ballot_id = secret_ballot(db, application(db, ordinal))
        for seat, choice in zip((chair, one, two), choices, strict=True):
            vote(db, ballot_id, seat, choice, secret=SECRET)  # type: ignore[arg-type]
        do(
            db,
            lambda s, b=ballot_id: actions.close_ballot(  # type: ignore[misc]
                s, ballot_id=b, key=f"close:{b}", actor=chair, at=AT, secret=SECRET
            ),
        )
        ids = {str(ballot_id): "BALLOT", ballot_id.hex: "BALLOT"}
        with db.read() as session:
            events = session.execute(
                select(AuditEvent.verb, AuditEvent.actor_id, AuditEvent.details).where(
                    AuditEvent.subject == str(ballot_id), AuditEvent.verb.in_(("vote.cast", "ballot.closed"))
                ).order_by(AuditEvent.seq)
            ).all()  # fmt: skip
            tally = session.scalar(select(Decision.tally).where(Decision.ballot_id == ballot_id))
        said = json.dumps([[verb, str(who), details] for verb, who, details in events] + [tally], ensure_ascii=False)
        for key, name in ids.items():
            said = said.replace(key, name)
        left.append(said.replace(f"-{ordinal:04d}", "-N"))
    assert left[0] == left[1]


def test_a_member_recused_after_voting_in_secret_is_taken_out_of_the_count(db: Database) -> None:
    chair, one, two, three = committee(db, 4)
    key = application(db, 1)
    ballot_id = secret_ballot(db, key)
    for seat, choice in ((chair, "yes"), (one, "no"), (two, "yes"), (three, "no")):
        vote(db, ballot_id, seat, choice, secret=SECRET)  # type: ignore[arg-type]
    recuse(db, key, one)
    decision = count(db, ballot_id, chair)
    assert decision.arithmetic_ko == ("재적 4, 제척·회피 1, 의결권 3, 출석 3, 정족수 2 → 성립; 찬성 2, 반대 1 → 가결")


def test_pages_say_who_has_voted_in_secret_and_not_even_ones_own_choice(db: Database) -> None:
    chair, one, two = committee(db, 3)
    ballot_id = secret_ballot(db, application(db, 1))
    vote(db, ballot_id, one, "no", secret=SECRET)
    with db.read() as session:
        own = queries.ballot_page(session, one, ballot_id)
    assert (own.own_voted, own.own_choice, own.may_vote, own.voted) == (True, None, False, 1)
    vote(db, ballot_id, two, "yes", secret=SECRET)
    count(db, ballot_id, chair)
    with db.read() as session:
        page = queries.ballot_page(session, one, ballot_id)
    assert [(seat.name, seat.voted, seat.choice) for seat in page.seats] == [
        ("Chair", False, None),
        ("Member1", True, None),
        ("Member2", True, None),
    ]


def test_an_open_vote_stands_by_name_with_its_reason_once_the_ballot_is_closed(db: Database) -> None:
    chair, one, two = committee(db, 3)
    key = application(db, 1)
    meeting_id = meeting(db)
    ballot_id = do(
        db,
        lambda s: actions.propose(
            s, meeting_id=meeting_id, application_id=key, krw=1, gpu_lines=[], conditions=[], hold_key=None,
            actor=SYSTEM, at=AT,
        ),
    )  # fmt: skip
    vote(db, ballot_id, one, "no", reason="값이 높음")
    vote(db, ballot_id, two, "yes")
    with db.read() as session:
        open_page = queries.ballot_page(session, chair, ballot_id)
    assert [(seat.voted, seat.choice, seat.reason) for seat in open_page.seats] == [
        (False, None, None),
        (True, None, None),
        (True, None, None),
    ]
    close(db, ballot_id, chair)
    with db.read() as session:
        closed = queries.ballot_page(session, chair, ballot_id)
    assert [(seat.choice, seat.reason) for seat in closed.seats] == [(None, None), ("no", "값이 높음"), ("yes", None)]


def test_a_secret_vote_is_final_and_carries_no_words(db: Database) -> None:
    chair, one = committee(db, 2)
    ballot_id = secret_ballot(db, application(db, 1))
    vote(db, ballot_id, one, "no", secret=SECRET)
    with pytest.raises(AlreadyVotedError):
        do(
            db,
            lambda s: actions.cast_vote(
                s, ballot_id=ballot_id, choice="yes", key="other", actor=one, at=AT, secret=SECRET
            ),
        )
    with pytest.raises(InvalidInputError, match="vote_reason"):
        do(
            db,
            lambda s: actions.cast_vote(
                s, ballot_id=ballot_id, choice="no", key="words", actor=chair, at=AT, secret=SECRET, reason="저입니다"
            ),
        )
    assert len(row(db, ballot_id).sealed_votes) == 1


def test_without_the_instances_secret_no_secret_vote_is_taken(db: Database) -> None:
    _, one = committee(db, 2)
    ballot_id = secret_ballot(db, application(db, 1))
    with pytest.raises(SealedVotesError):
        do(db, lambda s: actions.cast_vote(s, ballot_id=ballot_id, choice="yes", key="k", actor=one, at=AT))
    with db.read() as session:
        assert queries.ballot_page(session, look(db, one.person_id), ballot_id).voted == 0


def test_a_vote_that_was_slipped_in_or_copied_stops_the_count(db: Database) -> None:
    chair, one = committee(db, 2)
    ballot_id = secret_ballot(db, application(db, 1))
    vote(db, ballot_id, one, "no", secret=SECRET)
    mine = row(db, ballot_id).sealed_votes[0]
    for forged in ("00" * 152, mine):

        def slip_in(session: object, vote_text: str = forged) -> None:
            found = session.get_one(Ballot, ballot_id)  # type: ignore[attr-defined]
            found.sealed_votes = [mine, vote_text]

        do(db, slip_in)
        with pytest.raises(SealedVotesError):
            count(db, ballot_id, chair)


def test_the_database_keeps_no_key_of_a_closed_secret_ballot(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot_id = secret_ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "yes", secret=SECRET)
    with pytest.raises(DBAPIError), db.engine.connect().execution_options(writing=True) as connection:
        connection.execute(text("UPDATE ballot SET state = 'closed', closed_at = opened_at"))
    count(db, ballot_id, chair)
    with pytest.raises(DBAPIError), db.engine.connect().execution_options(writing=True) as connection:
        connection.execute(text("UPDATE ballot SET sealed_votes = '[\"00\"]'"))


def test_a_closed_secret_ballot_takes_no_vote(db: Database) -> None:
    chair, one = committee(db, 2)
    ballot_id = secret_ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "yes", secret=SECRET)
    count(db, ballot_id, chair)
    with pytest.raises(BallotClosedError):
        vote(db, ballot_id, one, "yes", secret=SECRET)


def test_a_call_with_a_veto_has_no_secret_ballots(db: Database) -> None:
    do(db, factory_call)
    key = application(db, 1)
    with pytest.raises(InvalidInputError, match="veto"):
        secret_ballot(db, key)


def factory_call(session: object) -> None:
    from committee_factory import open_call  # noqa: PLC0415 - only this test opens the call itself

    open_call(session, ballot={"veto": ["kt"]})  # type: ignore[arg-type]
