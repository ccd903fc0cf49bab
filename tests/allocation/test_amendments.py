"""Amendments and reopened ballots: what the ledger holds follows what is put to the vote, and records stay."""

from __future__ import annotations

import sys
import uuid
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

from committee_factory import AT, application, close, committee, do, meeting, person, recuse, vote

from fundapp.allocation import actions
from fundapp.allocation.actions import Proposal
from fundapp.allocation.tables import Pool
from fundapp.committee.actions import answer_reopening, ask_reopening
from fundapp.committee.queries import ballot_page, list_conditions, list_decisions, meeting_page
from fundapp.committee.queries.ballot_state import is_standing
from fundapp.committee.rules import BallotWaitsError, ProposedCondition
from fundapp.committee.tables import Ballot, Decision, Reopening
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import (
    FourEyesError,
    HeadroomExceededError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.quantities import gpu_hours, won
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.ledger.queries import find_balance

HOUR = 10_000


def capital(session: Session) -> uuid.UUID:
    """Promise 500 million won and 1,000 hours of one SKU; return the pool."""
    for code, kind in (("kt", "cash"), ("microsoft", "in_kind")):
        actions.add_investor(session, code=code, name_ko=code, name_en=code, kind=kind, actor=SYSTEM, at=AT)
    actions.commit_cash(
        session, investor="kt", amount=won(500_000_000), effective_on=date(2026, 1, 2), key="c", actor=SYSTEM, at=AT
    )
    actions.add_pool(
        session,
        investor="microsoft",
        sku="H100",
        region="koreacentral",
        quarter="2026Q3",
        hours=gpu_hours("H100", 1000),
        rate_krw=5200,
        actor=SYSTEM,
        at=AT,
        key="pool",
    )
    return session.scalars(select(Pool.id)).one()


@pytest.fixture
def pool(db: Database) -> uuid.UUID:
    return do(db, capital)


def propose(db: Database, key: uuid.UUID, krw: int, hours: int) -> uuid.UUID:
    meeting_id = meeting(db)
    return do(
        db,
        lambda s: actions.propose_award(
            s,
            meeting_id=meeting_id,
            application_id=key,
            krw=krw,
            gpu_lines=actions.draw_hours(s, {"h100": {"2026Q3": hours}}) if hours else [],
            conditions=[ProposedCondition("보안 검토")],
            actor=SYSTEM,
            at=AT,
        ),
    )


def amend(
    db: Database, ballot_id: uuid.UUID, pool: uuid.UUID, krw: int, hours: int, *, subsidiary: bool, key: str = "amend"
) -> uuid.UUID:
    proposal = Proposal(krw, {pool: hours * HOUR}, [ProposedCondition("분기 점검")], "예산에 맞춤")
    return do(
        db,
        lambda s: actions.amend_award(
            s, ballot_id=ballot_id, proposal=proposal, subsidiary=subsidiary, key=key, actor=SYSTEM, at=AT
        ),
    )


def free(db: Database) -> tuple[int, int]:
    """Return the free won, and the free hours."""
    with db.read() as session:
        cash = find_balance(session, "pool:kt", "KRW")
        hours = find_balance(session, "pool:microsoft:h100:koreacentral:2026Q3", "GPUH.H100")
    assert cash is not None
    assert hours is not None
    return cash.free, hours.free // HOUR


def states(db: Database, *ballots: uuid.UUID) -> list[str]:
    with db.read() as session:
        return [session.get_one(Ballot, ballot_id).state for ballot_id in ballots]


def state_of(db: Database, key: uuid.UUID) -> str:
    with db.read() as session:
        return session.get_one(Application, key).state


def test_before_anybody_has_voted_an_amendment_takes_the_originals_place_and_its_holds(
    db: Database, pool: uuid.UUID
) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    original = propose(db, key, 200_000_000, 400)
    assert free(db) == (300_000_000, 600)
    amendment = amend(db, original, pool, 150_000_000, 700, subsidiary=False)
    assert free(db) == (350_000_000, 300)
    assert states(db, original, amendment) == ["superseded", "open"]
    for seat in seats:
        vote(db, amendment, seat, "yes")
    assert close(db, amendment, seats[0]).approved_krw == 150_000_000
    assert free(db) == (350_000_000, 300)
    with db.read() as session:
        page = ballot_page(session, seats[0], amendment)
        old = ballot_page(session, seats[0], original)
        conditions = [row.text for row in list_conditions(session, seats[0])]
    assert (page.amends_id, page.remark, conditions) == (original, "예산에 맞춤", ["분기 점검"])
    assert (old.amended_by, old.proposed_krw, old.gpu_lines[0].hours_e4) == (amendment, 200_000_000, 400 * HOUR)


def test_once_somebody_has_voted_the_original_cannot_be_replaced(db: Database, pool: uuid.UUID) -> None:
    chair, _ = committee(db, 2)
    original = propose(db, application(db, 1), 200_000_000, 400)
    vote(db, original, chair, "yes")
    with pytest.raises(TransitionRefusedError):
        amend(db, original, pool, 100_000_000, 0, subsidiary=False)
    assert (states(db, original), free(db)) == (["open"], (300_000_000, 600))


def test_a_subsidiary_amendment_is_voted_on_first_and_carried_it_is_the_decision(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    original = propose(db, key, 200_000_000, 400)
    vote(db, original, seats[0], "yes")
    amendment = amend(db, original, pool, 120_000_000, 700, subsidiary=True)
    # Either may come about: 200 million and 700 hours are out of everybody else's reach, each once.
    assert free(db) == (300_000_000, 300)
    assert states(db, original, amendment) == ["waiting", "open"]
    with pytest.raises(BallotWaitsError):
        vote(db, original, seats[1], "yes")
    for seat in seats:
        vote(db, amendment, seat, "yes")
    decision = close(db, amendment, seats[0])
    assert (decision.outcome, decision.approved_krw, state_of(db, key)) == ("carried", 120_000_000, "approved")
    assert (states(db, original), free(db)) == (["superseded"], (380_000_000, 300))


def test_turned_down_a_subsidiary_amendment_leaves_the_original_with_its_votes_and_holds(
    db: Database, pool: uuid.UUID
) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    original = propose(db, key, 200_000_000, 400)
    vote(db, original, seats[0], "yes")
    amendment = amend(db, original, pool, 300_000_000, 100, subsidiary=True)
    assert free(db) == (200_000_000, 600)
    for seat in seats:
        vote(db, amendment, seat, "no")
    decision = close(db, amendment, seats[0], key="amendment")
    assert (decision.outcome, state_of(db, key), states(db, original)) == ("rejected", "proposed", ["open"])
    assert free(db) == (300_000_000, 600)
    with db.read() as session:
        assert not is_standing(session, decision.decision_id)
    vote(db, original, seats[1], "yes")
    carried = close(db, original, seats[0], key="original")
    assert (carried.outcome, carried.approved_krw, state_of(db, key)) == ("carried", 200_000_000, "approved")
    assert free(db) == (300_000_000, 600)


def test_an_original_that_fails_after_its_amendment_gives_everything_back(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    original = propose(db, application(db, 1), 200_000_000, 400)
    amendment = amend(db, original, pool, 100_000_000, 500, subsidiary=True)
    close(db, amendment, seats[0], key="amendment")
    close(db, original, seats[0], key="original")
    assert free(db) == (500_000_000, 1000)


def test_an_amendment_needs_headroom_a_reason_and_a_change(db: Database, pool: uuid.UUID) -> None:
    committee(db, 1)
    original = propose(db, application(db, 1), 200_000_000, 400)
    for subsidiary in (False, True):
        with pytest.raises(HeadroomExceededError):
            amend(db, original, pool, 200_000_000, 1001, subsidiary=subsidiary)
    same = Proposal(200_000_000, {pool: 400 * HOUR}, [ProposedCondition("보안 검토")], "그대로")
    silent = Proposal(1, {}, [], " ")
    for proposal, field in ((same, "krw"), (silent, "reason")):
        with pytest.raises(InvalidInputError) as refused:
            do(
                db,
                lambda s, p=proposal: actions.amend_award(  # type: ignore[misc]
                    s, ballot_id=original, proposal=p, subsidiary=True, key="k", actor=SYSTEM, at=AT
                ),
            )
        assert refused.value.details["field"] == field
    assert (states(db, original), free(db)) == (["open"], (300_000_000, 600))


def test_an_amendment_has_no_amendment_waiting_for_it(db: Database, pool: uuid.UUID) -> None:
    committee(db, 1)
    original = propose(db, application(db, 1), 200_000_000, 400)
    amendment = amend(db, original, pool, 100_000_000, 0, subsidiary=True)
    with pytest.raises(TransitionRefusedError):
        amend(db, amendment, pool, 50_000_000, 0, subsidiary=True, key="second")


def test_whoever_is_recused_amends_nothing(db: Database, pool: uuid.UUID) -> None:
    committee(db, 1)
    analyst, key = person(db, "Analyst", "analyst"), application(db, 1)
    original = propose(db, key, 200_000_000, 400)
    analyst = recuse(db, key, analyst)
    proposal = Proposal(1, {}, [], "사유")
    with pytest.raises(NotFoundError):
        do(
            db,
            lambda s: actions.amend_award(
                s, ballot_id=original, proposal=proposal, subsidiary=True, key="k", actor=analyst, at=AT
            ),
        )


# ---- reopening ----


def ask(db: Database, ballot_id: uuid.UUID, who: Viewer) -> uuid.UUID:
    return do(db, lambda s: ask_reopening(s, ballot_id=ballot_id, reason="새 자료", actor=who, at=AT))


def reopen(db: Database, reopening_id: uuid.UUID, who: Viewer) -> uuid.UUID:
    meeting_id = meeting(db)
    return do(
        db,
        lambda s: actions.reopen_award(s, reopening_id=reopening_id, meeting_id=meeting_id, actor=who, at=AT),
    )


def voted(db: Database, seats: list[Viewer], ballot_id: uuid.UUID, choice: str) -> Viewer:
    for seat in seats:
        vote(db, ballot_id, seat, choice)  # type: ignore[arg-type]
    close(db, ballot_id, seats[0], key=f"close:{ballot_id}")
    return seats[0]


def test_reopening_a_carried_ballot_takes_two_people_and_leaves_both_records(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    first = propose(db, key, 200_000_000, 400)
    chair = voted(db, seats, first, "yes")
    mine = ask(db, first, chair)
    with pytest.raises(FourEyesError):
        reopen(db, mine, chair)
    with pytest.raises(NotFoundError):
        reopen(db, mine, seats[1])
    second_chair = person(db, "Second", "chair")
    again = reopen(db, mine, second_chair)
    assert (state_of(db, key), states(db, first, again)) == ("proposed", ["closed", "open"])
    assert free(db) == (300_000_000, 600)
    with db.read() as session:
        old, new = ballot_page(session, chair, first), ballot_page(session, chair, again)
        assert list_conditions(session, chair) == []
        assert [row.stands for row in list_decisions(session, chair)] == [False]
        assert len(meeting_page(session, chair, old.meeting_id).items) == 2
    assert (old.outcome, old.stands, old.reopened_by, new.reopens_id) == ("carried", False, again, first)
    assert old.seats[0].choice == "yes"
    for seat in seats:
        vote(db, again, seat, "no")
    decision = close(db, again, chair, key="again")
    assert (decision.outcome, state_of(db, key), free(db)) == ("rejected", "rejected", (500_000_000, 1000))
    with db.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 2


def test_reopening_what_was_rejected_holds_afresh(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    first = propose(db, key, 200_000_000, 400)
    chair = voted(db, seats, first, "no")
    assert free(db) == (500_000_000, 1000)
    again = reopen(db, ask(db, first, seats[1]), chair)
    assert free(db) == (300_000_000, 600)
    voted(db, seats, again, "yes")
    assert (state_of(db, key), free(db)) == ("approved", (300_000_000, 600))


def test_a_ballot_is_asked_to_be_reopened_once_and_answered_once(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    first = propose(db, application(db, 1), 200_000_000, 400)
    chair = voted(db, seats, first, "no")
    asked = ask(db, first, seats[1])
    with pytest.raises(TransitionRefusedError):
        ask(db, first, seats[2])
    do(db, lambda s: answer_reopening(s, reopening_id=asked, confirmed=False, actor=chair, at=AT))
    with pytest.raises(TransitionRefusedError):
        reopen(db, asked, chair)
    again = reopen(db, ask(db, first, seats[2]), chair)
    with pytest.raises(TransitionRefusedError):
        ask(db, first, seats[1])
    with db.read() as session:
        assert session.get_one(Ballot, again).reopens_id == first
        assert sorted(session.scalars(select(Reopening.state))) == ["confirmed", "declined"]


def test_neither_an_open_ballot_nor_one_whose_award_is_signed_is_reopened(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    first = propose(db, key, 200_000_000, 400)
    with pytest.raises(TransitionRefusedError):
        ask(db, first, seats[1])
    voted(db, seats, first, "yes")
    asked = ask(db, first, seats[1])
    do(db, lambda s: setattr(s.get_one(Application, key), "state", "awarded"))
    with pytest.raises(TransitionRefusedError):
        reopen(db, asked, seats[0])
    with db.read() as session:
        assert session.get_one(Reopening, asked).state == "asked"


def test_whoever_is_recused_neither_asks_nor_answers(db: Database, pool: uuid.UUID) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    first = propose(db, key, 200_000_000, 400)
    voted(db, seats, first, "no")
    asked = ask(db, first, seats[1])
    outside = recuse(db, key, seats[0])
    with pytest.raises(NotFoundError):
        reopen(db, asked, outside)
    with pytest.raises(NotFoundError):
        ask(db, first, outside)
