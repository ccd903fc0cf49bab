"""Replaying scorecards: with the record's own dictionary, across versions of the code, naming whatever differs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from fundapp.core.access import SYSTEM
from fundapp.core.errors import InputFileError
from fundapp.core.sessions import Database
from fundapp.screening.actions import Replay, ScreenResult, replay_scorecards, screen_call
from fundapp.screening.dictionaries import keep_dictionary, load_dictionary_file, read_dictionary
from fundapp.screening.tables import RubricVersion, Scorecard, TextDictionary
from scoring.canonical import sha256_of

OLDER = "0" * 64


def replayed(db: Database) -> Replay:
    with db.read() as session:
        return replay_scorecards(session, every=True)


def first_card(db: Database) -> dict[str, Any]:
    with db.read() as session:
        card = session.scalars(select(Scorecard).order_by(Scorecard.id).limit(1)).one()
        return {column.key: getattr(card, column.key) for column in Scorecard.__table__.columns}


def add_card(db: Database, card: dict[str, Any], **changed: object) -> None:
    """Rows cannot be changed in place, so what another program would have written is one more version."""
    row = card | {"id": uuid.uuid4(), "version": card["version"] + 1} | changed
    db.transaction(lambda session: session.add(Scorecard(**row)))


def as_written_by(
    document: dict[str, Any], change: Callable[[dict[str, Any]], object], code: str = OLDER
) -> dict[str, Any]:
    """A document as code of another version would have left it, with the hash that it would have had."""
    result = {key: value for key, value in document.items() if key not in {"code_version", "sha256"}}
    change(result)
    return result | {"code_version": code, "sha256": sha256_of(result)}


@pytest.fixture
def card(db: Database, scored: ScreenResult, at: datetime) -> dict[str, Any]:
    """One of 114 scorecards."""
    return first_card(db)


def test_a_scorecard_names_the_dictionary_whose_text_is_kept(db: Database, card: dict[str, Any]) -> None:
    shipped = load_dictionary_file()
    assert card["dictionary_sha256"] == card["document"]["dictionary_sha256"] == shipped.dictionary.sha256
    assert card["document"]["dictionary"] == shipped.dictionary.version
    assert card["document"]["texts"]
    with db.read() as session:
        kept = session.get_one(TextDictionary, card["dictionary_sha256"])
    assert (kept.version, kept.text) == (shipped.dictionary.version, shipped.text)


def test_each_record_replays_with_its_own_dictionary(
    db: Database, call: str, card: dict[str, Any], at: datetime
) -> None:
    shipped = load_dictionary_file()
    text = shipped.text.replace(f'"{shipped.dictionary.version}"', '"other"').replace('["GPU"]', '["GPU", "계획"]')
    other = read_dictionary(text)
    result = screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=1), dictionary=other)
    assert (result.scored, result.unchanged) == (114, 0)
    # What the file says today is neither of the two that the second run was made with.
    assert other.dictionary.sha256 != load_dictionary_file().dictionary.sha256
    found = replayed(db)
    assert (found.replayed, found.identical, found.different, found.others) == (228, 228, (), ())
    with db.read() as session:
        assert set(session.scalars(select(TextDictionary.version))) == {shipped.dictionary.version, "other"}


def test_a_dictionary_that_changed_under_its_version_is_refused(
    db: Database, card: dict[str, Any], at: datetime
) -> None:
    shipped = load_dictionary_file()
    changed = read_dictionary(shipped.text.replace('["GPU"]', '["GPU", "가속기"]'))
    assert card["document"]["dictionary"] == changed.dictionary.version
    with pytest.raises(InputFileError, match="under the version"):
        db.transaction(lambda session: keep_dictionary(session, changed, at))


def test_a_record_whose_dictionary_is_lost_is_named(db: Database, card: dict[str, Any]) -> None:
    add_card(db, card, dictionary_sha256="f" * 64)
    found = replayed(db)
    assert (found.identical, [one.what for one in found.different]) == (114, ["dictionary"])


def test_a_record_of_today_is_compared_bit_for_bit(db: Database, card: dict[str, Any]) -> None:
    reworded = as_written_by(card["document"], lambda one: one.update(lifts=[]), card["code_version"])
    add_card(db, card, document=reworded)
    found = replayed(db)
    assert (found.identical, [one.what for one in found.different], found.others) == (114, ["result"], ())


def test_older_code_that_came_to_the_same_document_is_identical(db: Database, card: dict[str, Any]) -> None:
    add_card(db, card, code_version=OLDER, document=card["document"] | {"code_version": OLDER})
    found = replayed(db)
    assert (found.replayed, found.identical, found.different) == (115, 115, ())
    assert [(one.code_version, one.records, one.identical) for one in found.others] == [(OLDER, 1, 1)]


def older(one: dict[str, Any]) -> None:
    """A document from before bands and rubric maxima, with other words."""
    del one["band"], one["dictionary"], one["dictionary_sha256"], one["texts"]
    for criterion in one["criteria"]:
        del criterion["rule_max"]
        criterion["reason"] = "예전 문장"


def test_an_older_record_with_fewer_fields_is_judged_by_what_it_states(db: Database, card: dict[str, Any]) -> None:
    document = as_written_by(card["document"], older)
    add_card(db, card, code_version=OLDER, document=document, dictionary_sha256=None)
    found = replayed(db)
    assert (found.replayed, found.identical, found.different) == (115, 114, ())
    assert [(one.records, one.identical, one.reproduced, one.different) for one in found.others] == [(1, 0, 1, 0)]


def other_points(one: dict[str, Any]) -> None:
    older(one)
    one["criteria"][0]["points"] += 0.1


def other_knockout(one: dict[str, Any]) -> None:
    older(one)
    one["knockouts"][0]["outcome"] = "fail" if one["knockouts"][0]["outcome"] == "pass" else "pass"


def other_inputs(one: dict[str, Any]) -> None:
    one["inputs_sha256"] = "a" * 64


def no_score(one: dict[str, Any]) -> None:
    del one["criteria"]


@pytest.mark.parametrize("change", [other_points, other_knockout, other_inputs, no_score])
def test_an_older_record_that_states_something_else_differs(
    db: Database, card: dict[str, Any], change: Callable[[dict[str, Any]], object]
) -> None:
    add_card(db, card, code_version=OLDER, document=as_written_by(card["document"], change))
    found = replayed(db)
    assert [(one.what, one.code_version) for one in found.different] == [("figures", OLDER)]
    assert [(one.records, one.reproduced, one.different) for one in found.others] == [(1, 0, 1)]


def test_an_older_record_whose_total_was_raised_differs(db: Database, card: dict[str, Any]) -> None:
    document = as_written_by(card["document"], older)
    add_card(db, card, code_version=OLDER, document=document, total_tenths=card["total_tenths"] + 1)
    assert [one.what for one in replayed(db).different] == ["figures"]


@pytest.mark.parametrize("altered", [{"coverage": 0.001}, {"code_version": "1" * 64}])
def test_an_older_record_that_was_altered_after_it_was_written_is_found(
    db: Database, card: dict[str, Any], altered: dict[str, Any]
) -> None:
    document = as_written_by(card["document"], older)
    add_card(db, card, code_version=OLDER, document=document | altered)
    assert [one.what for one in replayed(db).different] == ["record"]


def test_a_rubric_that_no_longer_reads_spoils_only_its_own_records(
    db: Database, card: dict[str, Any], at: datetime
) -> None:
    lost = RubricVersion(sha256="e" * 64, version="lost", text="version = 1", first_used_at=at)
    db.transaction(lambda session: session.add(lost))
    add_card(db, card, code_version=OLDER, rubric_sha256="e" * 64)
    found = replayed(db)
    assert (found.identical, [one.what for one in found.different]) == (114, ["rubric"])
