"""Putting right what a tranche paid or a call brought in: the amount, or the day."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from cash_scene import Scene, balance, pay, scene, tranches
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import (
    FourEyesError,
    HeadroomExceededError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books
from fundapp.ledger.queries import find_balance, transfers, verify
from fundapp.portfolio.actions import (
    approve_payment_correction,
    call_expense,
    draft_payment_correction,
    return_payment_correction,
)
from fundapp.portfolio.queries import award_page, paid_in, portfolio_totals, undistributed
from fundapp.portfolio.tables import Award, CapitalCallLine, PaymentCorrection

NUMBER = "AW-2026-0001"
INVESTMENT = f"investment:{NUMBER}"
PAID_AT = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 10, 3, 0, tzinfo=UTC)
PAID_ON, RIGHT = date(2026, 7, 10), date(2026, 7, 13)


def held(db: Database, **options: int) -> Scene:
    who = scene(db, **options)
    pay(db, who, 1, PAID_AT)
    return who


def lines(db: Database) -> list[CapitalCallLine]:
    with db.read() as session:
        return list(session.scalars(select(CapitalCallLine).order_by(CapitalCallLine.investor_code)))


def draft(
    db: Database,
    actor: Viewer,
    krw: int,
    on: date,
    *,
    tranche: uuid.UUID | None = None,
    line: uuid.UUID | None = None,
    reason: str = "거래 명세",
) -> str:
    return db.transaction(
        lambda s: draft_payment_correction(
            s,
            tranche_id=tranche,
            line_id=line,
            amount_krw=krw,
            effective_on=on,
            reason=reason,
            actor=actor,
            at=LATER,
        )
    )


def approve(db: Database, actor: Viewer, number: str) -> None:
    db.transaction(lambda s: approve_payment_correction(s, number=number, actor=actor, at=LATER))


def balance_on(db: Database, path: str, day: date) -> int:
    with db.read() as session:
        row = find_balance(session, path, "KRW", as_of=day)
    return 0 if row is None else row.posted


def check(db: Database) -> None:
    with db.read() as session:
        assert verify(session).problems == []


def test_a_tranche_paid_on_another_day_is_reversed_and_posted_on_the_right_one(db: Database) -> None:
    """Two days lie between; on the days before and between the bank still held the cash."""
    who = held(db)
    first = tranches(db)[0]
    number = draft(db, who.one, 50_000_000, RIGHT, tranche=first.id)
    assert balance_on(db, INVESTMENT, PAID_ON) == 50_000_000
    approve(db, who.two, number)
    assert [balance_on(db, INVESTMENT, day) for day in (PAID_ON, RIGHT)] == [0, 50_000_000]
    assert balance_on(db, "bank:fund", PAID_ON) == 50_000_000
    with db.read() as session:
        kinds = [(row.kind, row.txn_key) for row in transfers(session, account=INVESTMENT)]
        assert award_page(session, SYSTEM, NUMBER).tranches[0].disbursed_on == RIGHT
    base = f"disbursement:{NUMBER}:1"
    assert sorted(kinds) == [
        ("disbursement", base),
        ("disbursement", f"{base}:PC-2026-0001"),
        ("disbursement_reversal", f"reverse:{base}"),
    ]
    check(db)


def test_a_tranche_that_paid_less_leaves_the_rest_in_the_bank_and_every_sum_follows(db: Database) -> None:
    who = held(db)
    number = draft(db, who.one, 45_000_000, PAID_ON, tranche=tranches(db)[0].id)
    approve(db, who.two, number)
    assert (balance(db, INVESTMENT), balance(db, "bank:fund")) == (45_000_000, 5_000_000)
    with db.read() as session:
        assert portfolio_totals(session, SYSTEM).disbursed_krw == 45_000_000
        assert award_page(session, SYSTEM, NUMBER).award.disbursed_krw == 45_000_000
        assert undistributed(session) == 0
    assert (tranches(db)[0].amount_krw, tranches(db)[0].paid_krw) == (50_000_000, 45_000_000)


def test_a_tranche_cannot_have_paid_more_than_the_bank_held(db: Database) -> None:
    who = held(db)
    number = draft(db, who.one, 55_000_000, PAID_ON, tranche=tranches(db)[0].id)
    with pytest.raises(HeadroomExceededError):
        approve(db, who.two, number)
    assert balance(db, INVESTMENT) == 50_000_000
    check(db)


def test_a_call_whose_cash_has_been_paid_on_can_still_be_given_its_right_day(db: Database) -> None:
    """Both halves are called and paid: neither the promise nor the bank has room for one posting alone."""
    who = held(db)
    pay(db, who, 2, PAID_AT)
    assert (balance(db, f"award:{NUMBER}"), balance(db, "bank:fund")) == (0, 0)
    first = lines(db)[0]
    number = draft(db, who.one, first.amount_krw, date(2026, 7, 9), line=first.id)
    approve(db, who.two, number)
    assert balance_on(db, "bank:fund", date(2026, 7, 9)) == 50_000_000
    assert (balance(db, f"award:{NUMBER}"), balance(db, "bank:fund")) == (0, 0)
    check(db)


def test_what_an_investor_paid_in_follows_a_corrected_call(db: Database) -> None:
    who = held(db, second_investor_krw=500_000_000)
    nhn = lines(db)[1]
    assert (nhn.investor_code, nhn.amount_krw) == ("nhn", 16_666_666)
    number = draft(db, who.one, 16_666_670, PAID_ON, line=nhn.id)
    approve(db, who.two, number)
    with db.read() as session:
        assert paid_in(session, as_of=date(2026, 12, 31)) == {"kt": 33_333_334, "nhn": 16_666_670}


@pytest.mark.parametrize("krw", [2_000_000, 4_000_000])
def test_a_cost_that_was_called_and_paid_on_is_put_right_on_both_ways(db: Database, krw: int) -> None:
    who = scene(db)
    db.transaction(
        lambda s: call_expense(
            s,
            expense="management-fee",
            quarter=Quarter(2026, 3),
            amount_krw=3_000_000,
            effective_on=PAID_ON,
            actor=SYSTEM,
            at=PAID_AT,
        )
    )
    before = balance(db, "pool:kt")
    number = draft(db, who.one, krw, PAID_ON, line=lines(db)[0].id)
    approve(db, who.two, number)
    assert (balance(db, "expense:management-fee"), balance(db, "bank:fund")) == (krw, 0)
    assert before - balance(db, "pool:kt") == krw - 3_000_000
    check(db)


def test_in_closed_books_a_correction_takes_effect_on_the_first_open_day(db: Database) -> None:
    who = held(db)
    db.transaction(lambda s: close_books(s, through=date(2026, 9, 30), actor=SYSTEM, at=LATER))
    number = draft(db, who.one, 45_000_000, PAID_ON, tranche=tranches(db)[0].id)
    approve(db, who.two, number)
    days = [date(2026, 9, 30), date(2026, 10, 1)]
    assert [balance_on(db, INVESTMENT, day) for day in days] == [50_000_000, 45_000_000]
    check(db)


def test_a_correction_of_a_correction_replaces_what_stands_now(db: Database) -> None:
    who = held(db)
    first = tranches(db)[0].id
    approve(db, who.two, draft(db, who.one, 45_000_000, PAID_ON, tranche=first))
    approve(db, who.two, draft(db, who.one, 48_000_000, RIGHT, tranche=first))
    assert [balance_on(db, INVESTMENT, day) for day in (PAID_ON, RIGHT)] == [0, 48_000_000]
    with db.read() as session:
        rows = session.scalars(select(PaymentCorrection).order_by(PaymentCorrection.number)).all()
    assert [(row.was_krw, row.amount_krw) for row in rows] == [(50_000_000, 45_000_000), (45_000_000, 48_000_000)]
    assert rows[1].replaces_key == rows[0].txn_key
    check(db)


def test_nobody_approves_a_correction_they_drafted_whatever_the_code_says(db: Database) -> None:
    who = held(db)
    number = draft(db, who.one, 45_000_000, PAID_ON, tranche=tranches(db)[0].id)
    for act in (
        lambda s: approve_payment_correction(s, number=number, actor=who.one, at=LATER),
        lambda s: return_payment_correction(s, number=number, reason="아님", actor=who.one, at=LATER),
    ):
        with pytest.raises(FourEyesError):
            db.transaction(act)
    with pytest.raises(IntegrityError):
        db.transaction(
            lambda s: s.execute(
                update(PaymentCorrection).values(
                    state="approved", txn_key="x", decided_by_id=PaymentCorrection.prepared_by_id
                )
            )
        )


def test_one_correction_of_a_payment_waits_at_a_time_and_a_returned_one_makes_way(db: Database) -> None:
    who = held(db)
    first = tranches(db)[0].id
    number = draft(db, who.one, 45_000_000, PAID_ON, tranche=first)
    with pytest.raises(TransitionRefusedError):
        draft(db, who.one, 46_000_000, PAID_ON, tranche=first)
    db.transaction(lambda s: return_payment_correction(s, number=number, reason="근거 없음", actor=who.two, at=LATER))
    with pytest.raises(TransitionRefusedError):
        approve(db, who.two, number)
    assert balance(db, INVESTMENT) == 50_000_000
    assert draft(db, who.one, 46_000_000, PAID_ON, tranche=first) == "PC-2026-0002"


@pytest.mark.parametrize(
    ("krw", "on", "reason"),
    [
        (0, PAID_ON, "x"),
        (50_000_000, PAID_ON, "x"),
        (50_000_000, date(2026, 11, 11), "x"),
        (50_000_000, date(2026, 6, 19), "x"),
        (45_000_000, PAID_ON, " "),
    ],
)
def test_a_correction_that_cannot_be_is_refused(db: Database, krw: int, on: date, reason: str) -> None:
    who = held(db)
    with pytest.raises(InvalidInputError):
        draft(db, who.one, krw, on, tranche=tranches(db)[0].id, reason=reason)


def test_what_is_not_paid_is_not_corrected_and_what_is_not_seen_neither(db: Database) -> None:
    who = held(db)
    paid, planned = tranches(db)
    with pytest.raises(TransitionRefusedError):
        draft(db, who.one, 1, PAID_ON, tranche=planned.id)
    with db.read() as session:
        hidden = session.scalars(select(Award.application_id)).one()
    recused = Viewer(who.one.person_id, roles=frozenset({Role.FINANCE}), recused_from=frozenset({hidden}))
    for what in ({"tranche": paid.id}, {"line": lines(db)[0].id}):
        with pytest.raises(NotFoundError):
            draft(db, recused, 45_000_000, PAID_ON, **what)
