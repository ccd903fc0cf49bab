"""One ballot, one decision: votes, quorum, holds, conditions."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from committee_factory import AT, application, ballot, close, committee, do, join, meeting, person, recuse, vote
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions, queries
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError
from fundapp.committee.tables import Decision
from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.ledger.actions import hold, open_account, post
from fundapp.ledger.queries import find_balance, find_holds
from fundapp.ledger.rules import Leg

DAY = date(2026, 5, 20)


def state_of(db: Database, application_id: uuid.UUID) -> str:
    with db.read() as session:
        return session.get_one(Application, application_id).state


def held_ballot(db: Database, application_id: uuid.UUID, krw: int) -> uuid.UUID:
    """Open a ballot with a hold of its cash from a pool of 500 million won."""

    def work(session: Session) -> None:
        open_account(session, "investor:kt", "KRW", on=DAY, floor=None)
        open_account(session, "pool:kt", "KRW", on=DAY)
        open_account(session, "reserved:x", "KRW", on=DAY)
        common = {"effective_on": DAY, "actor": SYSTEM, "at": AT}
        legs = [Leg("investor:kt", "pool:kt", won(500_000_000))]
        post(session, key="in", kind="commitment", legs=legs, **common)
        hold(
            session,
            key="reserve:x",
            kind="reserve",
            legs=[Leg("pool:kt", "reserved:x", won(krw))],
            source_ref="ballot:x",
            **common,
        )

    do(db, work)
    return ballot(db, application_id, krw=krw, hold_key="reserve:x")


def free_krw(db: Database) -> int:
    with db.read() as session:
        row = find_balance(session, "pool:kt", "KRW")
    assert row is not None
    return row.free


def test_a_carried_ballot_approves_and_keeps_its_hold(db: Database) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    ballot_id = held_ballot(db, key, 200_000_000)
    for seat in seats[:2]:
        vote(db, ballot_id, seat, "yes")
    decision = close(db, ballot_id, seats[0])
    assert (decision.outcome, decision.approved_krw) == ("carried", 200_000_000)
    assert decision.arithmetic_ko == ("재적 3, 제척·회피 0, 의결권 3, 출석 2, 정족수 2 → 성립; 찬성 2, 반대 0 → 가결")
    assert state_of(db, key) == "approved"
    assert free_krw(db) == 300_000_000


@pytest.mark.parametrize(
    ("choices", "outcome", "state"),
    [(("no", "no", "yes"), "rejected", "rejected"), (("yes",), "deferred", "deferred")],
)
def test_a_ballot_that_is_not_carried_gives_its_hold_back(
    db: Database, choices: tuple[str, ...], outcome: str, state: str
) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    ballot_id = held_ballot(db, key, 200_000_000)
    for seat, choice in zip(seats, choices, strict=False):
        vote(db, ballot_id, seat, choice)
    decision = close(db, ballot_id, seats[0])
    assert (decision.outcome, decision.approved_krw) == (outcome, 0)
    assert state_of(db, key) == state
    assert free_krw(db) == 500_000_000
    with db.read() as session:
        assert [found.state for found in find_holds(session, "ballot:x")] == ["void"]


def test_a_second_chair_finds_the_ballot_closed(db: Database) -> None:
    first, second = person(db, "First", "chair"), person(db, "Second", "chair")
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, first, "yes")
    vote(db, ballot_id, second, "yes")
    close(db, ballot_id, first, key="one")
    with pytest.raises(BallotClosedError):
        close(db, ballot_id, second, key="two")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1


def test_a_repeated_close_returns_the_same_decision(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "yes")
    assert close(db, ballot_id, chair) == close(db, ballot_id, chair)


def test_only_a_chair_closes(db: Database) -> None:
    _, member = committee(db, 2)
    ballot_id = ballot(db, application(db, 1))
    for outsider in (member, person(db, "Analyst", "analyst"), SYSTEM):
        with pytest.raises(NotFoundError):
            close(db, ballot_id, outsider)


def test_a_vote_is_final(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "yes")
    with pytest.raises(AlreadyVotedError):
        do(
            db,
            lambda s: actions.cast_vote(s, ballot_id=ballot_id, choice="no", key="other", actor=chair, at=AT),
        )


def test_nobody_votes_after_the_close(db: Database) -> None:
    chair, member = committee(db, 2)
    ballot_id = ballot(db, application(db, 1))
    close(db, ballot_id, chair)
    with pytest.raises(BallotClosedError):
        vote(db, ballot_id, member, "yes")


def test_only_seats_vote(db: Database) -> None:
    ballot_id = ballot(db, application(db, 1))
    for outsider in (person(db, "Analyst", "analyst"), person(db, "Finance", "finance"), SYSTEM):
        with pytest.raises(NotFoundError):
            vote(db, ballot_id, outsider, "yes")


def test_a_member_recused_after_voting_is_taken_out_of_the_count(db: Database) -> None:
    chair, one, two = committee(db, 3)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    vote(db, ballot_id, chair, "no")
    vote(db, ballot_id, one, "no")
    vote(db, ballot_id, two, "yes")
    recuse(db, key, one)
    decision = close(db, ballot_id, chair)
    assert decision.arithmetic_ko == ("재적 3, 제척·회피 1, 의결권 2, 출석 2, 정족수 2 → 성립; 찬성 1, 반대 1 → 부결")


def test_whoever_acts_for_the_applicant_is_neither_entitled_nor_counted(db: Database) -> None:
    chair, insider, *_ = committee(db, 4)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    vote(db, ballot_id, insider, "no")
    join(db, key, insider)
    vote(db, ballot_id, chair, "yes")
    with db.read() as session:
        page = queries.ballot_page(session, chair, ballot_id)
        (item,) = queries.meeting_page(session, chair, page.meeting_id).items
    assert (page.members, page.recused, page.entitled, page.present, page.quorum_needed) == (4, 1, 3, 1, 2)
    assert [seat.name for seat in page.seats if seat.route == "disqualification"] == [insider.name]
    assert item.leaving == (insider.name,)
    close(db, ballot_id, chair)
    with db.read() as session:
        stored = session.scalars(select(Decision.tally)).one()
    assert (stored["recused"], stored["entitled"], stored["present"], stored["no"]) == (1, 3, 1, 0)


def test_an_insider_cannot_vote_even_as_a_viewer_assembled_before_they_joined(db: Database) -> None:
    _, insider, *_ = committee(db, 4)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    join(db, key, insider)
    with pytest.raises(NotFoundError):
        vote(db, ballot_id, insider, "yes")


def test_a_declared_route_stands_before_the_insiders_own(db: Database) -> None:
    chair, insider, *_ = committee(db, 4)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    recuse(db, key, insider)
    join(db, key, insider)
    with db.read() as session:
        page = queries.ballot_page(session, chair, ballot_id)
    assert (page.recused, [seat.route for seat in page.seats if seat.route]) == (1, ["self_recusal"])


def test_the_quorum_of_a_closed_ballot_stays_as_it_was_decided_on(db: Database) -> None:
    chair, second, third, _ = committee(db, 4)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    for voter in (chair, second, third):
        vote(db, ballot_id, voter, "yes")
    close(db, ballot_id, chair)
    recuse(db, key, third)
    person(db, "Latecomer", "committee")
    with db.read() as session:
        page = queries.ballot_page(session, chair, ballot_id)
    assert (page.members, page.recused, page.entitled, page.present, page.quorum_needed) == (4, 0, 4, 3, 3)


def test_pages_say_who_voted_but_never_how_and_no_count_before_the_close(db: Database) -> None:
    chair, one, two = committee(db, 3)
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, one, "no")
    with db.read() as session:
        page = queries.ballot_page(session, chair, ballot_id)
        own = queries.ballot_page(session, one, ballot_id)
    assert {seat.name: seat.voted for seat in page.seats} == {"Chair": False, "Member1": True, "Member2": False}
    assert (page.tally, page.own_choice, page.may_vote, page.present) == (None, None, True, 1)
    assert (own.own_choice, own.may_vote) == ("no", False)
    vote(db, ballot_id, two, "yes")
    close(db, ballot_id, chair)
    with db.read() as session:
        closed = queries.ballot_page(session, chair, ballot_id)
    assert closed.tally is not None
    assert (closed.tally["yes"], closed.tally["no"]) == (1, 1)


def test_the_audit_chain_records_that_somebody_voted_but_not_how(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "no")
    with db.read() as session:
        cast = session.scalars(select(AuditEvent).where(AuditEvent.verb == "vote.cast")).one()
    assert (cast.subject, cast.actor_id, cast.details) == (str(ballot_id), chair.person_id, {})


def test_every_step_leaves_an_event(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot_id = ballot(db, application(db, 1))
    vote(db, ballot_id, chair, "yes")
    close(db, ballot_id, chair)
    with db.read() as session:
        verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)).all()
    assert verbs == [
        "meeting.scheduled",
        "application.propose",
        "ballot.opened",
        "vote.cast",
        "application.approve",
        "ballot.closed",
    ]


def test_an_application_has_one_open_ballot(db: Database) -> None:
    key = application(db, 1)
    ballot(db, key)
    with pytest.raises(TransitionRefusedError):
        ballot(db, key)


def test_a_deferred_application_may_be_proposed_again(db: Database) -> None:
    chair = committee(db, 1)[0]
    key = application(db, 1)
    close(db, ballot(db, key), chair)
    second = ballot(db, key)
    vote(db, second, chair, "yes")
    assert close(db, second, chair, key="again").outcome == "carried"


def test_nothing_cannot_be_proposed(db: Database) -> None:
    with pytest.raises(InvalidInputError):
        ballot(db, application(db, 1), krw=0)


def test_meetings_of_another_call_are_refused(db: Database) -> None:
    key = application(db, 1)
    with pytest.raises(NotFoundError):
        do(
            db,
            lambda s: actions.propose(
                s,
                meeting_id=uuid.UUID(int=7),
                application_id=key,
                krw=1,
                gpu_lines=[],
                conditions=[],
                hold_key=None,
                actor=SYSTEM,
                at=AT,
            ),
        )


def test_a_meeting_is_scheduled_once_a_day(db: Database) -> None:
    application(db, 1)
    assert meeting(db) == meeting(db)
