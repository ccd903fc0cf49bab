"""A word that stays the same for exactly as long as nobody commits, and what is kept by it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from fundapp.core.clockwork import Lease
from fundapp.core.recollection import Recollection, present_state
from fundapp.core.sessions import Database

AT = datetime(2026, 7, 1, tzinfo=UTC)
_COMMIT = """
import sys
from sqlalchemy import text
from fundapp.core.sessions import Database
database = Database(sys.argv[1])
database.transaction(lambda session: session.execute(text("UPDATE lease SET owner = 'another'")))
"""


def state_of(database: Database) -> str:
    return str(database.ask(select(present_state()))[0][0])


def take_lease(session: Session, name: str = "x") -> None:
    session.add(Lease(name=name, owner="me", until=AT))


def test_looking_leaves_the_state_as_it_is(db: Database) -> None:
    before = state_of(db)
    with db.read() as session:
        session.scalars(select(Lease)).all()
    assert [state_of(db), state_of(db)] == [before, before]


def test_ones_own_commit_is_another_state(db: Database) -> None:
    before = state_of(db)
    db.transaction(take_lease)
    assert state_of(db) != before


def test_what_somebody_else_commits_is_another_state(db: Database) -> None:
    db.transaction(take_lease)
    before = state_of(db)
    address = db.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", _COMMIT, address], check=True, cwd=Path(__file__).parents[2])
    assert state_of(db) != before
    assert db.ask(select(Lease.owner))[0].owner == "another"


def test_what_is_under_way_is_no_other_state_until_it_is_committed(db: Database) -> None:
    """And then it is one, for whoever looked in between."""
    other = Database(db.url.render_as_string(hide_password=False))
    seen: list[str] = []

    def work(session: Session) -> None:
        take_lease(session)
        session.flush()
        seen.append(state_of(db))
        seen.append(state_of(db))

    other.transaction(work)
    other.dispose()
    assert seen[0] == seen[1] != state_of(db)


def test_a_row_changed_by_a_trigger_or_a_cascade_counts(db: Database) -> None:
    """The databases count commits and rows, not the statements that we know of."""
    db.transaction(lambda session: session.execute(text("CREATE TABLE above (id INTEGER PRIMARY KEY)")))
    db.transaction(
        lambda session: session.execute(
            text("CREATE TABLE below (above INTEGER REFERENCES above (id) ON DELETE CASCADE)")
        )
    )
    db.transaction(lambda session: session.execute(text("INSERT INTO above VALUES (1)")))
    db.transaction(lambda session: session.execute(text("INSERT INTO below VALUES (1)")))
    before = state_of(db)
    db.transaction(lambda session: session.execute(text("DELETE FROM above")))
    assert state_of(db) != before
    assert db.ask(select(text("count(*)")).select_from(text("below")))[0][0] == 0


def test_each_connection_of_sqlite_speaks_for_itself(db: Database) -> None:
    if not db.is_sqlite:
        return
    with db.engine.connect() as one, db.engine.connect() as two:
        assert one.scalar(select(present_state())) != two.scalar(select(present_state()))


def test_what_was_kept_is_found_in_its_state_and_no_other() -> None:
    kept = Recollection()
    kept.keep("one", "question", "answer")
    assert (kept.recall("one", "question"), kept.recall("two", "question"), kept.recall("one", "other")) == (
        "answer",
        None,
        None,
    )


def test_the_least_asked_is_given_up_first() -> None:
    kept = Recollection()
    for place in range(128):
        kept.keep("one", place, place)
    kept.recall("one", 0)
    kept.keep("one", 128, 128)
    assert (kept.recall("one", 0), kept.recall("one", 1), kept.recall("one", 2)) == (0, None, 2)
