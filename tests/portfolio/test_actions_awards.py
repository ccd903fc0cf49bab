from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from fund_factory import AT, HOUR, SIGNED, SIGNED_AT, Case, add_person, add_pool, decide, found_fund
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.audit.queries import verify_chain
from fundapp.committee.tables import Ballot, Condition
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import (
    FourEyesError,
    HeadroomExceededError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.ledger.actions import post
from fundapp.ledger.queries import find_balance, transfers, verify
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions import (
    SignedAward,
    disburse_tranche,
    expire_grants,
    prepare_tranche,
    release_unsigned,
    return_tranche,
    sign_award,
)
from fundapp.portfolio.queries import award_page, list_awards
from fundapp.portfolio.rules import ConditionsOpenError, TrancheNotReadyError
from fundapp.portfolio.tables import Award, Grant, Tranche


@dataclass(frozen=True)
class Scene:
    case: Case
    one: Viewer
    two: Viewer


def set_up(db: Database, *, conditions: tuple[str, ...] = (), outcome: str = "carried") -> Scene:
    def work(session: Session) -> Scene:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, hours=[(pool, 400)], conditions=conditions, outcome=outcome)
        return Scene(case, add_person(session, "Han", "finance"), add_person(session, "Seo", "finance"))

    return db.transaction(work)


def sign(db: Database, case: Case, key: str = "k1", instrument: str = "RCPS") -> SignedAward:
    return db.transaction(
        lambda s: sign_award(
            s,
            decision_id=case.decision_id,
            instrument=instrument,
            key=key,
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )
    )


def posted(db: Database, path: str, commodity: str) -> int:
    with db.read() as session:
        row = find_balance(session, path, commodity)
    assert row is not None
    return row.posted


def tranches_of(db: Database) -> list[Tranche]:
    with db.read() as session:
        return list(session.scalars(select(Tranche).order_by(Tranche.number)))


def test_signing_is_refused_and_names_the_condition_that_is_still_open(db: Database) -> None:
    scene = set_up(db, conditions=("보안성 검토 통과", "시험 환경 개통"))
    db.transaction(
        lambda s: s.execute(
            update(Condition).where(Condition.number == 1).values(state="met", resolved_at=AT, resolved_by="x")
        )
    )
    with pytest.raises(ConditionsOpenError) as refused:
        sign(db, scene.case)
    assert refused.value.message("ko") == "이행조건이 남아 있습니다: 2. 시험 환경 개통"


def test_signing_turns_the_reservation_into_commitment_and_grant_in_one_step(db: Database) -> None:
    scene = set_up(db)
    assert sign(db, scene.case).number == "AW-2026-0001"
    grant = "grant:AW-2026-0001:h100:koreacentral:2026Q3"
    assert posted(db, "award:AW-2026-0001", "KRW") == 100_000_001
    assert posted(db, grant, "GPUH.H100") == 400 * HOUR
    assert posted(db, grant, "KRW-IMPUTED") == 400 * 5200 * 10_000
    with db.read() as session:
        pool = find_balance(session, "pool:microsoft:h100:koreacentral:2026Q3", "GPUH.H100")
        cash = find_balance(session, "pool:kt", "KRW")
        assert pool is not None
        assert cash is not None
        assert (pool.posted, pool.held) == (600 * HOUR, 0)
        assert (cash.posted, cash.held) == (899_999_999, 0)
        assert session.get_one(Application, scene.case.application_id).state == "awarded"
        assert verify(session).ok
        assert verify_chain(session).ok


def test_signing_twice_with_one_key_gives_the_same_award(db: Database) -> None:
    scene = set_up(db)
    first = sign(db, scene.case)
    assert sign(db, scene.case) == first


