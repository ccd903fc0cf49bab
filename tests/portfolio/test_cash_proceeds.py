"""What comes back, what is lost, what goes to the investors; and the marks between."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from cash_scene import Scene, balance, pay, scene
from fund_factory import AT, SIGNED, Use, write_usage
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, TransitionRefusedError
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger.queries import verify
from fundapp.portfolio.actions import (
    approve_movement,
    approve_valuation,
    draft_correction,
    draft_distribution,
    draft_payout,
    draft_write_off,
    import_usage,
    prepare_valuation,
    record_round,
    record_terms,
    return_movement,
    return_valuation,
)
from fundapp.portfolio.queries import (
    as_converted,
    list_drafts,
    list_movements,
    load_rounds,
    load_terms,
    stale_marks,
    undistributed,
    unvalued,
)
from fundapp.portfolio.rules import Mark, Round
from fundapp.portfolio.tables import CashMovement, Valuation, ValuationDraft

PAID_AT = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
LATER = datetime(2027, 7, 10, 3, 0, tzinfo=UTC)
ON = date(2027, 7, 10)
NUMBER = "AW-2026-0001"
Q3 = Quarter(2026, 3)


def held(db: Database) -> Scene:
    """An award with 50 million won paid."""
    who = scene(db)
    pay(db, who, 1, PAID_AT)
    return who


def bring(db: Database, who: Scene, kind: str, amount: int, cost: int) -> str:
    number = db.transaction(
        lambda s: draft_distribution(
            s,
            award_id=who.award.id,
            kind=kind,
            amount_krw=amount,
            cost_krw=cost,
            effective_on=ON,
            reason="계약 제7조",
            actor=who.one,
            at=LATER,
        )
    )
    db.transaction(lambda s: approve_movement(s, number=number, actor=who.two, at=LATER))
    return number


def pay_out(db: Database, who: Scene, **changes: object) -> str:
    wanted = {"effective_on": ON, "reason": "총회 결의", "actor": who.one, "at": LATER, **changes}
    number = db.transaction(lambda s: draft_payout(s, **wanted))
    db.transaction(lambda s: approve_movement(s, number=number, actor=who.two, at=LATER))
    return number


def correct(db: Database, who: Scene, number: str) -> str:
    correction = db.transaction(
        lambda s: draft_correction(s, number=number, effective_on=ON, reason="중복 기재", actor=who.one, at=LATER)
    )
    db.transaction(lambda s: approve_movement(s, number=correction, actor=who.two, at=LATER))
    return correction


def test_an_exit_gives_up_cost_and_shows_its_gain(db: Database) -> None:
    who = held(db)
    bring(db, who, "exit", 80_000_000, 50_000_000)
    paths = ("bank:fund", f"investment:{NUMBER}", f"gain:{NUMBER}")
    assert [balance(db, path) for path in paths] == [80_000_000, 0, -30_000_000]


def test_a_dividend_is_income_and_leaves_the_cost(db: Database) -> None:
    who = held(db)
    bring(db, who, "dividend", 1_000_000, 0)
    assert (balance(db, f"income:{NUMBER}"), balance(db, f"investment:{NUMBER}")) == (-1_000_000, 50_000_000)
    with pytest.raises(InvalidInputError):
        bring(db, who, "interest", 1_000_000, 1)


def test_nobody_approves_what_they_drafted_whatever_the_code_says(db: Database) -> None:
    who = held(db)
    number = db.transaction(
        lambda s: draft_write_off(
            s,
            award_id=who.award.id,
            amount_krw=1,
            effective_on=ON,
            reason="폐업",
            actor=who.one,
            at=LATER,
        )
    )
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: approve_movement(s, number=number, actor=who.one, at=LATER))
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: approve_movement(s, number=number, actor=SYSTEM, at=LATER))
    with pytest.raises(IntegrityError):
        db.transaction(
            lambda s: s.execute(
                update(CashMovement).values(state="approved", txn_key="x", decided_by_id=CashMovement.prepared_by_id)
            )
        )


def test_what_is_sent_back_never_posts(db: Database) -> None:
    who = held(db)
    number = db.transaction(
        lambda s: draft_write_off(
            s, award_id=who.award.id, amount_krw=7, effective_on=ON, reason="폐업", actor=who.one, at=LATER
        )
    )
    db.transaction(lambda s: return_movement(s, number=number, reason="청산 종결 전", actor=who.two, at=LATER))
    with pytest.raises(TransitionRefusedError):
        db.transaction(lambda s: approve_movement(s, number=number, actor=who.two, at=LATER))
    assert balance(db, f"written-off:{NUMBER}") == 0


def test_no_more_cost_can_be_lost_than_there_is(db: Database) -> None:
    who = held(db)
    with pytest.raises(InvalidInputError, match="the cost left is 50,000,000 won"):
        db.transaction(
            lambda s: draft_write_off(
                s,
                award_id=who.award.id,
                amount_krw=50_000_001,
                effective_on=ON,
                reason="폐업",
                actor=who.one,
                at=LATER,
            )
        )


def test_a_correction_puts_everything_back_once(db: Database) -> None:
    who = held(db)
    number = bring(db, who, "redemption", 20_000_000, 15_000_000)
    correct(db, who, number)
    paths = ("bank:fund", f"investment:{NUMBER}", f"gain:{NUMBER}")
    assert [balance(db, path) for path in paths] == [0, 50_000_000, 0]
    with pytest.raises(TransitionRefusedError):
        correct(db, who, number)
    with db.read() as session:
        assert verify(session).ok
        assert undistributed(session) == 0
        assert [(row.kind, row.corrected_by) for row in list_movements(session, SYSTEM)] == [
            ("correction", None),
            ("redemption", "CM-2027-0002"),
        ]


def test_a_payout_gives_each_kind_of_capital_what_it_earned(
    db: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """50,000,000 won and 120.5 h at 5,200 (626,600) bought it; twice their sum comes back."""
    who = held(db)
    file = write_usage(tmp_path_factory.mktemp("use") / "usage.csv", [Use(date(2026, 8, 3), "120.5")])
    import_usage(db, file, actor=SYSTEM, at=PAID_AT.replace(month=10))
    bring(db, who, "exit", 101_253_200, 50_000_000)
    pay_out(db, who, quarter=Quarter(2027, 3))
    assert (balance(db, "distributed:kt"), balance(db, "distributed:microsoft")) == (100_000_000, 1_253_200)
    assert balance(db, "bank:fund") == 0


def test_a_payout_to_all_follows_what_each_has_paid_in(db: Database) -> None:
    """Two to one by promise; 10,000,000 won by 33,333,334 and 16,666,666."""
    who = scene(db, second_investor_krw=500_000_000)
    pay(db, who, 1, PAID_AT)
    bring(db, who, "dividend", 10_000_000, 0)
    pay_out(db, who, amount_krw=10_000_000, sharing="all")
    assert (balance(db, "distributed:kt"), balance(db, "distributed:nhn")) == (6_666_667, 3_333_333)


def test_called_cash_is_no_proceeds_and_is_not_paid_out(db: Database) -> None:
    who = held(db)
    bring(db, who, "dividend", 5, 0)
    with pytest.raises(InvalidInputError, match="proceeds that can be paid out: 5 won"):
        pay_out(db, who, amount_krw=6)
    pay_out(db, who, amount_krw=5)
    with pytest.raises(InvalidInputError):
        pay_out(db, who, amount_krw=1)


def mark(value: int, reason: str = "") -> Mark:
    row = {"name": "EV/매출", "entry": "4.0", "now": "3.5", "source": "상장사 5곳"}
    return Mark(value, "multiples", (row,), "", "진입 가격에 맞춤", reason)


def prepare(db: Database, who: Scene, value: int, quarter: Quarter = Q3, reason: str = "") -> uuid.UUID:
    return db.transaction(
        lambda s: prepare_valuation(
            s, award_id=who.award.id, quarter=quarter, mark=mark(value, reason), actor=who.one, at=LATER
        )
    )


def approve(db: Database, draft: uuid.UUID, actor: Viewer) -> int:
    return db.transaction(lambda s: approve_valuation(s, draft_id=draft, actor=actor, at=LATER))


def test_a_mark_is_prepared_by_one_and_approved_by_another(db: Database) -> None:
    who = held(db)
    draft = prepare(db, who, 60_000_000)
    with pytest.raises(FourEyesError):
        approve(db, draft, who.one)
    with pytest.raises(FourEyesError):
        approve(db, draft, SYSTEM)
    with pytest.raises(IntegrityError):
        db.transaction(lambda s: s.execute(update(ValuationDraft).values(decided_by_id=ValuationDraft.prepared_by_id)))
    assert approve(db, draft, who.two) == 1
    with pytest.raises(TransitionRefusedError):
        approve(db, draft, who.two)
    with db.read() as session:
        found = session.scalars(select(Valuation)).one()
    assert (found.prepared_by_id, found.approved_by_id) == (who.one.person_id, who.two.person_id)
    assert (found.technique, found.note) == ("시장 배수", "진입 가격에 맞춤")


def test_the_database_too_keeps_one_person_from_approving_their_own_mark(db: Database) -> None:
    who = held(db)

    def cheat(session: Session) -> None:
        session.add(
            Valuation(
                award_id=who.award.id,
                quarter=str(Q3),
                version=1,
                fair_value_krw=1,
                technique="x",
                note="x",
                prepared_by="Han",
                approved_by="another name",
                at=AT,
                prepared_by_id=who.one.person_id,
                approved_by_id=who.one.person_id,
            )
        )

    with pytest.raises(IntegrityError):
        db.transaction(cheat)


def test_one_mark_of_a_quarter_waits_at_a_time_and_a_returned_one_makes_way(db: Database) -> None:
    who = held(db)
    draft = prepare(db, who, 60_000_000)
    with pytest.raises(TransitionRefusedError):
        prepare(db, who, 61_000_000)
    db.transaction(lambda s: return_valuation(s, draft_id=draft, reason="배수 근거", actor=who.two, at=LATER))
    prepare(db, who, 61_000_000)
    with db.read() as session:
        assert [(row.state, row.return_reason) for row in list_drafts(session, SYSTEM, state=None)] == [
            ("prepared", None),
            ("returned", "배수 근거"),
        ]


def test_a_later_version_supersedes_and_a_change_is_reckoned_from_the_quarter_before(db: Database) -> None:
    who = held(db)
    approve(db, prepare(db, who, 60_000_000), who.two)
    assert approve(db, prepare(db, who, 58_000_000), who.two) == 2
    prepare(db, who, 50_000_000, Q3.next, "고객 이탈")
    with db.read() as session:
        assert list_drafts(session, SYSTEM)[0].change_krw == -8_000_000


def test_marks_that_stand_still_and_holdings_without_a_mark_are_named(db: Database) -> None:
    who = held(db)
    last = Q3.next.next
    with db.read() as session:
        assert [row.award for row in unvalued(session, SYSTEM, Q3)] == [NUMBER]
        assert unvalued(session, SYSTEM, Q3.previous) == []
    for quarter, reason in ((Q3, ""), (Q3.next, ""), (last, "계획대로 진행")):
        approve(db, prepare(db, who, 50_000_000, quarter, reason), who.two)
    with db.read() as session:
        assert unvalued(session, SYSTEM, Q3) == []
        assert stale_marks(session, SYSTEM, Q3.next) == []
        found = stale_marks(session, SYSTEM, last)
    assert [(row.award, row.fair_value_krw, row.since, row.reason) for row in found] == [
        (NUMBER, 50_000_000, "2026Q3", "계획대로 진행")
    ]


def test_terms_are_kept_in_versions_and_rounds_say_what_we_own(db: Database) -> None:
    who = scene(db, instrument="CB")
    agreed: dict[str, object] = {
        "principal_krw": 100_000_000,
        "coupon_bp": 100,
        "maturity": "2029-06-20",
        "conversion_price_krw": 8_000,
    }

    def write(session: Session) -> None:
        record_terms(session, award_id=who.award.id, terms=agreed, actor=who.one, at=LATER)
        record_terms(
            session,
            award_id=who.award.id,
            terms={**agreed, "conversion_price_krw": 5_000},
            note="전환가액 조정",
            option_krw=50_000_000,
            option_until=date(2028, 6, 20),
            actor=who.one,
            at=LATER,
        )
        for shares in (999_999, 1_000_000):
            record_round(
                session,
                award_id=who.award.id,
                name="시리즈 A",
                closed_on=SIGNED,
                figures=Round(9_000_000_000, 1_000_000_000, 10_000, shares, 0),
                insider_only=False,
                source="주주명부",
                actor=who.one,
                at=LATER,
            )

    db.transaction(write)
    with pytest.raises(InvalidInputError, match="say why it changed"):
        db.transaction(lambda s: record_terms(s, award_id=who.award.id, terms=agreed, actor=who.one, at=LATER))
    with db.read() as session:
        versions, rounds = load_terms(session, who.award.id), load_rounds(session, who.award.id)
    found = as_converted(versions, rounds, 100_000_000)
    assert ([row.version for row in versions], [(row.version, row.figures.total_shares) for row in rounds]) == (
        [2, 1],
        [(2, 1_000_000)],
    )
    assert found is not None
    assert (found.shares, found.arithmetic) == (20_000, "100,000,000 ÷ 5,000 = 20,000")


def test_a_correction_is_not_dated_before_what_it_corrects(db: Database) -> None:
    who = held(db)
    number = bring(db, who, "dividend", 1_000_000, 0)
    early = {"number": number, "effective_on": date(2027, 7, 9), "reason": "중복", "actor": who.one, "at": LATER}
    with pytest.raises(InvalidInputError):
        db.transaction(lambda s: draft_correction(s, **early))


def test_proceeds_are_not_paid_out_on_a_day_before_they_came(db: Database) -> None:
    who = held(db)
    bring(db, who, "dividend", 1_000_000, 0)
    with pytest.raises(InvalidInputError):
        pay_out(db, who, amount_krw=1_000_000, effective_on=date(2027, 7, 9))
    pay_out(db, who, amount_krw=1_000_000)


def test_nothing_comes_back_from_a_company_before_its_award(db: Database) -> None:
    who = held(db)
    early = {"kind": "dividend", "amount_krw": 1, "cost_krw": 0, "effective_on": SIGNED - timedelta(days=1)}
    with pytest.raises(InvalidInputError):
        db.transaction(
            lambda s: draft_distribution(s, award_id=who.award.id, reason="계약", actor=who.one, at=LATER, **early)
        )
