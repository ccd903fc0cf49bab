"""Where a pool's hours went, told from the ledger alone."""

from __future__ import annotations

from datetime import date

import pytest
from committee_factory import AT, do, person
from sqlalchemy import event
from sqlalchemy.orm import Session

from fundapp.allocation import actions, queries
from fundapp.core.access import SYSTEM
from fundapp.core.errors import NotFoundError
from fundapp.core.quantities import gpu_hours
from fundapp.core.sessions import Database
from fundapp.ledger.actions import hold, open_account, post
from fundapp.ledger.rules import Leg

DAY = date(2026, 7, 1)
POOL = "pool:microsoft:h100:koreacentral:2026Q3"
GRANT = "grant:AW-2026-0001:h100:koreacentral:2026Q3"
USED, EXPIRED = "used:AW-2026-0001:h100", "expired:microsoft:h100"


def add_pool(session: Session, *, sku: str = "h100", quarter: str = "2026Q3", hours: int = 1000) -> None:
    actions.add_investor(
        session, code="microsoft", name_ko="현물", name_en="In kind", kind="in_kind", actor=SYSTEM, at=AT
    )
    actions.add_pool(
        session,
        investor="microsoft",
        sku=sku,
        region="koreacentral",
        quarter=quarter,
        hours=gpu_hours(sku.upper(), hours),
        rate_krw=5200,
        actor=SYSTEM,
        at=AT,
        key=f"{sku}{quarter}",
    )


def move(session: Session, debit: str, credit: str, hours: int) -> None:
    open_account(session, credit, "GPUH.H100", on=DAY)
    post(
        session,
        key=f"{debit}>{credit}",
        kind="award",
        legs=[Leg(debit, credit, gpu_hours("H100", hours))],
        effective_on=DAY,
        actor=SYSTEM,
        at=AT,
    )


def live(session: Session) -> None:
    """Contribute 1,000 hours: grant 400, use 150, let 100 of the grant and 50 of the pool lapse, hold 200."""
    add_pool(session)
    add_pool(session, quarter="2026Q4", hours=7)
    move(session, POOL, GRANT, 400)
    move(session, GRANT, USED, 150)
    move(session, GRANT, EXPIRED, 100)
    move(session, POOL, EXPIRED, 50)
    open_account(session, "reserved:x", "GPUH.H100", on=DAY)
    hold(
        session,
        key="reserve:x",
        kind="reserve",
        legs=[Leg(POOL, "reserved:x", gpu_hours("H100", 200))],
        effective_on=DAY,
        actor=SYSTEM,
        at=AT,
    )


def test_a_pool_tells_where_its_hours_went(db: Database) -> None:
    do(db, live)
    with db.read() as session:
        first, second = queries.list_pools(session, SYSTEM)
    assert (first.quarter, first.rate_krw, first.account) == ("2026Q3", 5200, POOL)
    assert (first.contributed, first.held, first.granted) == (10_000_000, 2_000_000, 4_000_000)
    assert (first.used, first.expired, first.free) == (1_500_000, 1_500_000, 3_500_000)
    assert (second.contributed, second.granted, second.used, second.expired) == (70_000, 0, 0, 0)


def test_hours_given_back_by_a_grant_are_not_granted_any_more(db: Database) -> None:
    do(db, live)
    do(db, lambda s: move(s, GRANT, POOL, 60))
    with db.read() as session:
        first = queries.list_pools(session, SYSTEM)[0]
    assert (first.granted, first.free) == (3_400_000, 4_100_000)


def test_a_late_record_of_use_takes_lapsed_hours_back(db: Database) -> None:
    do(db, live)
    do(db, lambda s: move(s, EXPIRED, GRANT, 30))
    with db.read() as session:
        assert queries.list_pools(session, SYSTEM)[0].expired == 1_200_000


def test_pools_can_be_asked_for_by_quarter(db: Database) -> None:
    do(db, live)
    with db.read() as session:
        assert [row.quarter for row in queries.list_pools(session, SYSTEM, quarter="2026Q4")] == ["2026Q4"]


def test_partners_see_pools_and_applicants_do_not(db: Database) -> None:
    do(db, live)
    partner, applicant = person(db, "Partner", "partner"), person(db, "Applicant", "applicant")
    with db.read() as session:
        assert len(queries.list_pools(session, partner)) == 2
        with pytest.raises(NotFoundError):
            queries.list_pools(session, applicant)
        with pytest.raises(NotFoundError):
            queries.list_plans(session, partner)


def test_listing_pools_costs_as_many_statements_with_fifty_as_with_one(db: Database) -> None:
    def count() -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        with db.read() as session:
            queries.list_pools(session, SYSTEM)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    do(db, add_pool)
    single = count()

    def more(session: Session) -> None:
        for number in range(49):
            add_pool(session, sku=f"x{number}")

    do(db, more)
    assert count() == single


def test_investors_are_listed_with_what_they_promised(db: Database) -> None:
    do(db, add_pool)
    with db.read() as session:
        rows = queries.list_investors(session, SYSTEM)
    assert [(row.code, row.kind, row.committed_krw) for row in rows] == [("microsoft", "in_kind", 0)]


def test_there_is_no_fund_before_it_is_founded(db: Database) -> None:
    with db.read() as session:
        assert queries.find_fund(session) is None
