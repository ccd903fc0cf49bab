"""The table of states and the database agree about what may stand where."""

from __future__ import annotations

import uuid
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_samples import NUMBERS, add_applicant, fill_draft
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.actions import move_application
from fundapp.intake.rules import ARROWS, STATES, advance
from fundapp.intake.tables import Application, Transition

VERBS = sorted({arrow.verb for arrow in ARROWS})


@given(st.sampled_from(STATES), st.sampled_from(VERBS))
def test_a_verb_leads_exactly_where_the_table_has_an_arrow(state: str, verb: str) -> None:
    arrows = [arrow.target for arrow in ARROWS if (arrow.verb, arrow.source) == (verb, state)]
    if arrows:
        assert [advance(state, verb)] == arrows
    else:
        with pytest.raises(TransitionRefusedError):
            advance(state, verb)


def test_every_state_can_be_reached_from_a_draft() -> None:
    reached = {"draft"}
    for _ in STATES:
        reached |= {arrow.target for arrow in ARROWS if arrow.source in reached}
    assert reached == set(STATES)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verbs=st.lists(st.sampled_from(VERBS), max_size=8))
def test_any_walk_leaves_the_row_where_its_history_says(
    db: Database, walker: uuid.UUID, at: datetime, verbs: list[str]
) -> None:
    def walk(session: Session) -> None:
        application = session.get_one(Application, walker)
        steps = session.scalars(select(Transition.id)).all()
        state = application.state
        for verb in verbs:
            try:
                expected = advance(state, verb)
            except TransitionRefusedError:
                with pytest.raises(TransitionRefusedError):
                    move_application(session, application, verb, actor=SYSTEM, at=at)
                continue
            assert move_application(session, application, verb, actor=SYSTEM, at=at) == expected
            state = expected
        assert session.scalars(select(Application.state).where(Application.id == walker)).one() == state
        history = session.scalars(select(Transition).order_by(Transition.id)).all()[len(steps) :]
        assert all(before.to_state == after.from_state for before, after in pairwise(history))
        raise _UndoneError

    with pytest.raises(_UndoneError):
        db.transaction(walk)


class _UndoneError(Exception):
    """Takes a walk back, so that the next begins at the draft."""


@pytest.fixture
def walker(db: Database, call: str, at: datetime) -> uuid.UUID:
    return fill_draft(db, *add_applicant(db, at), at, NUMBERS[0])


def put(db: Database, walker: uuid.UUID, state: str) -> None:
    db.transaction(
        lambda session: session.execute(update(Application).where(Application.id == walker).values(state=state))
    )


def test_the_database_itself_lets_an_application_move_along_a_step_only(db: Database, walker: uuid.UUID) -> None:
    allowed = {(arrow.source, arrow.target) for arrow in ARROWS}
    state = "draft"
    for target in ("submitted", "on_hold", "submitted", "eligible", "proposed", "deferred", "proposed", "approved"):
        assert (state, target) in allowed
        for other in (*STATES, "", "DRAFT", "closed"):
            if other != state and (state, other) not in allowed:
                with pytest.raises(IntegrityError):
                    put(db, walker, other)
        put(db, walker, target)
        state = target


def test_the_database_keeps_no_history_of_a_step_that_does_not_exist(
    db: Database, walker: uuid.UUID, at: datetime
) -> None:
    for verb, source, target in (("approve", "draft", "approved"), ("submit", "draft", "eligible")):
        row = Transition(application_id=walker, verb=verb, from_state=source, to_state=target, actor="x", at=at)
        with pytest.raises(IntegrityError):
            db.transaction(lambda session, row=row: (session.add(row), session.flush()))  # type: ignore[misc]
