"""While a model is being trained, in a process of its own, the clock does everything else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from child_processes import PATIENCE, child_running, halted, wait_for
from learning_cases import file_reviews, rate

from config import Settings
from fundapp import jobs
from fundapp.core.access import SYSTEM
from fundapp.core.clockwork import Lease, find_run
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import Database
from fundapp.screening.actions import screen_call
from fundapp.screening.learning_queries import models_page

MINUTE = timedelta(minutes=1)


def fence(db: Database) -> int:
    with db.read() as session:
        return session.get_one(Lease, jobs.LONG_LEASE).fence


def test_a_training_holds_up_no_other_job_and_no_other_clock_starts_it_again(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    screen_call(db, call, actor=SYSTEM, at=at)
    file_reviews(db, rate(db, at), at)
    # The lease is renewed by the real time, so the clock may not be ahead of it.
    now = max(datetime.now(UTC), at + timedelta(days=150))
    jobs.tick(db, settings, "one", now)
    ended: list[jobs.JobOutcome] = []
    lane = threading.Thread(target=lambda: ended.extend(jobs.tick_long(db, settings, "one", now, renewal=0.05)))
    lane.start()
    with halted(wait_for(lambda: child_running("fundapp.screening.training"))):
        assert "send-mail" in {outcome.job for outcome in jobs.tick(db, settings, "one", now + MINUTE)}
        assert jobs.tick_long(db, settings, "two", now + MINUTE) == []
        renewed = fence(db)
        wait_for(lambda: fence(db) > renewed + 1)
        with db.read() as session:
            assert find_run(session, f"train-challenger:{kst_date(now):%G-W%V}") is None
            assert models_page(session, SYSTEM, at=now).models == ()
        assert ended == []
    lane.join(PATIENCE)
    assert [outcome.job for outcome in ended] == ["train-challenger", "calibrate-model", "model-requests"]
    with db.read() as session:
        (model,) = models_page(session, SYSTEM, at=now).models
    assert ended[0].result["trained"] == model.version
    assert jobs.tick_long(db, settings, "one", now) == []
