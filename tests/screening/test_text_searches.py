"""What was found in texts is kept and read back: the same scorecards, and no record is verified against it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.screening.actions import replay_scorecards, score_application, screen_call
from fundapp.screening.dictionaries import LoadedDictionary, keep_dictionary, load_dictionary_file, read_dictionary
from fundapp.screening.findings import find_findings, keep_findings
from fundapp.screening.rubrics import LoadedRubric, load_rubric_file, read_rubric
from fundapp.screening.tables import LONGEST_FINDING, Scorecard, TextSearch
from scoring import Facts, default_dictionary, score
from scoring.canonical import sha256_of_text

INVENTED = '{"marks":[],"stuffing":{"invented":true}}'


def version(name: str) -> LoadedRubric:
    return read_rubric(load_rubric_file().text.replace('version = "2026.1"', f'version = "{name}"'))


def reworded() -> LoadedDictionary:
    text = load_dictionary_file().text
    old = f'version = "{default_dictionary().version}"'
    assert text.count(old) == 1
    return read_dictionary(text.replace(old, 'version = "reworded"'))


def count(db: Database) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(TextSearch)).one()


def texts_of(db: Database) -> set[str]:
    with db.read() as session:
        return {
            text
            for facts in session.scalars(select(Scorecard.facts))
            for text in Facts.from_answers(facts).texts.values()
        }


def poison(db: Database, text: str, at: datetime) -> None:
    """Put on record of a text what no search would find."""
    words = load_dictionary_file()

    def work(session: Session) -> None:
        keep_dictionary(session, words, at)
        keep_findings(session, words.dictionary.sha256, {sha256_of_text(text): INVENTED}, at)

    db.transaction(work)


def a_text(db: Database) -> tuple[Application, str]:
    with db.read() as session:
        for application in session.scalars(select(Application).order_by(Application.number)):
            found = Facts.from_readable(application.answers).texts.get("solution_summary")
            if found:
                return application, found
    raise AssertionError


def test_each_text_is_searched_once_however_often_it_is_scored(db: Database, call: str, at: datetime) -> None:
    screen_call(db, call, actor=SYSTEM, at=at)
    texts = texts_of(db)
    assert count(db) == len(texts) > 100
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=1), rubric=version("2026.1-b"))
    assert count(db) == len(texts)
    # Other words find other things: every text is searched for them.
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=2), dictionary=reworded())
    assert count(db) == 2 * len(texts)


def test_what_is_read_back_is_what_a_search_finds_bit_for_bit(db: Database, call: str, at: datetime) -> None:
    screen_call(db, call, actor=SYSTEM, at=at)
    changed = version("2026.1-b")
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=1), rubric=changed)
    with db.read() as session:
        cards = session.scalars(select(Scorecard).where(Scorecard.version == 2)).all()
        assert len(cards) == 114
        for card in cards:
            again = score(Facts.from_answers(card.facts), changed.rubric, dictionary=default_dictionary())
            assert card.document == again.to_document()
        replayed = replay_scorecards(session, every=True)
    assert (replayed.identical, replayed.different) == (228, ())


def test_scoring_reads_what_is_on_record_and_a_replay_searches_the_text_itself(
    db: Database, call: str, at: datetime
) -> None:
    application, text = a_text(db)
    poison(db, text, at)
    db.transaction(lambda session: score_application(session, application_id=application.id, actor=SYSTEM, at=at))
    with db.read() as session:
        card = session.scalars(select(Scorecard)).one()
        [shown] = [one for one in card.document["texts"] if one["field"] == "solution_summary"]
        assert shown["stuffing"] == {"invented": True}
        [different] = replay_scorecards(session).different
    assert (different.application, different.what) == (application.number, "result")


def test_what_a_rival_has_kept_stays_as_it_is(db: Database, call: str, at: datetime) -> None:
    _, text = a_text(db)
    words = load_dictionary_file()
    poison(db, text, at)
    db.transaction(
        lambda session: keep_findings(session, words.dictionary.sha256, {sha256_of_text(text): '{"marks":[]}'}, at)
    )
    with db.read() as session:
        assert find_findings(session, words.dictionary.sha256, [text, "다른 글"]) == {text: INVENTED}
        assert find_findings(session, "0" * 64, [text]) == {}


def test_a_finding_longer_than_any_of_ours_is_not_kept(db: Database, at: datetime) -> None:
    words = load_dictionary_file()
    lengths = {"가": LONGEST_FINDING, "나": LONGEST_FINDING + 1}

    def work(session: Session) -> None:
        keep_dictionary(session, words, at)
        keep_findings(
            session, words.dictionary.sha256, {sha256_of_text(text): "x" * size for text, size in lengths.items()}, at
        )

    db.transaction(work)
    with db.read() as session:
        assert set(find_findings(session, words.dictionary.sha256, lengths)) == {"가"}
