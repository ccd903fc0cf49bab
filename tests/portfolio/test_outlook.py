"""Demand of the coming quarters against what is announced, in sums that a person can check."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from fund_factory import SIGNED_AT, add_person
from grant_scenes import Q3, Q4, REGION, set_up
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.actions import announce_capacity
from fundapp.allocation.rules.outlook import Demand, Outlook, coming_quarters, look_ahead
from fundapp.allocation.tables import CapacityAnnouncement
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Company, Submission
from fundapp.portfolio.actions.waitlist import Wanted, join_waitlist
from fundapp.portfolio.queries import capacity_outlook

H100_Q4 = ("h100", Q4)


def test_an_outlook_covers_the_four_quarters_after_this_one() -> None:
    assert coming_quarters(Quarter(2026, 3)) == ("2026Q4", "2027Q1", "2027Q2", "2027Q3")


def test_expected_adds_the_likely_part_of_what_is_asked_and_never_falls_below_the_usual() -> None:
    demand = Demand(
        promised={H100_Q4: 300},
        waiting={H100_Q4: 50},
        asked={H100_Q4: 1001},
        granted_share=Fraction(2, 5),
        usual={"h100": 600},
    )
    now, later = look_ahead((Q4, "2027Q1"), demand, {H100_Q4: 500}, {H100_Q4: 700})
    # 2/5 of 1,001 is 400.4, so 401 hours are likely
    assert (now.bound, now.likely, now.expected, now.high) == (350, 401, 751, 1351)
    assert (now.capacity, now.announced, now.spare) == (700, True, -51)
    assert (later.bound, later.expected, later.high, later.capacity) == (0, 600, 600, 0)


def test_before_any_decision_all_that_is_asked_is_expected() -> None:
    demand = Demand({}, {}, {H100_Q4: 100}, None, {})
    (row,) = look_ahead((Q4,), demand, {}, {})
    assert row == Outlook("h100", Q4, 0, 0, 100, 100, 0, 0, announced=False)


def announce(
    db: Database, hours: int, *, who: Viewer = SYSTEM, day: date = date(2026, 6, 30), quarter: str = Q4
) -> None:
    db.transaction(
        lambda s: announce_capacity(
            s,
            investor="microsoft",
            sku="H100",
            region=REGION,
            quarter=quarter,
            hours=hours,
            announced_on=day,
            source="분기 점검 회의",
            actor=who,
            at=SIGNED_AT,
        )
    )


def ask_for(db: Database, hours: int) -> None:
    """Let another company apply for hours of the next quarter."""

    def work(session: Session) -> None:
        first = session.scalars(select(Application)).one()
        company = Company(identifier="9999999999", name="나래시험", region="부산", created_at=SIGNED_AT)
        session.add(company)
        session.flush()
        again = Application(
            number="AX-T-9001",
            call_id=first.call_id,
            company_id=company.id,
            state="eligible",
            answers={},
            created_at=SIGNED_AT,
            updated_at=SIGNED_AT,
        )
        session.add(again)
        session.flush()
        session.add(
            Submission(
                application_id=again.id,
                version=1,
                answers={f"gpu_h100_{Q4}": str(hours)},
                sha256="4" * 64,
                submitted_at=SIGNED_AT,
                submitted_by="applicant",
            )
        )

    db.transaction(work)


def test_the_outlook_reads_grants_waitlist_requests_and_announcements(db: Database) -> None:
    world = set_up(db, hours=400)
    wanted = Wanted("h100", REGION, Q4, 70 * HOUR, HOUR)
    db.transaction(lambda s: join_waitlist(s, award=world.award, wanted=wanted, key="w", actor=SYSTEM, at=SIGNED_AT))
    ask_for(db, 900)
    announce(db, 5000)
    announce(db, 1500)
    with db.read() as session:
        found = capacity_outlook(session, SYSTEM, SIGNED_AT)
    row = next(row for row in found.rows if (row.sku, row.quarter) == H100_Q4)
    assert (row.promised, row.waiting, row.asked, row.usual) == (0, 70, 900, 400)
    assert (row.capacity, row.announced) == (1500, True)
    assert [(one.quarter, one.hours, one.source) for one in found.announcements] == [(Q4, 1500, "분기 점검 회의")]
    start = {(one.sku, one.quarter): one for one in found.start}
    assert [start["h100", Q3].granted, start["h100", Q3].free] == [400 * HOUR, 600 * HOUR]
    assert start[H100_Q4].waiting == 70 * HOUR


def test_partners_see_it_and_applicants_do_not(db: Database) -> None:
    world = set_up(db)
    partner = db.transaction(lambda s: add_person(s, "Kt", "partner", investor="kt"))
    with db.read() as session:
        assert capacity_outlook(session, partner, SIGNED_AT).quarters[0] == Q4
        with pytest.raises(NotFoundError):
            capacity_outlook(session, replace(world.company, roles=frozenset({"applicant"})), SIGNED_AT)


@pytest.mark.parametrize(
    ("hours", "day", "quarter", "field"),
    [
        (-1, date(2026, 6, 30), Q4, "hours"),
        (1, date(2026, 7, 2), Q4, "announced_on"),
        (1, date(2026, 6, 30), "2026Q2", "quarter"),
    ],
)
def test_an_announcement_that_cannot_be_is_refused(
    db: Database, hours: int, day: date, quarter: str, field: str
) -> None:
    set_up(db)
    with pytest.raises(InvalidInputError) as refused:
        announce(db, hours, day=day, quarter=quarter)
    assert refused.value.details["field"] == field


def test_only_finance_announces_and_only_for_who_gives_in_kind(db: Database) -> None:
    world = set_up(db)
    announce(db, 10, who=world.staff)
    with pytest.raises(NotFoundError):
        announce(db, 10, who=world.other_staff)
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda s: announce_capacity(
                s,
                investor="kt",
                sku="h100",
                region=REGION,
                quarter=Q4,
                hours=1,
                announced_on=date(2026, 6, 30),
                source="x",
                actor=world.staff,
                at=SIGNED_AT,
            )
        )
    with db.read() as session:
        assert [row.hours for row in session.scalars(select(CapacityAnnouncement))] == [10]
