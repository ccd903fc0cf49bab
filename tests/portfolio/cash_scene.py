"""A signed award with people around it, for the tests of cash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portfolio.fund_factory import AT, SIGNED, SIGNED_AT, add_person, add_pool, decide, found_fund
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.queries import find_balance
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions import SignedAward, disburse_tranche, prepare_tranche, sign_award
from fundapp.portfolio.rules import TrancheTerms
from fundapp.portfolio.tables import Tranche


@dataclass(frozen=True)
class Scene:
    award: SignedAward
    one: Viewer
    two: Viewer
    chair: Viewer


def scene(
    db: Database,
    *,
    krw: int = 100_000_000,
    instrument: str = "RCPS",
    schedule: Sequence[TrancheTerms] = (),
    second_investor_krw: int = 0,
) -> Scene:
    """An award of so many won and 400 hours, with a second cash investor if asked; nothing is paid."""

    def work(session: Session) -> Scene:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, krw=krw, hours=[(pool, 400)])
        if second_investor_krw:
            add_investor(session, "nhn", second_investor_krw)
        award = sign_award(
            session,
            decision_id=case.decision_id,
            instrument=instrument,
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
            schedule=schedule,
        )
        people = [add_person(session, name, "finance") for name in ("Han", "Seo")]
        return Scene(award, *people, add_person(session, "Cha", "chair"))

    return db.transaction(work)


def add_investor(session: Session, code: str, krw: int) -> None:
    session.add(Investor(code=code, name_ko=code, name_en=code, kind="cash", committed_krw=krw))
    open_account(session, f"investor:{code}", "KRW", on=date(2026, 1, 2), floor=None)
    open_account(session, f"pool:{code}", "KRW", on=date(2026, 1, 2))
    post(
        session,
        key=f"commitment:{code}",
        kind="commitment",
        legs=[Leg(f"investor:{code}", f"pool:{code}", won(krw))],
        effective_on=date(2026, 1, 2),
        actor=SYSTEM,
        at=AT,
    )
    session.flush()


def tranches(db: Database) -> list[Tranche]:
    with db.read() as session:
        return list(session.scalars(select(Tranche).order_by(Tranche.number)))


def pay(db: Database, who: Scene, number: int, at: datetime = SIGNED_AT) -> None:
    tranche = next(one for one in tranches(db) if one.number == number)
    db.transaction(lambda s: prepare_tranche(s, tranche_id=tranche.id, evidence="점검표", actor=who.one, at=at))
    db.transaction(lambda s: disburse_tranche(s, tranche_id=tranche.id, key=f"pay{number}", actor=who.two, at=at))


def balance(db: Database, path: str) -> int:
    with db.read() as session:
        row = find_balance(session, path, "KRW")
    return 0 if row is None else row.posted
