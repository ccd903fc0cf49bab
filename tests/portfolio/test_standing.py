"""The next plan starts from what earlier awards hold and who waits."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import grant_scenes
from fund_factory import SIGNED_AT
from grant_scenes import Q3, REGION, set_up
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.planning import Held
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import HOUR
from fundapp.core.sessions import Database
from fundapp.intake.tables import Submission
from fundapp.portfolio.actions.waitlist import Wanted, join_waitlist
from fundapp.portfolio.standing import earlier_awards
from fundapp.portfolio.tables import Award


def held(db: Database) -> list[Held]:
    with db.read() as session:
        return [replace(one, company_id=uuid.UUID(int=0)) for one in earlier_awards(session)]


def of(hours: int, number: str, *, waiting: bool = False, quarter: str = Q3) -> Held:
    return Held(uuid.UUID(int=0), number, "h100", quarter, hours, waiting)


def test_a_grant_holds_what_it_was_given_however_much_of_it_is_used(db: Database) -> None:
    world = set_up(db, hours=400)
    grant_scenes.use(db, world.award, 150, date(2026, 7, 10))
    assert held(db) == [of(400, world.award)]


def test_a_half_that_waits_for_its_report_is_held_as_well(db: Database) -> None:
    world = set_up(db, hours=400, release="half")
    assert held(db) == [of(400, world.award)]


def test_the_waitlist_takes_what_is_free_in_its_order_and_the_earliest_quarter_first(db: Database) -> None:
    world = set_up(db, hours=400)
    second, _ = grant_scenes.add_award(db, "2234567890", 100)
    for number, hours, quarter in ((second, 450, Q3), (world.award, 200, None)):
        wanted = Wanted("h100", REGION, quarter, hours * HOUR, HOUR)
        db.transaction(
            lambda s, number=number, wanted=wanted: join_waitlist(  # type: ignore[misc]
                s, award=number, wanted=wanted, key=f"wait:{number}", actor=SYSTEM, at=SIGNED_AT
            )
        )
    # 500 of 1,000 hours are granted; of the other 500 the first in line wants 450, the second gets 50 and 150 later
    assert held(db)[2:] == [
        of(450, second, waiting=True),
        of(50, world.award, waiting=True),
        of(150, world.award, waiting=True, quarter=grant_scenes.Q4),
    ]


def test_an_award_keeps_the_days_of_the_delivery_centre_that_it_was_planned_with(db: Database) -> None:
    days = {"days": {Q3: 40}, "days_by_answer": {"spc_link": 5, "korean_ai_link": 15}}
    world = set_up(db, hours=400, codevelopment=days)

    def submit(session: Session) -> None:
        application_id = session.scalars(select(Award.application_id)).one()
        for version, answers in ((1, {"korean_ai_link": "모델"}), (2, {"spc_link": "연계", "korean_ai_link": ""})):
            session.add(
                Submission(
                    application_id=application_id,
                    version=version,
                    answers=answers,
                    sha256="0" * 64,
                    submitted_at=SIGNED_AT,
                    submitted_by="test",
                )
            )

    db.transaction(submit)
    assert held(db) == [of(400, world.award), Held(uuid.UUID(int=0), world.award, "", Q3, codev_days=5)]
