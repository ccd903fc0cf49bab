"""What an open condition of the decision keeps back: cash, GPU time, or the agreement."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fund_factory import AT, HOUR, SIGNED, SIGNED_AT, Case, add_person, add_pool, decide, found_fund
from sqlalchemy import update
from sqlalchemy.orm import Session

from fundapp.committee.tables import Condition
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.ledger.queries import find_balance, verify
from fundapp.portfolio.actions import disburse_tranche, free_held_hours, prepare_tranche, sign_award
from fundapp.portfolio.actions.held import require_hours_free
from fundapp.portfolio.actions.moving import load_award
from fundapp.portfolio.queries import award_page
from fundapp.portfolio.rules import ConditionsOpenError, HoursHeldError, TrancheNotReadyError

GRANT = "AW-2026-0001:h100:koreacentral:2026Q3"


def set_up(db: Database, scope: str, release: str = "at_once") -> tuple[Case, Viewer, Viewer]:
    def work(session: Session) -> tuple[Case, Viewer, Viewer]:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 400)], conditions=("보안성 검토 통과",), release=release)
        session.execute(update(Condition).values(scope=scope))
        return case, add_person(session, "Han", "finance"), add_person(session, "Seo", "finance")

    return db.transaction(work)


def sign(db: Database, case: Case) -> str:
    return db.transaction(
        lambda s: sign_award(
            s, decision_id=case.decision_id, instrument="RCPS", key="k", actor=SYSTEM, at=SIGNED_AT, signed_on=SIGNED
        )
    ).number


def meet(db: Database) -> None:
    change = update(Condition).values(state="met", resolved_at=AT, resolved_by="x", evidence="x")
    db.transaction(lambda s: s.execute(change))


def hours(db: Database, head: str) -> int:
    with db.read() as session:
        row = find_balance(session, f"{head}:{GRANT}", "GPUH.H100")
    return row.free // HOUR if row else 0


def free(db: Database, who: Viewer) -> int:
    return db.transaction(lambda s: free_held_hours(s, award="AW-2026-0001", actor=who, at=SIGNED_AT))


def test_a_condition_of_both_keeps_the_agreement_back(db: Database) -> None:
    case, *_ = set_up(db, "both")
    with pytest.raises(ConditionsOpenError):
        sign(db, case)


def test_a_cash_condition_keeps_the_payment_back_at_proposing_and_at_paying(db: Database) -> None:
    case, one, two = set_up(db, "cash")
    number = sign(db, case)
    assert hours(db, "grant") == 400
    with db.read() as session:
        first = award_page(session, one, number).tranches[0].id

    def prepare() -> None:
        db.transaction(lambda s: prepare_tranche(s, tranche_id=first, actor=one, at=SIGNED_AT))

    def pay() -> None:
        db.transaction(lambda s: disburse_tranche(s, tranche_id=first, key="p", actor=two, at=SIGNED_AT))

    with pytest.raises(TrancheNotReadyError) as refused:
        prepare()
    assert refused.value.message("ko") == (
        "1차분을 집행할 수 없습니다: 위원회의 이행조건이 남아 있습니다: 1. 보안성 검토 통과"
    )
    meet(db)
    prepare()
    reopened = update(Condition).values(state="open", resolved_at=None)
    db.transaction(lambda s: s.execute(reopened))
    with pytest.raises(TrancheNotReadyError):
        pay()
    meet(db)
    pay()
    with db.read() as session:
        assert award_page(session, one, number).tranches[0].state == "disbursed"


def test_a_gpu_condition_holds_the_hours_back_until_it_has_ended_and_staff_release_them_once(db: Database) -> None:
    case, one, _ = set_up(db, "gpu")
    number = sign(db, case)
    assert (hours(db, "grant"), hours(db, "unreleased")) == (0, 400)
    with pytest.raises(ConditionsOpenError):
        free(db, one)
    meet(db)
    with db.read() as session:
        assert award_page(session, one, number).hold
        with pytest.raises(HoursHeldError):
            require_hours_free(session, load_award(session, number)[0])
    assert free(db, one) == 400 * HOUR
    assert (hours(db, "grant"), hours(db, "unreleased")) == (400, 0)
    with pytest.raises(TransitionRefusedError):
        free(db, one)
    with db.read() as session:
        assert not award_page(session, one, number).hold
        assert verify(session).ok


def test_hours_released_by_halves_open_the_first_half_only(db: Database) -> None:
    case, one, _ = set_up(db, "gpu", release="half")
    sign(db, case)
    meet(db)
    free(db, one)
    assert (hours(db, "grant"), hours(db, "unreleased")) == (200, 200)


def test_a_gpu_condition_leaves_the_cash_alone(db: Database) -> None:
    case, one, _ = set_up(db, "gpu")
    number = sign(db, case)
    with db.read() as session:
        first = award_page(session, one, number).tranches[0].id
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first, actor=one, at=SIGNED_AT + timedelta(days=1)))
    with db.read() as session:
        assert award_page(session, one, number).tranches[0].state == "prepared"


def test_who_may_not_change_an_award_does_not_release_its_hours(db: Database) -> None:
    case, *_ = set_up(db, "gpu")
    sign(db, case)
    meet(db)
    partner = db.transaction(lambda s: add_person(s, "Lim", "partner"))
    with pytest.raises(NotFoundError):
        free(db, partner)
