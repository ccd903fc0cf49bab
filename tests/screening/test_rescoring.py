"""Scoring a whole call again: what each alone would get, all or nothing, in a few statements."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from fundapp.audit.queries import verify_chain
from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.orm import new_id
from fundapp.core.sessions import Database
from fundapp.intake.queries import funnel_counts
from fundapp.intake.tables import Application, Submission
from fundapp.screening.actions import ScreenResult, replay_scorecards, score_application, screen_call
from fundapp.screening.rubrics import LoadedRubric, load_rubric_file, read_rubric
from fundapp.screening.tables import Scorecard
from scoring import Facts, default_dictionary, score


def version(name: str) -> LoadedRubric:
    return read_rubric(load_rubric_file().text.replace('version = "2026.1"', f'version = "{name}"'))


def stored(db: Database, number: int) -> dict[str, tuple[Any, ...]]:
    """By application everything that a scorecard of this version says, its documents as they are stored."""
    columns = [one.name for one in Scorecard.__table__.columns if one.name not in {"id", "version", "scored_at"}]
    query = f"SELECT {', '.join(columns)} FROM scorecard WHERE version = {number}"
    with db.read() as session:
        return {str(row.application_id): tuple(row) for row in session.execute(text(query))}


def test_a_call_scored_at_once_stores_what_each_application_alone_would_get(
    db: Database, call: str, scored: ScreenResult, at: datetime
) -> None:
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=1), rubric=version("2026.1-b"))

    def one_by_one(session: Session) -> None:
        for key in session.scalars(select(Application.id).order_by(Application.number)).all():
            score_application(session, application_id=key, actor=SYSTEM, at=at + timedelta(days=2))

    db.transaction(one_by_one)
    together, singly = stored(db, 1), stored(db, 3)
    assert len(together) == 114
    assert together == singly
    assert stored(db, 2) != singly
    with db.read() as session:
        for card in session.scalars(select(Scorecard).where(Scorecard.version == 1)):
            again = score(Facts.from_answers(card.facts), load_rubric_file().rubric, dictionary=default_dictionary())
            assert card.document == again.to_document()
        assert replay_scorecards(session, every=True).identical == 3 * 114
        assert verify_chain(session).ok


def test_one_event_tells_of_the_whole_call(db: Database, scored: ScreenResult, at: datetime) -> None:
    with db.read() as session:
        [found] = session.scalars(select(AuditEvent).where(AuditEvent.verb == "applications.screened"))
        assert len(found.details["applications"]) == 114
        assert found.details["dictionary_sha256"] == default_dictionary().sha256


def test_if_one_application_cannot_be_scored_none_is(db: Database, call: str, at: datetime) -> None:
    def spoil(session: Session) -> None:
        last = session.scalars(select(Submission).order_by(Submission.id.desc()).limit(1)).one()
        columns = {column.key: getattr(last, column.key) for column in Submission.__table__.columns}
        changed = {"id": new_id(), "version": last.version + 1, "answers": last.answers | {"gpu_h100_2026Q3": "언젠가"}}
        session.add(Submission(**(columns | changed)))

    db.transaction(spoil)
    with pytest.raises(ValueError, match="언젠가"):
        screen_call(db, call, actor=SYSTEM, at=at)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Scorecard)) == 0
        assert funnel_counts(session, SYSTEM, call) == {"submitted": 114}
        assert verify_chain(session).ok


def statements(db: Database, call: str, at: datetime, rubric: LoadedRubric, only: int) -> tuple[int, int]:
    """How many applications were scored again, and in how many statements, if the actor is recused from the others."""
    with db.read() as session:
        keys = session.scalars(select(Application.id).order_by(Application.number)).all()
    actor = type(SYSTEM)(uuid.uuid4(), name="심사역", roles=SYSTEM.roles, recused_from=frozenset(keys[only:]))
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        result = screen_call(db, call, actor=actor, at=at, rubric=rubric)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return result.scored, len(seen)


def test_fifty_are_scored_again_in_as_many_statements_as_one(
    db: Database, call: str, scored: ScreenResult, at: datetime
) -> None:
    one, first = statements(db, call, at, version("2026.1-b"), 1)
    fifty, second = statements(db, call, at, version("2026.1-c"), 50)
    assert (one, fifty) == (1, 50)
    assert first == second