def test_signing_again_with_another_key_is_refused(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    with pytest.raises(TransitionRefusedError):
        sign(db, scene.case, key="k2")
    with db.read() as session:
        assert len(session.scalars(select(Award)).all()) == 1


def test_a_decision_that_was_not_carried_cannot_be_signed(db: Database) -> None:
    scene = set_up(db, outcome="deferred")
    with pytest.raises(TransitionRefusedError):
        sign(db, scene.case)


def test_a_decision_that_is_voted_on_again_is_neither_signed_nor_released(db: Database) -> None:
    scene = set_up(db)

    def reopened(session: Session) -> None:
        old = session.scalars(select(Ballot)).one()
        session.add(
            Ballot(
                meeting_id=old.meeting_id,
                application_id=old.application_id,
                proposed_krw=old.proposed_krw,
                gpu_lines=old.gpu_lines,
                conditions=[],
                hold_keys=old.hold_keys,
                rule=old.rule,
                reopens_id=old.id,
                opened_by="test",
                opened_at=AT,
            )
        )

    db.transaction(reopened)
    with pytest.raises(TransitionRefusedError, match="Reopened"):
        sign(db, scene.case)
    with pytest.raises(TransitionRefusedError, match="Reopened"):
        db.transaction(
            lambda s: release_unsigned(
                s, decision_id=scene.case.decision_id, reason="사양", actor=scene.one, at=SIGNED_AT
            )
        )


def test_somebody_recused_does_not_learn_that_there_is_anything_to_sign(db: Database) -> None:
    scene = set_up(db)
    recused = Viewer(
        scene.one.person_id,
        name="Han",
        roles=frozenset({"finance"}),
        recused_from=frozenset({scene.case.application_id}),
    )
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda s: sign_award(
                s,
                decision_id=scene.case.decision_id,
                instrument="RCPS",
                key="k",
                actor=recused,
                at=SIGNED_AT,
                signed_on=SIGNED,
            )
        )


def test_signing_fails_whole_when_the_pool_has_been_spent_meanwhile(db: Database) -> None:
    scene = set_up(db)

    def spend(session: Session) -> None:
        from fundapp.ledger.actions import open_account, void_hold  # noqa: PLC0415 - this test alone undoes a hold

        void_hold(session, hold_key=scene.case.hold_key, key="v", effective_on=SIGNED, actor=SYSTEM, at=AT)
        open_account(session, "award:other", "KRW", on=SIGNED)
        leg = Leg("pool:kt", "award:other", won(950_000_000))
        post(session, key="other", kind="award", legs=[leg], effective_on=SIGNED, actor=SYSTEM, at=AT)

    db.transaction(spend)
    with pytest.raises(HeadroomExceededError):
        sign(db, scene.case)
    with db.read() as session:
        assert session.scalars(select(Award)).all() == []
        assert session.get_one(Application, scene.case.application_id).state == "approved"


def test_the_odd_won_is_paid_with_the_first_half(db: Database) -> None:
    sign(db, set_up(db).case)
    assert [row.amount_krw for row in tranches_of(db)] == [50_000_001, 50_000_000]


def test_a_grant_lapses_after_the_last_utc_day_of_its_quarter(db: Database) -> None:
    sign(db, set_up(db).case)
    with db.read() as session:
        assert session.scalars(select(Grant.expires_on)).one() == date(2026, 9, 30)


def test_paying_a_tranche_calls_the_investor_and_pays_the_company(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first = tranches_of(db)[0]
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=AT))
    late = AT.replace(hour=15)  # 00:00 of the next day in Seoul
    db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d1", actor=scene.two, at=late))
    assert posted(db, "investment:AW-2026-0001", "KRW") == 50_000_001
    assert posted(db, "award:AW-2026-0001", "KRW") == 50_000_000
    assert posted(db, "bank:fund", "KRW") == 0
    with db.read() as session:
        rows = transfers(session, source_ref="award:AW-2026-0001")
    paid = [(row.kind, row.effective_on) for row in rows if row.kind != "award"]
    assert paid == [("capital_call", date(2026, 6, 21)), ("disbursement", date(2026, 6, 21))]


def test_who_prepared_a_tranche_may_not_pay_it(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first = tranches_of(db)[0]
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=AT))
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d", actor=scene.one, at=AT))


def test_the_system_may_neither_prepare_nor_pay(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first = tranches_of(db)[0]
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=SYSTEM, at=AT))
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=AT))
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d", actor=SYSTEM, at=AT))


