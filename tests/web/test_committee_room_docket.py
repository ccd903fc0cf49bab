"""The docket: who sees which row, what stays sealed, and that its cost does not grow with its length."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from committee_room import Room, factory
from flask import Flask
from sqlalchemy import event

from fundapp.core.access import Viewer
from fundapp.core.sessions import Database

CANARY = "카나리아상사"
DOCKET = "/committee/?call=AX-T"


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_stranger_is_asked_to_sign_in_and_an_applicant_finds_no_such_page(room: Room) -> None:
    assert room.app.test_client().get(DOCKET).status_code == 302
    assert room.enter(room.seat("Applicant", "applicant")).get(DOCKET).status_code == 404


def test_a_member_sees_the_rows_of_the_call_with_their_state(room: Room) -> None:
    member = room.seat("Member")
    application = factory.application(room.db, 1, name="가온상사", founded_on="2020-01-01", spc_link="계획")
    factory.assign(room.db, application, member)
    page = room.enter(member).get(DOCKET).text
    assert "가온상사" in page
    assert "과제1" in page
    assert 'title="AX-T-0001"' in page
    assert "6.2<span" in page  # 2020-01-01 to the close on 2026-04-30 are 75 months, 6.25 years


def test_a_draft_is_on_no_docket(room: Room) -> None:
    factory.application(room.db, 1, name="초안상사", state="draft", score=None)
    assert "초안상사" not in room.enter(room.seat("Member")).get(DOCKET).text


def recused_member(room: Room) -> Viewer:
    member = room.seat("Member")
    factory.application(room.db, 1, name="가온상사")
    return factory.recuse(room.db, factory.application(room.db, 2, name=CANARY), member)


@pytest.mark.parametrize(
    "address",
    [
        DOCKET,
        f"{DOCKET}&q={CANARY}",
        f"{DOCKET}&sort=score&down=1",
        f"{DOCKET}&state=eligible",
        f"{DOCKET}&view=waiting",
        "/committee/docket.csv?call=AX-T",
        "/committee/docket.csv?call=AX-T&number=AX-T-0002",
        "/committee/meetings",
        "/committee/decisions",
        "/committee/conditions",
    ],
)
def test_what_a_member_is_recused_from_is_on_no_page(room: Room, address: str) -> None:
    member = recused_member(room)
    answer = room.enter(member).get(address)
    assert answer.status_code == 200
    text = answer.text.replace(f'value="{CANARY}"', "")  # the search box repeats what was typed
    assert CANARY not in text
    assert "AX-T-0002" not in text


def test_what_a_member_is_recused_from_is_not_counted(room: Room) -> None:
    page = room.enter(recused_member(room)).get(DOCKET).text
    assert "시험 공모 · 1건" in page
    assert "물러난 안건 1건" in page


def test_a_machine_score_is_sealed_until_the_own_review_is_filed(room: Room) -> None:
    member = room.seat("Member")
    application = factory.application(room.db, 1, score=873)
    factory.assign(room.db, application, member)
    client = room.enter(member)
    sealed, file = client.get(DOCKET).text, client.get("/committee/docket.csv?call=AX-T").text
    assert "87.3" not in sealed + file
    assert "저장 후 공개" in sealed
    factory.review(room.db, member, application)
    assert "87.3" in client.get(DOCKET).text
    assert "87.3" in client.get("/committee/docket.csv?call=AX-T").text


@pytest.mark.parametrize("down", ["", "&down=1"])
def test_a_sealed_row_stands_last_whatever_its_score(room: Room, down: str) -> None:
    member = room.seat("Member")
    for ordinal, score in ((1, 900), (2, 100), (3, 500)):
        application = factory.application(room.db, ordinal, score=score)
        if ordinal == 1:
            factory.assign(room.db, application, member)
    file = room.enter(member).get(f"/committee/docket.csv?call=AX-T&sort=score{down}").text
    assert [row[0] for row in csv.reader(StringIO(file))][-1] == "AX-T-0001"


def test_a_cell_that_a_spreadsheet_would_compute_is_exported_as_text(room: Room) -> None:
    factory.application(room.db, 1, name="=HYPERLINK(1)")
    file = room.enter(room.seat("Member")).get("/committee/docket.csv?call=AX-T").text
    assert "'=HYPERLINK(1)" in file


def test_nonsense_in_the_address_shows_the_plain_list(room: Room) -> None:
    factory.application(room.db, 1, name="가온상사")
    answer = room.enter(room.seat("Member")).get(f"{DOCKET}&sort=%27&view=x&state=y&page=zz")
    assert answer.status_code == 200
    assert "가온상사" in answer.text


def test_an_unknown_call_is_not_found(room: Room) -> None:
    assert room.enter(room.seat("Member")).get("/committee/?call=nowhere").status_code == 404


def test_fifty_rows_cost_as_many_statements_as_one(room: Room) -> None:
    member = room.seat("Member")
    client = room.enter(member)
    client.get(DOCKET)
    factory.assign(room.db, factory.application(room.db, 1), member)
    with counted(room.db) as few:
        client.get(DOCKET)
    for ordinal in range(2, 51):
        factory.application(room.db, ordinal, name=f"많은상사{ordinal}")
    with counted(room.db) as many:
        page = client.get(DOCKET).text
    assert page.count("많은상사") >= 49
    assert len(many) == len(few)


def test_the_next_review_is_the_one_with_the_fewest(room: Room) -> None:
    member, other = room.seat("Member"), room.seat("Other")
    first, second = factory.application(room.db, 1), factory.application(room.db, 2)
    for application in (first, second):
        factory.assign(room.db, application, member, other)
    factory.review(room.db, other, first)
    answer = room.enter(member).get("/committee/next?call=AX-T")
    assert answer.location == f"/committee/applications/{second}"
