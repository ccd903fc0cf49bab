"""While a model is being trained, in a process of its own, the clock does everything else."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
PATIENCE = 120


def wait_for(find: Callable[[], int]) -> int:
    """Ask until the answer is not 0."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def training_process() -> int:
    """The number of the process that trains for us; 0 while there is none."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        number, parent, command = line.split(maxsplit=2)
        if int(parent) == os.getpid() and "fundapp.screening.training" in command:
            return int(number)
    return 0


@contextmanager
def halted(process: int) -> Iterator[None]:
    """Let a process stand still: whatever is done meanwhile is done while it is at work."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


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
    with halted(wait_for(training_process)):
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
