"""What lets many clocks run and each job take effect once: a lease row elects one, a run key makes it unique.

APScheduler only ticks. The unique key of a business period carries the guarantee; the lease merely spares the
other replicas the work.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Lease(Base):
    """Who may run the clock, until when; the fencing number grows with each change of owner."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=1)


class JobRun(Base):
    """One effect of a job for one business period, e.g. `expire-grants:2026-10-01`."""

    __tablename__ = "job_run"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    run_key: Mapped[str] = mapped_column(String(120), unique=True)
    job: Mapped[str] = mapped_column(String(60))
    ran_at: Mapped[datetime]
    result: Mapped[dict[str, Any]]


def take_lease(session: Session, *, name: str, owner: str, at: datetime, length: timedelta) -> int | None:
    """Take or renew a lease; return its fencing number, or None while another owner holds it."""
    taken = session.execute(
        update(Lease)
        .where(Lease.name == name, (Lease.owner == owner) | (Lease.until < at))
        .values(owner=owner, until=at + length, fence=Lease.fence + 1)
        .returning(Lease.fence)
    ).scalar_one_or_none()
    if taken is not None:
        return taken
    if session.get(Lease, name) is not None:
        return None
    try:
        with session.begin_nested():
            session.add(Lease(name=name, owner=owner, until=at + length))
    except IntegrityError:
        return None
    return 1


def find_run(session: Session, run_key: str) -> JobRun | None:
    """Return the recorded run of a key, if it has run."""
    return session.scalar(select(JobRun).where(JobRun.run_key == run_key))


def count_runs(session: Session, job: str) -> int:
    """Return how often a job has taken effect."""
    return session.scalar(select(func.count()).select_from(JobRun).where(JobRun.job == job)) or 0
