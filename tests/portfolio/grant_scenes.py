"""An award with GPU time, the company's person and staff: where every test of changes, reclaim and waitlist begins."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from fund_factory import HOUR, REGION, SIGNED, SIGNED_AT, Case, add_person, add_pool, decide, found_fund
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.queries import PoolRow, list_pools
from fundapp.allocation.tables import Pool
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.orm import new_id
from fundapp.core.sessions import Database
from fundapp.intake.tables import Call, Membership
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.queries import balances, verify
from fundapp.portfolio.actions import sign_award
from fundapp.portfolio.actions.moving import moving_legs
from fundapp.portfolio.tables import Award, Grant, UsageDay

MID_QUARTER = datetime(2026, 8, 10, 3, 0, tzinfo=UTC)
Q3, Q4 = "2026Q3", "2026Q4"


@dataclass(frozen=True)
class World:
    """One award of 400 of 1,000 H100 hours of 2026Q3, its company's person, two of staff, and finance."""

    award: str
    grant_id: uuid.UUID
    company: Viewer
    stranger: Viewer
    staff: Viewer
    other_staff: Viewer
    pools: dict[str, uuid.UUID]

    def account(self, sku: str = "h100", quarter: str = Q3) -> str:
        return f"grant:{self.award}:{sku}:{REGION}:{quarter}"


def set_up(db: Database, *, release: str = "at_once", hours: int = 400, **document: object) -> World:
    """Sign an award; pools are H100 at 5,200 in both quarters and A100 at 3,900 in the third."""

    def work(session: Session) -> World:
        found_fund(session)
        pools = {
            "h100": add_pool(session),
            "a100": add_pool(session, sku="a100", rate_krw=3900),
            "q4": add_pool(session, quarter=Q4),
        }
        case = decide(session, hours=[(pools["h100"], hours)], release=release)
        session.scalars(select(Call)).one().document = dict(document)
        award = sign(session, case, "sign")
        person = add_person(session, "Han", "applicant")
        session.add(Membership(company_id=case.company_id, person_id=person.person_id, role="owner"))
        session.flush()
        return World(
            award=award,
            grant_id=session.scalars(select(Grant.id)).one(),
            company=replace(person, company_ids=frozenset({case.company_id})),
            stranger=replace(add_person(session, "Other", "applicant"), company_ids=frozenset({new_id()})),
            staff=add_person(session, "Seo", "finance"),
            other_staff=add_person(session, "Noh", "analyst"),
            pools={name: pool.id for name, pool in pools.items()},
        )

    return db.transaction(work)


def sign(session: Session, case: Case, key: str) -> str:
    """Sign a decision and return the award's number."""
    return sign_award(
        session,
        decision_id=case.decision_id,
        instrument="RCPS",
        key=key,
        actor=SYSTEM,
        at=SIGNED_AT,
        signed_on=SIGNED,
    ).number


def add_award(db: Database, business_number: str, hours: int, *, pool: str = "h100") -> tuple[str, Viewer]:
    """Sign one more award of another company; return its number and the company's person."""

    def work(session: Session) -> tuple[str, Viewer]:
        found = session.scalars(select(Pool).where(Pool.sku == pool, Pool.quarter == Q3)).one()
        lines = [(found, hours)] if hours else []
        case = decide(session, business_number=business_number, name=business_number, krw=1, hours=lines)
        person = add_person(session, f"P{business_number}", "applicant")
        session.add(Membership(company_id=case.company_id, person_id=person.person_id, role="owner"))
        session.flush()
        return sign(session, case, business_number), replace(person, company_ids=frozenset({case.company_id}))

    return db.transaction(work)


def use(db: Database, number: str, hours: int, day: date, *, sku: str = "h100", quarter: str = Q3) -> None:
    """Draw hours from a grant as the usage import does: a posting, and the day's record."""

    def work(session: Session) -> None:
        pool = session.scalars(select(Pool).where(Pool.sku == sku, Pool.quarter == quarter)).one()
        grant = f"grant:{number}:{sku}:{REGION}:{quarter}"
        legs = moving_legs(session, pool, grant, f"used:{number}:{sku}", hours * HOUR, day)
        post(
            session,
            key=f"use:{number}:{sku}:{day}",
            kind="drawdown",
            legs=legs,
            effective_on=day,
            actor=SYSTEM,
            at=SIGNED_AT,
            source_ref=f"usage:{number}",
        )
        _record(session, number, sku, hours, day)

    db.transaction(work)


def _record(session: Session, number: str, sku: str, hours: int, day: date) -> None:
    award_id = session.scalars(select(Award.id).where(Award.number == number)).one()
    session.add(
        UsageDay(
            owner=number,
            award_id=award_id,
            sku=sku,
            region=REGION,
            utc_day=day,
            scope="/subscriptions/one",
            billing_month=day.replace(day=1),
            posted_e4=hours * HOUR,
            effective_on=day,
            posting=1,
        )
    )


def overuse(db: Database, number: str, hours: int, day: date) -> None:
    """Record use beyond every grant of a quarter."""

    def work(session: Session) -> None:
        pool = session.scalars(select(Pool).where(Pool.sku == "h100", Pool.quarter == Q3)).one()
        source = f"overage:{number}:h100:{REGION}:{Q3}"
        target = f"used:{number}:h100"
        legs = moving_legs(session, pool, source, target, abs(hours) * HOUR, day)
        for leg in legs:
            open_account(session, source, leg.quantity.commodity, on=day, floor=None)
        if hours < 0:
            legs = [replace(leg, debit=target, credit=source) for leg in legs]
        post(
            session,
            key=f"over:{number}:{day}",
            kind="drawdown",
            legs=legs,
            effective_on=day,
            actor=SYSTEM,
            at=SIGNED_AT,
            source_ref=f"usage:{number}",
        )
        _record(session, number, "h100", hours, day)

    db.transaction(work)


def hours_on(db: Database, account: str) -> int:
    """Return the posted whole hours of an account; a part of an hour fails."""
    with db.read() as session:
        posted = sum(row.posted for row in balances(session, prefix=account) if row.commodity.startswith("GPUH."))
    assert posted % HOUR == 0
    return posted // HOUR


def pool_rows(db: Database) -> dict[tuple[str, str], PoolRow]:
    """Return the pools by SKU and quarter."""
    with db.read() as session:
        return {(row.sku, row.quarter): row for row in list_pools(session, SYSTEM)}


def assert_settled(db: Database) -> None:
    """Assert that the ledger verifies and every hour contributed is somewhere, once."""
    with db.read() as session:
        assert verify(session).problems == []
        rows = list_pools(session, SYSTEM)
        value = {row.account: row.posted for row in balances(session, prefix="pool:") if row.commodity == "KRW-IMPUTED"}
        held = {row.account: row.held for row in balances(session, prefix="pool:") if row.commodity == "KRW-IMPUTED"}
    for row in rows:
        awarded = row.unreleased + row.remaining + row.used
        assert row.contributed == row.returned + row.free + row.held + row.offered + awarded + row.expired
        assert min(row.free, row.held, row.offered, row.unreleased, row.remaining, row.used, row.expired) >= 0
        assert value[row.account] - held[row.account] == row.free * row.rate_krw
