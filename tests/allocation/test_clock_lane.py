"""While a plan is being solved the clock goes on, and has nothing to complain of in the log."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from capital_scene import capital
from child_processes import child_running, halted, wait_for
from committee_factory import AT, CALL, do, person
from sqlalchemy import select
from test_actions_plans import asks

from config import Settings
from fundapp import jobs
from fundapp.allocation import actions
from fundapp.allocation.tables import PlanRun
from fundapp.core.sessions import Database

TURNS = 10


def finished_runs(db: Database) -> int:
    with db.read() as session:
        return len(session.scalars(select(PlanRun).where(PlanRun.state == "done")).all())


def test_a_solve_that_outlasts_many_turns_of_the_clock_is_no_warning(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.1)
    do(db, lambda s: capital(s, cash=300_000_000, hours=500))
    asks(db, 1, score=900)
    analyst = person(db, "Analyst", "analyst")
    do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))
    with caplog.at_level(logging.WARNING, logger="apscheduler"):
        clock = jobs.start_clock(db, Settings.from_environment({"FUND_HOME": str(tmp_path)}))
        try:
            with halted(wait_for(lambda: child_running("fundapp.allocation.workshop"))):
                time.sleep(TURNS * jobs.LOOK_SECONDS)
            assert wait_for(lambda: finished_runs(db)) == 1
        finally:
            clock.shutdown()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apscheduler")] == []