def test_nothing_is_paid_before_the_date_of_the_agreement(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first = tranches_of(db)[0]
    early = AT - timedelta(days=1)
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=early))
    with pytest.raises(TrancheNotReadyError, match="the agreement is dated 2026-06-20"):
        db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d", actor=scene.two, at=early))
    assert tranches_of(db)[0].state == "prepared"


def test_the_second_half_waits_for_the_first_and_for_evidence(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first, second = tranches_of(db)
    with pytest.raises(TrancheNotReadyError, match="an earlier one is unpaid"):
        db.transaction(lambda s: prepare_tranche(s, tranche_id=second.id, evidence="x", actor=scene.one, at=AT))
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=AT))
    db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d1", actor=scene.two, at=AT))
    with pytest.raises(TrancheNotReadyError, match="evidence is needed"):
        db.transaction(lambda s: prepare_tranche(s, tranche_id=second.id, evidence=" ", actor=scene.one, at=AT))
    db.transaction(lambda s: prepare_tranche(s, tranche_id=second.id, evidence="점검표", actor=scene.one, at=AT))
    assert tranches_of(db)[1].state == "prepared"


def test_a_tranche_sent_back_can_be_prepared_by_somebody_else(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    first = tranches_of(db)[0]
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.one, at=AT))
    db.transaction(lambda s: return_tranche(s, tranche_id=first.id, reason="계좌 확인", actor=scene.two, at=AT))
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, actor=scene.two, at=AT))
    db.transaction(lambda s: disburse_tranche(s, tranche_id=first.id, key="d", actor=scene.one, at=AT))
    assert tranches_of(db)[0].state == "disbursed"


def test_unused_hours_lapse_once_after_expiry_with_their_value(db: Database) -> None:
    sign(db, set_up(db).case)
    last_moment = AT.replace(month=9, day=30, hour=23, minute=59)
    assert db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=last_moment)).grants == 0
    after = last_moment + timedelta(minutes=2)
    first = db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=after))
    again = db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=after + timedelta(days=1)))
    assert (first.grants, first.hours_e4) == (1, {"h100": 400 * HOUR})
    assert (again.grants, again.hours_e4) == (0, {})
    assert posted(db, "expired:microsoft:h100", "GPUH.H100") == 400 * HOUR
    assert posted(db, "expired:microsoft:h100", "KRW-IMPUTED") == 400 * 5200 * 10_000


def test_an_applicant_sees_the_award_of_their_own_company_only(db: Database) -> None:
    scene = set_up(db)
    sign(db, scene.case)
    own = Viewer(None, roles=frozenset({"applicant"}), company_ids=frozenset({scene.case.company_id}))
    other = Viewer(None, roles=frozenset({"applicant"}))
    with db.read() as session:
        assert [row.number for row in list_awards(session, own)] == ["AW-2026-0001"]
        assert list_awards(session, other) == []
        with pytest.raises(NotFoundError):
            award_page(session, other, "AW-2026-0001")


def test_a_partner_has_no_award_pages(db: Database) -> None:
    sign(db, set_up(db).case)
    partner = Viewer(None, roles=frozenset({"partner"}), investor="kt")
    with db.read() as session:
        assert list_awards(session, partner) == []


def test_a_list_of_awards_takes_the_same_statements_for_1_and_for_50(db: Database) -> None:
    def grow(session: Session, first: int, last: int) -> None:
        pool = session.scalars(select(Pool)).one()
        for place in range(first, last):
            case = decide(session, business_number=f"{place:010d}", name=f"{place}", krw=1000, hours=[(pool, 1)])
            sign_award(
                session,
                decision_id=case.decision_id,
                instrument="RCPS",
                key=f"k{place}",
                actor=SYSTEM,
                at=SIGNED_AT,
                signed_on=SIGNED,
            )

    def count() -> tuple[int, int]:
        seen: list[str] = []

        def note(*args: object) -> None:
            seen.append(str(args[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        with db.read() as session:
            rows = list_awards(session, SYSTEM)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(rows), len(seen)

    def begin(session: Session) -> None:
        found_fund(session)
        add_pool(session)
        grow(session, 0, 1)

    db.transaction(begin)
    few = count()
    db.transaction(lambda s: grow(s, 1, 50))
    many = count()
    assert (few[0], many[0]) == (1, 50)
    assert few[1] == many[1]
