from __future__ import annotations

from sqlalchemy import text

from fundapp.core.sessions import Database


def test_connections_that_the_server_ended_are_replaced_before_they_are_used(db: Database) -> None:
    if db.is_sqlite:
        answered = db.transaction(lambda s: s.scalar(text("SELECT 1")))
        assert answered == 1
        return
    ours = db.transaction(lambda s: s.scalar(text("SELECT pg_backend_pid()")))
    other = Database(db.url.render_as_string(hide_password=False))
    ended = other.transaction(lambda s: s.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": ours}))
    other.dispose()
    after = db.transaction(lambda s: s.scalar(text("SELECT pg_backend_pid()")))
    assert (ended, after == ours) == (True, False)


def test_a_pooled_connection_is_used_again(db: Database) -> None:
    asked = "SELECT 0" if db.is_sqlite else "SELECT pg_backend_pid()"
    first = db.transaction(lambda s: s.scalar(text(asked)))
    assert db.transaction(lambda s: s.scalar(text(asked))) == first
