"""Reclaim by rule: a notice first, withdrawn by use, waived by staff, carried out on its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from fund_factory import HOUR
from grant_scenes import Q3, add_award, assert_settled, hours_on, pool_rows, set_up, use
from sqlalchemy import select

from config import Settings
from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.jobs import run_job
from fundapp.portfolio.actions import Reclaimed, reclaim_grants, waive_notice
from fundapp.portfolio.queries import NoticeRow, list_notices

IDLE = {"idle_days": 10, "minimal_use_percent": 0, "notice_days": 5}
MINIMAL = {"idle_days": 0, "minimal_use_percent": 25, "minimal_use_by_day_of_quarter": 20, "notice_days": 5}


def on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 2, 0, tzinfo=UTC)


def run(db: Database, at: datetime) -> Reclaimed:
    return db.transaction(lambda s: reclaim_grants(s, actor=SYSTEM, at=at))


def notices(db: Database) -> list[NoticeRow]:
    with db.read() as session:
        return list_notices(session, SYSTEM)


def test_idle_hours_go_back_to_the_pool_after_a_notice(db: Database) -> None:
    world = set_up(db, gpu_reclaim=IDLE)
    use(db, world.award, 100, date(2026, 7, 10))
    use(db, world.award, 1, date(2026, 7, 11))
    _reported(db, date(2026, 7, 30))
    assert run(db, on(7, 21)) == Reclaimed(0, 0, 0, 0)  # 12 to 20 July are nine days
    assert run(db, on(7, 22)) == Reclaimed(1, 0, 0, 0)
    assert run(db, on(7, 22)) == Reclaimed(0, 0, 0, 0)
    notice = notices(db)[0]
    assert (notice.rule, notice.hours_e4, notice.acts_on) == ("idle", 299 * HOUR, date(2026, 7, 27))
    assert run(db, on(7, 26)) == Reclaimed(0, 0, 0, 0)
    assert run(db, on(7, 27)) == Reclaimed(0, 0, 1, 299 * HOUR)
    assert run(db, on(7, 28)) == Reclaimed(0, 0, 0, 0)
    row = pool_rows(db)["h100", Q3]
    # The other award holds 10 hours and used one: 1,000 - 400 - 10 + 299 are free.
    assert (row.used, row.remaining, row.free) == (102 * HOUR, 9 * HOUR, 889 * HOUR)
    with db.read() as session:
        mails = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert mails[0].recipient == "han@example.org"
    assert "299시간" in mails[0].body
    assert_settled(db)


def _reported(db: Database, day: date) -> None:
    """Another award's use shows that meters have reported up to a day."""
    number, _ = add_award(db, "2208162517", 10)
    use(db, number, 1, day)


def test_days_that_no_meter_has_reported_are_not_idle(db: Database) -> None:
    world = set_up(db, gpu_reclaim=IDLE)
    assert run(db, on(9, 1)) == Reclaimed(0, 0, 0, 0)
    use(db, world.award, 1, date(2026, 7, 10))
    assert run(db, on(9, 1)) == Reclaimed(0, 0, 0, 0)


def test_use_that_resumes_withdraws_the_notice(db: Database) -> None:
    world = set_up(db, gpu_reclaim=IDLE)
    use(db, world.award, 1, date(2026, 7, 1))
    _reported(db, date(2026, 7, 14))
    assert run(db, on(7, 15)).noticed == 1
    use(db, world.award, 2, date(2026, 7, 16))
    assert run(db, on(7, 17)) == Reclaimed(0, 1, 0, 0)
    assert notices(db)[0].state == "withdrawn"
    assert hours_on(db, world.account()) == 397


def test_a_grant_used_too_little_by_the_named_day_is_noticed(db: Database) -> None:
    world = set_up(db, gpu_reclaim=MINIMAL)
    use(db, world.award, 99, date(2026, 7, 19))
    assert run(db, on(7, 20)).noticed == 0
    use(db, world.award, 1, date(2026, 7, 20))
    assert run(db, on(7, 21)).noticed == 0  # 100 of 400 are a quarter
    _reported(db, date(2026, 7, 21))
    assert run(db, on(7, 22)).noticed == 1  # the other award: 1 of 10
    assert notices(db)[0].rule == "minimal_use"


def test_staff_waive_with_a_reason_and_the_rule_rests_until_use_resumes(db: Database) -> None:
    world = set_up(db, gpu_reclaim=IDLE)
    use(db, world.award, 1, date(2026, 7, 1))
    _reported(db, date(2026, 8, 20))
    run(db, on(7, 15))
    notice = notices(db)[0]

    def waive(reason: str, actor: object = world.staff) -> None:
        db.transaction(
            lambda s: waive_notice(s, notice_id=notice.id, reason=reason, actor=actor, at=on(7, 16))  # type: ignore[arg-type]
        )

    with pytest.raises(InvalidInputError):
        waive("")
    with pytest.raises(NotFoundError):
        waive("x", world.company)
    waive("장비 반입 지연")
    assert run(db, on(7, 20)) == Reclaimed(0, 0, 0, 0)
    use(db, world.award, 1, date(2026, 7, 21))
    assert run(db, on(7, 25)).noticed == 0
    assert run(db, on(8, 1)).noticed == 1


def test_hours_of_an_extended_grant_lapse_when_their_quarter_is_over(db: Database) -> None:
    world = set_up(db, gpu_reclaim=IDLE, grant_grace_days=40)
    use(db, world.award, 1, date(2026, 9, 10))
    _reported(db, date(2026, 9, 30))
    assert run(db, on(9, 29)).noticed == 1
    assert run(db, on(10, 4)).acted == 1
    row = pool_rows(db)["h100", Q3]
    assert (row.expired, row.free) == (399 * HOUR, 590 * HOUR)
    assert_settled(db)


def test_the_daily_job_acts_once_under_its_run_key(db: Database, tmp_path: object) -> None:
    world = set_up(db, gpu_reclaim=IDLE)
    use(db, world.award, 1, date(2026, 7, 1))
    _reported(db, date(2026, 7, 14))
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    first = run_job(db, settings, "reclaim-grants", on(7, 15))
    again = run_job(db, settings, "reclaim-grants", on(7, 15) + timedelta(hours=3))
    assert (first.ran, first.result["noticed"], again.ran) == (True, 1, False)
