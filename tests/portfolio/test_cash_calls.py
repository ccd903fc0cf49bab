"""Calls to the investors, conditions of tranches, and what pays them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from cash_scene import Scene, balance, pay, scene, tranches
from fund_factory import SIGNED, SIGNED_AT, add_person
from sqlalchemy import event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, FourEyesError, InvalidInputError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.ledger.queries import verify
from fundapp.portfolio.actions import (
    ExpenseLine,
    add_tranche_condition,
    call_expense,
    cancel_call,
    disburse_tranche,
    draft_calls,
    issue_call,
    meet_tranche_condition,
    prepare_tranche,
    receive_call,
    waive_tranche_condition,
)
from fundapp.portfolio.queries import CallRow, list_callable, list_capital_calls, paid_in
from fundapp.portfolio.rules import TrancheNotReadyError, TrancheTerms
from fundapp.portfolio.tables import CapitalCall, Tranche, TrancheCondition

Q3 = Quarter(2026, 3)
DUE = date(2026, 7, 15)
PAID_AT = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
SCHEDULE = (
    TrancheTerms(30_000_000, SIGNED, "협약 체결", (("precedent", "등기 완료"),)),
    TrancheTerms(70_000_000, date(2027, 1, 10), "시험 통과", (("milestone", "시험 통과"), ("precedent", "보험 가입"))),
)


def draft(db: Database, who: Viewer, number: int = 1, **changes: object) -> list[str]:
    wanted = {"tranche_ids": [tranches(db)[number - 1].id], "due_on": DUE, "actor": who, "at": SIGNED_AT, **changes}
    return db.transaction(lambda s: draft_calls(s, **wanted))


def calls(db: Database, at: datetime = SIGNED_AT, viewer: Viewer = SYSTEM) -> list[CallRow]:
    with db.read() as session:
        return list_capital_calls(session, viewer, at)


def issue_and_receive(db: Database, who: Scene, numbers: list[str]) -> None:
    for number in numbers:
        db.transaction(lambda s, n=number: issue_call(s, number=n, actor=who.two, at=SIGNED_AT))
        db.transaction(
            lambda s, n=number: receive_call(s, number=n, paid_on=date(2026, 7, 8), actor=who.one, at=PAID_AT)
        )


def conditions(db: Database) -> list[TrancheCondition]:
    with db.read() as session:
        rows = session.scalars(select(TrancheCondition).join(Tranche).order_by(Tranche.number, TrancheCondition.number))
        return list(rows)


def test_a_call_paid_before_the_disbursement_waits_in_the_bank(db: Database) -> None:
    who = scene(db)
    issue_and_receive(db, who, draft(db, who.one))
    assert (balance(db, "award:AW-2026-0001"), balance(db, "bank:fund")) == (50_000_000, 50_000_000)
    pay(db, who, 1, PAID_AT)
    assert (balance(db, "bank:fund"), balance(db, "investment:AW-2026-0001")) == (0, 50_000_000)
    assert [(row.number, row.automatic, row.state) for row in calls(db)] == [("CC-2026-0001", False, "paid")]
    with db.read() as session:
        assert verify(session).ok


def test_a_tranche_that_no_call_covers_is_called_on_the_spot_and_listed(db: Database) -> None:
    who = scene(db)
    pay(db, who, 1)
    row = calls(db)[0]
    assert (row.automatic, row.state, row.amount_krw, row.investor) == (True, "paid", 50_000_000, "kt")
    assert [(line.award, line.tranche, line.txn_key) for line in row.lines] == [
        ("AW-2026-0001", 1, "capital_call:AW-2026-0001:1")
    ]


def test_a_tranche_is_not_paid_while_its_call_is_out(db: Database) -> None:
    who = scene(db)
    draft(db, who.one)
    with pytest.raises(TrancheNotReadyError, match="CC-2026-0001 has not been paid"):
        pay(db, who, 1)


def test_who_drafts_a_call_does_not_issue_it_whatever_the_code_says(db: Database) -> None:
    who = scene(db)
    numbers = draft(db, who.one)
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: issue_call(s, number=numbers[0], actor=who.one, at=SIGNED_AT))
    with pytest.raises(IntegrityError):
        db.transaction(
            lambda s: s.execute(update(CapitalCall).values(state="issued", issued_by_id=CapitalCall.prepared_by_id))
        )


def test_issuing_writes_to_the_people_of_that_investor_only(db: Database) -> None:
    who = scene(db)

    def people(session: Session) -> None:
        for email, investor in (("a@kt.example", "kt"), ("b@microsoft.example", "microsoft")):
            create_person(
                session,
                actor=SYSTEM,
                at=SIGNED_AT,
                email=email,
                name="담당",
                roles=("partner",),
                password_hash=None,
                investor=investor,
            )

    db.transaction(people)
    numbers = draft(db, who.one)
    db.transaction(lambda s: issue_call(s, number=numbers[0], actor=who.two, at=SIGNED_AT))
    with db.read() as session:
        mail = session.scalars(select(OutboxMessage)).all()
    assert [one.recipient for one in mail] == ["a@kt.example"]
    assert "50,000,000원" in mail[0].body


def test_a_call_is_overdue_the_day_after_its_due_date_until_it_is_paid(db: Database) -> None:
    who = scene(db)
    number = draft(db, who.one)[0]
    db.transaction(lambda s: issue_call(s, number=number, actor=who.two, at=SIGNED_AT))
    noon = datetime(2026, 7, 15, 3, 0, tzinfo=UTC)
    assert [calls(db, noon + timedelta(days=days))[0].overdue_days for days in (0, 1, 9)] == [0, 1, 9]
    db.transaction(lambda s: receive_call(s, number=number, paid_on=DUE, actor=who.one, at=noon))
    assert calls(db, noon + timedelta(days=9))[0].overdue_days == 0


def test_what_was_called_is_called_again_only_after_the_call_was_taken_back(db: Database) -> None:
    who = scene(db)
    first = draft(db, who.one)[0]
    with pytest.raises(TransitionRefusedError):
        draft(db, who.one)
    db.transaction(lambda s: cancel_call(s, number=first, reason="기한 변경", actor=who.two, at=SIGNED_AT))
    assert draft(db, who.one) == ["CC-2026-0002"]


def test_two_investors_pay_each_award_by_what_of_their_promise_was_free(db: Database) -> None:
    """Free are 1,000 and 500 million: two to one, and the odd won of a half goes to the first by name."""
    who = scene(db, second_investor_krw=500_000_000)
    assert (balance(db, "pool:kt"), balance(db, "pool:nhn")) == (1_000_000_000 - 66_666_667, 500_000_000 - 33_333_333)
    issue_and_receive(db, who, draft(db, who.one))
    pay(db, who, 1, PAID_AT)
    pay(db, who, 2, PAID_AT)
    with db.read() as session:
        assert paid_in(session, as_of=date(2026, 12, 31)) == {"kt": 66_666_667, "nhn": 33_333_333}
    amounts = [(row.investor, row.amount_krw, row.automatic) for row in calls(db)]
    assert amounts == [
        ("nhn", 16_666_667, True),
        ("kt", 33_333_333, True),
        ("nhn", 16_666_666, False),
        ("kt", 33_333_334, False),
    ]
    assert balance(db, "award:AW-2026-0001") == 0


def test_tranches_called_together_ask_nobody_for_more_than_the_rest_of_its_promise(db: Database) -> None:
    """Of 66,666,667 and 33,333,333 promised, both halves together are exactly all of it."""
    who = scene(db, second_investor_krw=500_000_000)
    draft(db, who.one, tranche_ids=[one.id for one in tranches(db)])
    amounts = {row.investor: [line.amount_krw for line in row.lines] for row in calls(db)}
    assert amounts == {"kt": [33_333_334, 33_333_333], "nhn": [16_666_666, 16_666_667]}


def test_a_part_that_was_taken_back_is_asked_for_again_in_full_and_no_more(db: Database) -> None:
    who = scene(db, second_investor_krw=500_000_000)
    first, second = (one.id for one in tranches(db))
    kt = draft(db, who.one, tranche_ids=[first])[0]
    db.transaction(lambda s: cancel_call(s, number=kt, reason="기한 변경", actor=who.two, at=SIGNED_AT))
    draft(db, who.one, tranche_ids=[second])
    draft(db, who.one, tranche_ids=[first])
    asked = [(row.investor, row.amount_krw) for row in calls(db) if row.state != "cancelled"]
    assert sorted(asked) == [("kt", 33_333_333), ("kt", 33_333_334), ("nhn", 16_666_666), ("nhn", 16_666_667)]


def test_a_cost_of_the_fund_is_split_by_commitment_and_paid_when_received(db: Database) -> None:
    who = scene(db, second_investor_krw=500_000_000)
    line = ExpenseLine("audit", Q3, 10_000_001)
    issue_and_receive(db, who, draft(db, who.one, tranche_ids=[], expenses=[line]))
    assert (balance(db, "expense:audit"), balance(db, "bank:fund")) == (10_000_001, 0)
    amounts = {row.investor: row.amount_krw for row in calls(db)}
    assert amounts == {"kt": 6_666_667, "nhn": 3_333_334}


def test_a_cost_called_on_the_spot_is_charged_once(db: Database) -> None:
    scene(db)

    def charge(amount: int) -> None:
        db.transaction(
            lambda s: call_expense(
                s,
                expense="management-fee",
                quarter=Q3,
                amount_krw=amount,
                effective_on=DUE,
                actor=SYSTEM,
                at=PAID_AT,
            )
        )

    charge(3_000_000)
    charge(3_000_000)
    with pytest.raises(TransitionRefusedError):
        charge(4_000_000)
    assert balance(db, "expense:management-fee") == 3_000_000
    assert [row.automatic for row in calls(db)] == [True]


def test_a_tranche_waits_for_each_of_its_conditions(db: Database) -> None:
    who = scene(db, schedule=SCHEDULE)
    first = tranches(db)[0]
    assert [row.amount_krw for row in tranches(db)] == [30_000_000, 70_000_000]
    with pytest.raises(TrancheNotReadyError, match="conditions are open: 등기 완료"):
        pay(db, who, 1)
    one = conditions(db)[0]
    with pytest.raises(InvalidInputError):
        db.transaction(
            lambda s: meet_tranche_condition(s, condition_id=one.id, evidence=" ", actor=who.one, at=PAID_AT)
        )
    db.transaction(
        lambda s: meet_tranche_condition(s, condition_id=one.id, evidence="등기부", actor=who.one, at=PAID_AT)
    )
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=who.one, at=PAID_AT))
    db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="p", actor=who.two, at=PAID_AT))
    assert tranches(db)[0].state == "disbursed"


def test_a_condition_is_waived_with_a_reason_by_the_chair_or_by_finance_that_does_not_prepare(db: Database) -> None:
    who = scene(db, schedule=SCHEDULE)
    one, two, _ = conditions(db)
    analyst = db.transaction(lambda s: add_person(s, "An", "analyst"))

    def waive(condition: TrancheCondition, actor: Viewer, reason: str = "경미함") -> None:
        db.transaction(
            lambda s: waive_tranche_condition(s, condition_id=condition.id, reason=reason, actor=actor, at=PAID_AT)
        )

    with pytest.raises(ForbiddenError):
        waive(one, analyst)
    with pytest.raises(InvalidInputError):
        waive(one, who.chair, " ")
    waive(one, who.two)
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: prepare_tranche(s, tranche_id=tranches(db)[0].id, actor=who.two, at=PAID_AT))
    waive(two, who.chair)
    with pytest.raises(TransitionRefusedError):
        waive(two, who.chair)
    pay(db, who, 1, PAID_AT)


def test_a_condition_comes_to_a_planned_tranche_only(db: Database) -> None:
    who = scene(db)
    first = tranches(db)[0].id

    def add() -> None:
        db.transaction(
            lambda s: add_tranche_condition(
                s, tranche_id=first, kind="precedent", text="보험 가입", actor=who.one, at=PAID_AT
            )
        )

    add()
    assert [row.text for row in conditions(db)] == ["보험 가입"]
    db.transaction(
        lambda s: meet_tranche_condition(
            s, condition_id=conditions(db)[0].id, evidence="증권", actor=who.one, at=PAID_AT
        )
    )
    pay(db, who, 1, PAID_AT)
    with pytest.raises(TransitionRefusedError):
        add()


def test_a_schedule_that_does_not_add_up_signs_nothing(db: Database) -> None:
    with pytest.raises(InvalidInputError, match="differ from the commitment"):
        scene(db, schedule=SCHEDULE[:1])


def test_somebody_recused_sees_the_sum_of_a_call_and_not_what_it_is_for(db: Database) -> None:
    who = scene(db)
    pay(db, who, 1)
    with db.read() as session:
        from fundapp.portfolio.tables import Award  # noqa: PLC0415 - this test alone needs it

        hidden = session.scalars(select(Award.application_id)).one()
    viewer = Viewer(None, roles=frozenset({"finance"}), recused_from=frozenset({hidden}))
    row = calls(db, viewer=viewer)[0]
    assert (row.amount_krw, [(line.award, line.company, line.hidden) for line in row.lines]) == (
        50_000_000,
        [(None, None, True)],
    )
    with db.read() as session:
        assert list_callable(session, viewer) == []


def test_the_list_of_calls_takes_the_same_statements_for_1_and_for_many(db: Database) -> None:
    who = scene(db)
    pay(db, who, 1)

    def count() -> tuple[int, int]:
        seen: list[str] = []

        def note(*args: object) -> None:
            seen.append(str(args[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        rows = calls(db)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(rows), len(seen)

    few = count()

    def more(session: Session) -> None:
        for year in range(2027, 2039):
            for number in range(1, 5):
                call_expense(
                    session,
                    expense="custody",
                    quarter=Quarter(year, number),
                    amount_krw=1,
                    effective_on=DUE,
                    actor=SYSTEM,
                    at=PAID_AT,
                )

    db.transaction(more)
    many = count()
    assert (few[0], many[0]) == (1, 49)
    assert few[1] == many[1]


def test_a_cost_of_a_quarter_is_asked_for_once(db: Database) -> None:
    who = scene(db)
    wanted = {"tranche_ids": [], "expenses": [ExpenseLine("audit", Q3, 1_000_000)]}
    draft(db, who.one, **wanted)
    with pytest.raises(TransitionRefusedError):
        draft(db, who.one, **wanted)
    assert [row.amount_krw for row in calls(db)] == [1_000_000]
