"""Others write while a call is being scored; what they change is seen by the transaction that writes the scorecards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.audit.queries import verify_chain
from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.orm import new_id
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Submission
from fundapp.screening.actions import ScreenResult, replay_scorecards, screen_call
from fundapp.screening.ahead import MOST_IN_MEMORY, Pile
from fundapp.screening.rubrics import LoadedRubric, load_rubric_file, read_rubric
from fundapp.screening.tables import PublishedRubric, RubricDraft, Scorecard


def version(name: str) -> LoadedRubric:
    return read_rubric(load_rubric_file().text.replace('version = "2026.1"', f'version = "{name}"'))


def screen_meanwhile(db: Database, call: str, at: datetime, meanwhile: Callable[[Database], object]) -> ScreenResult:
    """Screen a call while somebody else commits something, once the answers have been read.

    A writer that had to wait for the screening would wait for ever, for here the screening waits for it.
    """
    rival = Database(db.url.render_as_string(hide_password=False))
    done: list[str] = []

    def write(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM submission" in statement and "submission.answers" in statement and not done:
            done.append(statement)
            writer = threading.Thread(target=meanwhile, args=(rival,))
            writer.start()
            writer.join(timeout=20)
            assert not writer.is_alive()

    event.listen(db.engine, "after_cursor_execute", write)
    try:
        result = screen_call(db, call, actor=SYSTEM, at=at)
    finally:
        event.remove(db.engine, "after_cursor_execute", write)
        rival.dispose()
    assert done
    return result


def an_application(session: Session) -> Application:
    return session.scalars(select(Application).order_by(Application.number).limit(1)).one()


def cards_of(db: Database, number: str) -> list[tuple[int, str, int]]:
    """Version, rubric and submission's version of each scorecard of an application, in order."""
    query = (
        select(Scorecard.version, Scorecard.rubric, Submission.version)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .join(Application, Application.id == Scorecard.application_id)
        .where(Application.number == number)
        .order_by(Submission.version, Scorecard.version)
    )
    with db.read() as session:
        return [tuple(row) for row in session.execute(query)]


def assert_sound(db: Database) -> None:
    with db.read() as session:
        assert replay_scorecards(session, every=True).different == ()
        assert verify_chain(session).ok


def test_others_write_while_a_call_is_being_scored(db: Database, call: str, at: datetime) -> None:
    def note(session: Session) -> None:
        record_event(session, actor=SYSTEM, verb="call.opened", subject_kind="call", subject=call, at=at, details={})

    with db.read() as session:
        before = session.scalars(select(func.count()).select_from(AuditEvent)).one()
    assert screen_meanwhile(db, call, at, lambda rival: rival.transaction(note)).scored == 114
    with db.read() as session:
        # What the other wrote, and then the call's own event.
        assert session.scalars(select(func.count()).select_from(AuditEvent)).one() == before + 2
    assert_sound(db)


def test_what_is_sent_again_meanwhile_is_scored_as_it_was_sent_last(db: Database, call: str, at: datetime) -> None:
    with db.read() as session:
        number = an_application(session).number

    def send_again(session: Session) -> None:
        application = an_application(session)
        last = session.scalars(select(Submission).where(Submission.application_id == application.id)).one()
        columns = {column.key: getattr(last, column.key) for column in Submission.__table__.columns}
        answers = last.answers | {"pilot_customers": 41}
        session.add(Submission(**(columns | {"id": new_id(), "version": 2, "answers": answers})))

    assert screen_meanwhile(db, call, at, lambda rival: rival.transaction(send_again)).scored == 114
    assert cards_of(db, number) == [(1, "2026.1", 2)]
    with db.read() as session:
        card = session.scalars(
            select(Scorecard)
            .join(Application, Application.id == Scorecard.application_id)
            .where(Application.number == number)
        ).one()
        assert card.facts["pilot_customers"] == 41
    assert_sound(db)


def test_what_leaves_the_screening_meanwhile_is_not_scored(db: Database, call: str, at: datetime) -> None:
    with db.read() as session:
        number = an_application(session).number

    def withdraw(session: Session) -> None:
        session.execute(update(Application).where(Application.number == number).values(state="withdrawn"))

    assert screen_meanwhile(db, call, at, lambda rival: rival.transaction(withdraw)).scored == 113
    assert cards_of(db, number) == []
    assert_sound(db)


def test_of_two_who_score_by_the_same_rubric_the_second_says_nothing_new(db: Database, call: str, at: datetime) -> None:
    first: list[ScreenResult] = []
    result = screen_meanwhile(db, call, at, lambda rival: first.append(screen_call(rival, call, actor=SYSTEM, at=at)))
    assert ([one.scored for one in first], result.scored, result.unchanged) == ([114], 0, 114)
    assert_sound(db)


def test_a_scorecard_by_another_rubric_meanwhile_makes_what_seemed_known_new_again(
    db: Database, call: str, at: datetime
) -> None:
    screen_call(db, call, actor=SYSTEM, at=at)
    other, later = version("2026.1-b"), at + timedelta(days=1)
    result = screen_meanwhile(
        db, call, later, lambda rival: screen_call(rival, call, actor=SYSTEM, at=later, rubric=other)
    )
    assert (result.scored, result.rubric) == (114, "2026.1")
    with db.read() as session:
        number = an_application(session).number
    assert cards_of(db, number) == [(1, "2026.1", 1), (2, "2026.1-b", 1), (3, "2026.1", 1)]
    assert_sound(db)


def test_a_rubric_that_is_published_meanwhile_scores_all(db: Database, call: str, at: datetime) -> None:
    changed = version("2026.1-b")

    def publish(session: Session) -> None:
        author, publisher = (
            Person(email=f"{name}@kt.example", name=name, password="x", created_at=at, confirmed_at=at) for name in "ab"
        )
        session.add_all([author, publisher])
        session.flush()
        texts = {"version": "2026.1-b", "text": changed.text, "sha256": changed.rubric.sha256}
        draft = RubricDraft(
            **texts,
            state="published",
            edits=1,
            author_id=author.id,
            decided_by_id=publisher.id,
            created_at=at,
            updated_at=at,
            reason="다음 공모",
        )
        session.add(draft)
        session.flush()
        session.add(
            PublishedRubric(
                **texts,
                number=1,
                draft_id=draft.id,
                author_id=author.id,
                published_by_id=publisher.id,
                reason="다음 공모",
                published_at=at,
            )
        )

    result = screen_meanwhile(db, call, at, lambda rival: rival.transaction(publish))
    assert (result.scored, result.rubric) == (114, "2026.1-b")
    with db.read() as session:
        assert set(session.scalars(select(Scorecard.rubric))) == {"2026.1-b"}
    assert_sound(db)


@pytest.mark.parametrize("most", [1, MOST_IN_MEMORY])
def test_texts_come_back_from_a_pile_as_they_were_laid_aside(most: int) -> None:
    pile = Pile(most)
    texts = ["", "가나다", "line\nline\r\n", "𝄞" * 5_000]
    places = [pile.put(text.encode()) for text in texts]
    assert pile.get(places[1]) == "가나다"
    late = pile.put(b"later")
    assert [pile.get(place) for place in reversed(places)] == texts[::-1]
    assert pile.get(late) == "later"
    pile.close()
