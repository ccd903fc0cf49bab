"""Processes killed with SIGKILL while they post: what was acknowledged is there, and nothing is there by half.

On PostgreSQL the client is killed, not the server: the server's own recovery is PostgreSQL's promise, not ours.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours, imputed_value
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Leg

pytestmark = [
    pytest.mark.race,
    # Newer Pythons warn when a process with threads forks; the child here touches nothing that a thread could hold.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]

KILLS = 100
AT_ONCE = 4
DAY = date(2026, 7, 1)
AT = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = gpu_hours("H100", 1)
LEGS = [Leg("pool:a", "grant:a", HOUR), Leg("pool:a", "grant:a", imputed_value(HOUR, 4200))]


@dataclass
class Child:
    """A forked process that posts until it is killed, and where it writes each key once it is committed."""

    pid: int
    pipe: int
    heard: bytes = b""
    killed: bool = False

    def listen(self) -> bool:
        """Take in what has been written; say whether more may come."""
        more = os.read(self.pipe, 65536)
        self.heard += more
        return bool(more)

    def acknowledged(self) -> set[str]:
        # What follows the last line feed was cut off by the kill and acknowledges nothing.
        return set(self.heard.decode().split("\n")[:-1])


@dataclass
class Family:
    """Children that post at the same time, replaced as they are killed."""

    url: str
    alive: list[Child] = field(default_factory=list)
    gone: list[Child] = field(default_factory=list)

    def bear(self) -> None:
        number = len(self.alive) + len(self.gone)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                post_for_ever(self.url, f"c{number}", writing)
            os._exit(1)
        os.close(writing)
        self.alive.append(Child(pid, reading))

    def listen(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([child.pipe for child in self.alive], [], [], left)
            for child in self.alive:
                if child.pipe in ready and not child.listen():
                    raise AssertionError(f"a child ended by itself after {child.heard[-60:]!r}")

    def bury(self, child: Child) -> None:
        os.kill(child.pid, signal.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        child.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        while child.listen():
            pass
        os.close(child.pipe)
        self.alive.remove(child)
        self.gone.append(child)


def post_for_ever(url: str, name: str, pipe: int) -> None:
    database = Database(url)
    number = 0
    while True:
        key = f"{name}:{number}"
        database.transaction(lambda s, key=key: draw(s, key), isolation="READ COMMITTED")  # type: ignore[misc]
        os.write(pipe, f"{key}\n".encode())
        number += 1


def draw(session: Session, key: str) -> None:
    actions.post(session, key=key, kind="drawdown", legs=LEGS, effective_on=DAY, actor=SYSTEM, at=AT)


def found(session: Session) -> None:
    for leg in LEGS:
        actions.open_account(session, leg.debit, leg.quantity.commodity, on=DAY, floor=None)
        actions.open_account(session, leg.credit, leg.quantity.commodity, on=DAY)


def kill_at_random(family: Family, chance: random.Random) -> Iterator[Child]:
    for _ in range(AT_ONCE):
        family.bear()
    for _ in range(KILLS):
        family.listen(chance.uniform(0.005, 0.09))
        child = chance.choice(family.alive)
        family.bury(child)
        family.bear()
        yield child
    for child in list(family.alive):
        family.bury(child)


def test_a_hundred_kills_while_posting_lose_nothing_and_leave_nothing_by_half(db: Database, database_url: str) -> None:
    db.transaction(found)
    db.dispose()  # a forked child must not inherit an open connection
    family = Family(database_url)
    killed = [child.killed for child in kill_at_random(family, random.Random(20260701))]  # noqa: S311 - when to kill is no secret
    acknowledged = set().union(*(child.acknowledged() for child in family.gone))
    with db.read() as session:
        verdict = queries.verify(session)
        keys = set(session.scalars(text("SELECT key FROM ledger_txn")))
        legs = session.execute(text("SELECT count(*), count(DISTINCT txn_id) FROM ledger_transfer")).one()
    assert killed == [True] * KILLS
    assert verdict.problems == []
    assert acknowledged - keys == set()
    # At most the one posting that each child had under way is there without having been acknowledged.
    assert len(keys - acknowledged) <= len(family.gone)
    assert (legs[0], legs[1]) == (2 * len(keys), len(keys))
    assert len(acknowledged) > KILLS
