"""Proceeds and losses in the quarterly figures, against sums done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

from cash_scene import Scene, pay, scene

from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import (
    approve_movement,
    draft_correction,
    draft_distribution,
    draft_payout,
    draft_write_off,
)
from fundapp.reporting.collecting import collect_rows
from reports.figures import Figures, reckon

PAID_AT = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
YEAR_ON = datetime(2027, 7, 10, 3, 0, tzinfo=UTC)
ON = date(2027, 7, 10)


def held(db: Database) -> Scene:
    """50,000,000 won paid on 10 July 2026."""
    who = scene(db)
    pay(db, who, 1, PAID_AT)
    return who


def approve(db: Database, who: Scene, number: str) -> str:
    db.transaction(lambda s: approve_movement(s, number=number, actor=who.two, at=YEAR_ON))
    return number


def redeem(db: Database, who: Scene, amount: int, cost: int) -> str:
    number = db.transaction(
        lambda s: draft_distribution(
            s,
            award_id=who.award.id,
            kind="redemption",
            amount_krw=amount,
            cost_krw=cost,
            effective_on=ON,
            reason="상환 청구",
            actor=who.one,
            at=YEAR_ON,
        )
    )
    return approve(db, who, number)


def figures(db: Database) -> Figures:
    quarter = Quarter(2027, 3)
    with db.read() as session:
        return reckon(collect_rows(session, quarter, as_of=quarter.last_day))


def test_sixty_million_after_a_year_for_fifty_is_a_multiple_of_1_2_and_a_return_of_a_fifth(db: Database) -> None:
    """365 days: 50 × 1.2 = 60, so r = 20 %; all of it is paid out and nothing is left."""
    who = held(db)
    redeem(db, who, 60_000_000, 50_000_000)
    number = db.transaction(
        lambda s: draft_payout(s, amount_krw=60_000_000, effective_on=ON, reason="총회 결의", actor=who.one, at=YEAR_ON)
    )
    approve(db, who, number)
    found = figures(db)
    multiples = found.total.multiples
    assert (multiples.dpi, multiples.rvpi, multiples.tvpi) == (Fraction(6, 5), Fraction(0), Fraction(6, 5))
    assert round(float(found.total.irr.shown or 0), 9) == 0.2
    assert (found.bridge.realised_krw, found.bridge.unrealised_krw, found.bridge.distributed_krw) == (
        10_000_000,
        0,
        60_000_000,
    )
    assert [(row.status, row.proceeds_krw, row.fair_value_krw) for row in found.rows.holdings] == [
        ("realised", 60_000_000, 0)
    ]
    assert dict(found.investors)["kt"].multiples.dpi == Fraction(6, 5)


def test_a_part_given_up_takes_its_part_of_the_value_with_it(db: Database) -> None:
    """20 of 50 million of cost for 26 million: 30 million stay carried, 6 million are gained, 56 million are there."""
    redeem(db, held(db), 26_000_000, 20_000_000)
    found = figures(db)
    assert [(row.status, row.proceeds_krw, row.fair_value_krw) for row in found.rows.holdings] == [
        ("partly_realised", 26_000_000, 30_000_000)
    ]
    assert (found.bridge.realised_krw, found.bridge.unrealised_krw) == (6_000_000, 0)
    assert found.total.multiples.nav_krw == 56_000_000


def test_a_loss_is_realised_and_its_correction_takes_it_back(db: Database) -> None:
    who = held(db)
    number = db.transaction(
        lambda s: draft_write_off(
            s,
            award_id=who.award.id,
            amount_krw=20_000_000,
            effective_on=ON,
            reason="회생 개시",
            actor=who.one,
            at=YEAR_ON,
        )
    )
    approve(db, who, number)
    lost = figures(db)
    assert (lost.bridge.realised_krw, lost.bridge.unrealised_krw) == (-20_000_000, 0)
    assert lost.total.multiples.tvpi == Fraction(3, 5)
    correction = db.transaction(
        lambda s: draft_correction(s, number=number, effective_on=ON, reason="개시 취소", actor=who.one, at=YEAR_ON)
    )
    approve(db, who, correction)
    back = figures(db)
    assert (back.total.multiples.tvpi, back.bridge.realised_krw) == (Fraction(1), 0)
