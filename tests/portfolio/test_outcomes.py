"""What became of awards: read half a year after signing, of the hours whose time is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fund_factory import HOUR, SIGNED_AT
from grant_scenes import MID_QUARTER, World, add_award, set_up, use
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.quarters import KST
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import Asked, approve_change, expire_grants, request_change
from fundapp.portfolio.queries import award_outcomes
from fundapp.portfolio.tables import Award, GrantHold
from fundapp.screening.learning_rules import Outcome

LATER = datetime(2027, 4, 1, tzinfo=UTC)
LAPSED = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
H100, A100 = 5200 * HOUR, 3900 * HOUR
"""What an hour counts, by the rates of the scene's pools."""
HALF_A_YEAR_ON = datetime(2026, 12, 19, tzinfo=KST)
"""182 days after 2026-06-20, when both awards were signed."""


def outcomes(db: Database, at: datetime) -> list[Outcome]:
    with db.read() as session:
        return award_outcomes(session, at=at)


def lapse(db: Database, at: datetime = LAPSED) -> None:
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=at))


def test_half_a_year_on_who_used_half_of_its_hours_fits_and_who_used_none_does_not(db: Database) -> None:
    world = set_up(db)
    add_award(db, "2148844721", 100)
    use(db, world.award, 200, date(2026, 8, 1))
    lapse(db)
    assert outcomes(db, HALF_A_YEAR_ON - timedelta(seconds=1)) == []
    used, unused = outcomes(db, HALF_A_YEAR_ON)
    assert (used.awarded_value, used.used_value, used.fits) == (400 * H100, 200 * H100, 1)
    assert (unused.awarded_value, unused.used_value, unused.fits) == (100 * H100, 0, 0)
    assert (used.awarded_at, used.known_at) == (SIGNED_AT, HALF_A_YEAR_ON)


def test_an_hour_less_than_half_does_not_fit(db: Database) -> None:
    world = set_up(db)
    use(db, world.award, 199, date(2026, 8, 1))
    lapse(db)
    assert [one.fits for one in outcomes(db, HALF_A_YEAR_ON)] == [0]


def test_while_hours_may_still_be_billed_nothing_is_concluded(db: Database) -> None:
    set_up(db)
    assert outcomes(db, HALF_A_YEAR_ON) == []


def test_hours_that_lapse_later_are_known_from_then_on(db: Database) -> None:
    set_up(db)
    later = HALF_A_YEAR_ON + timedelta(days=30)
    lapse(db, later)
    assert outcomes(db, later - timedelta(seconds=1)) == []
    assert [one.known_at for one in outcomes(db, later)] == [later]


def test_hours_that_a_condition_keeps_back_speak_against_nobody(db: Database) -> None:
    world = set_up(db)
    lapse(db)
    assert len(outcomes(db, HALF_A_YEAR_ON)) == 1

    def hold(session: Session) -> None:
        award_id = session.scalars(select(Award.id).where(Award.number == world.award)).one()
        session.add(GrantHold(award_id=award_id, held_at=SIGNED_AT))

    db.transaction(hold)
    assert outcomes(db, HALF_A_YEAR_ON) == []


def move(db: Database, world: World, hours: int, target: str) -> None:
    asked = Asked("transfer", "학습이 늦어짐", hours_e4=hours * HOUR, target_pool_id=world.pools[target])

    def work(session: Session) -> None:
        change = request_change(
            session, grant_id=world.grant_id, asked=asked, key="k", actor=world.company, at=MID_QUARTER
        )
        approve_change(session, change_id=change.id, reason="", actor=world.staff, at=MID_QUARTER)

    db.transaction(work)


def test_hours_that_were_exchanged_for_another_kind_count_by_their_rates(db: Database) -> None:
    world = set_up(db)
    move(db, world, 390, "a100")  # 390 x 5,200 / 3,900 = 520 hours
    use(db, world.award, 210, date(2026, 8, 1), sku="a100")
    lapse(db)
    (found,) = outcomes(db, HALF_A_YEAR_ON)
    assert (found.awarded_value, found.used_value) == (400 * H100, 210 * A100)
    assert found.fits == 0  # 210 of 400 hours, but 39 percent of their worth


def test_while_hours_that_moved_to_a_later_quarter_may_be_used_nothing_is_concluded(db: Database) -> None:
    world = set_up(db)
    move(db, world, 350, "q4")
    lapse(db)
    assert outcomes(db, HALF_A_YEAR_ON) == []
    lapse(db, LATER)
    assert [(one.awarded_value, one.used_value) for one in outcomes(db, LATER)] == [(400 * H100, 0)]
