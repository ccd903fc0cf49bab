"""The clock and the outbox, against a real mail server on loopback."""

from __future__ import annotations

import dataclasses
import socketserver
import sys
import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import Settings
from fundapp import jobs, mail
from fundapp.core.clockwork import count_runs
from fundapp.core.errors import NotFoundError
from fundapp.core.outbox import MAX_ATTEMPTS, OutboxMessage, enqueue_mail
from fundapp.core.sessions import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import committee_factory as factory

AT = datetime(2026, 10, 1, 0, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_MAIL_FROM": "fund@fund.example"})


class Mailbox:
    """What a mail server was given; `refuse` makes it answer 550 to every recipient."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.refuse = False


@contextmanager
def smtp_server(mailbox: Mailbox) -> Iterator[str]:
    """A small server that speaks SMTP (RFC 5321) on loopback."""

    class Conversation(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            for raw in self.rfile:
                verb = raw.decode().strip().upper()
                if verb.startswith("RCPT") and mailbox.refuse:
                    self.say("550 no such mailbox")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = []
                    for line in self.rfile:
                        if line == b".\r\n":
                            break
                        lines.append(line.decode())
                    mailbox.letters.append("".join(lines))
                    self.say("250 kept")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(timeout=10)


def put(
    database: Database, key: str, *, recipient: str = "who@fund.example", about: Collection[uuid.UUID] = ()
) -> None:
    database.transaction(
        lambda s: enqueue_mail(
            s, dedupe_key=key, recipient=recipient, subject=f"제목 {key}", body="본문", at=AT, about=about
        )
    )


def states(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(m.state, m.attempts) for m in session.query(OutboxMessage).order_by(OutboxMessage.dedupe_key)]


def test_a_job_takes_effect_once_for_its_period(db: Database, settings: Settings) -> None:
    first = jobs.run_job(db, settings, "expire-holds", AT)
    again = jobs.run_job(db, settings, "expire-holds", AT + timedelta(hours=1))
    next_day = jobs.run_job(db, settings, "expire-holds", AT + timedelta(days=1))
    assert [(o.run_key, o.ran) for o in (first, again, next_day)] == [
        ("expire-holds:2026-10-01", True),
        ("expire-holds:2026-10-01", False),
        ("expire-holds:2026-10-02", True),
    ]
    with db.read() as session:
        assert count_runs(session, "expire-holds") == 2


def test_an_unknown_job_is_not_found(db: Database, settings: Settings) -> None:
    with pytest.raises(NotFoundError):
        jobs.run_job(db, settings, "nothing", AT)


def test_two_clocks_share_the_work_and_one_holds_the_lease(db: Database, settings: Settings) -> None:
    soon, later = AT + timedelta(seconds=30), AT + jobs.LEASE + timedelta(seconds=31)
    short = jobs.tick(db, settings, "one", AT)
    long = jobs.tick_long(db, settings, "one", AT)
    assert {outcome.job for outcome in long} == {"train-challenger", "calibrate-model", "model-requests"}
    assert {outcome.job for outcome in short + long} == set(jobs.JOBS)
    assert jobs.tick(db, settings, "two", soon) == jobs.tick_long(db, settings, "two", soon) == []
    again = jobs.tick(db, settings, "two", later)
    assert {outcome.job for outcome in again} == {"close-written", "send-mail", "review-phases"}
    assert {outcome.job for outcome in jobs.tick_long(db, settings, "two", later)} == {"model-requests"}


def test_without_a_mail_server_mail_waits(db: Database, settings: Settings) -> None:
    put(db, "a")
    assert mail.send_waiting(db, settings, AT)["note"] == "no mail server configured"
    assert states(db) == [("waiting", 0)]


def test_mail_is_sent_once_and_marked(db: Database, settings: Settings) -> None:
    put(db, "a")
    mailbox = Mailbox()
    with smtp_server(mailbox) as url:
        there = dataclasses.replace(settings, smtp_url=url)
        assert mail.send_waiting(db, there, AT) == {"sent": 1, "failed": 0}
        assert mail.send_waiting(db, there, AT) == {"sent": 0, "failed": 0}
    assert len(mailbox.letters) == 1
    assert "To: who@fund.example" in mailbox.letters[0]
    assert states(db) == [("sent", 1)]


def test_refused_mail_is_tried_again_and_given_up_at_last(db: Database, settings: Settings) -> None:
    put(db, "a")
    mailbox = Mailbox()
    mailbox.refuse = True
    with smtp_server(mailbox) as url:
        there = dataclasses.replace(settings, smtp_url=url)
        for _ in range(MAX_ATTEMPTS):
            mail.send_waiting(db, there, AT)
    assert states(db) == [("failed", MAX_ATTEMPTS)]
    assert mailbox.letters == []


def test_a_server_that_is_away_costs_no_attempt(db: Database, settings: Settings) -> None:
    put(db, "a")
    away = dataclasses.replace(settings, smtp_url="smtp://127.0.0.1:1")
    assert mail.send_waiting(db, away, AT)["failed"] == 1
    assert states(db) == [("waiting", 0)]


def test_mail_is_withheld_from_somebody_recused_since_from_what_it_speaks_of(db: Database, settings: Settings) -> None:
    _, one, two = factory.committee(db, 3)
    key = factory.application(db, 1)
    for who in (one, two):
        put(db, who.email, recipient=who.email, about=[key])
    factory.recuse(db, key, one)
    mailbox = Mailbox()
    with smtp_server(mailbox) as url:
        there = dataclasses.replace(settings, smtp_url=url)
        assert mail.send_waiting(db, there, AT) == {"sent": 1, "failed": 0, "withheld": 1}
        assert mail.send_waiting(db, there, AT) == {"sent": 0, "failed": 0}
    assert [f"To: {two.email}" in letter for letter in mailbox.letters] == [True]
    assert sorted(states(db)) == [("sent", 1), ("withheld", 0)]
