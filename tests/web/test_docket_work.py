"""Working with the docket: kept views, board, comparison, many rows at once, files; and what none of them betrays."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from io import BytesIO

import pytest
from committee_room import Room, factory
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.actions import add_investor, commit_cash
from fundapp.committee import queries
from fundapp.committee.tables import Assignment, Ballot
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.ledger.queries import balances

CANARY = "카나리아상사"
DOCKET = "/committee/?call=AX-T"
HIDDEN = "/committee/?call=AX-T&q=%EC%B9%B4%EB%82%98"


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


def send(client: FlaskClient, path: str, **fields: object) -> str:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(DOCKET).text)
    assert token is not None
    data = {"csrf_token": token[1], "key": uuid.uuid4().hex, "call": "AX-T"} | fields
    return client.post(path, data=data, follow_redirects=True).text


def tabs(page: str) -> dict[str, str]:
    """Return the views of a page with their counts."""
    found = re.search(r'<nav class="tabs"[^>]*>(.*?)</nav>', page, re.DOTALL)
    assert found is not None
    return dict(re.findall(r'<a [^>]*>([^<]+)<span class="cnt">([^<]+)</span>', found[1]))


def kept_address(page: str, name: str) -> str:
    found = re.search(rf'<a href="([^"]+)"[^>]*>{re.escape(name)}<span', page)
    assert found is not None, page
    return found[1].replace("&amp;", "&")


def test_a_kept_view_is_a_tab_with_its_count_and_its_filters_live_in_the_address(room: Room) -> None:
    factory.application(room.db, 1, sector="물류")
    factory.application(room.db, 2, sector="제조")
    client = room.enter(room.seat("Member"))
    page = send(client, "/committee/views", name="물류만", sector="물류", sort="score", down="1")
    assert tabs(page)["물류만"] == "1"
    address = kept_address(page, "물류만")
    assert {"sector=%EB%AC%BC%EB%A5%98", "sort=score", "down=1"} <= set(address.split("?")[1].split("&"))
    assert "과제2" not in client.get(address).text


def test_a_shared_view_shows_each_viewer_only_what_they_may_see(room: Room) -> None:
    owner, other = room.seat("Owner"), room.seat("Other")
    factory.application(room.db, 1, name=CANARY, sector="물류")
    factory.application(room.db, 2, sector="물류")
    other = factory.recuse(room.db, factory.application(room.db, 3, name="셋째상사", sector="물류"), other)
    send(room.enter(owner), "/committee/views", name="물류만", sector="물류", shared="y")
    send(room.enter(owner), "/committee/views", name="내것", sector="물류")
    mine, theirs = room.enter(owner).get(DOCKET).text, room.enter(other).get(DOCKET).text
    assert (tabs(mine)["물류만"], tabs(mine)["내것"]) == ("3", "3")
    assert tabs(theirs)["물류만 (Owner)"] == "2"
    assert "내것" not in theirs
    assert "셋째상사" not in room.enter(other).get(kept_address(theirs, "물류만 (Owner)")).text


def test_only_its_owner_renames_or_deletes_a_view(room: Room) -> None:
    owner, other = room.seat("Owner"), room.seat("Other")
    page = send(room.enter(owner), "/committee/views", name="첫째", state="eligible", shared="y")
    kept = kept_address(page, "첫째").split("kept=")[1].split("&")[0]
    assert "처음 화면에서 다시 찾아 주세요" in send(room.enter(other), f"/committee/views/{kept}", name="빼앗음")
    assert "처음 화면에서 다시 찾아 주세요" in send(room.enter(other), f"/committee/views/{kept}", then="delete")
    assert "둘째" in tabs(send(room.enter(owner), f"/committee/views/{kept}", name="둘째"))
    assert "둘째" not in tabs(send(room.enter(owner), f"/committee/views/{kept}", then="delete"))


def test_a_name_is_kept_once(room: Room) -> None:
    client = room.enter(room.seat("Member"))
    send(client, "/committee/views", name="같은 이름")
    assert "같은 이름의 보기가 있습니다" in send(client, "/committee/views", name="같은  이름")


def test_the_board_has_a_column_a_stage_with_its_count_and_moves_by_role(room: Room) -> None:
    factory.application(room.db, 1, name="가온상사")
    factory.application(room.db, 2, name="나래상사", state="approved")
    board = f"{DOCKET}&layout=board"
    member, chair = room.enter(room.seat("Member")).get(board).text, room.enter(room.seat("Chair", "chair")).get(board)
    assert re.findall(r'<h2 id="col-(\w+)">.*?class="cnt num">(\d+)<', member) == [
        ("eligible", "1"),
        ("proposed", "0"),
        ("approved", "1"),
        ("rejected", "0"),
        ("deferred", "0"),
        ("awarded", "0"),
    ]
    assert "가온상사" in member
    assert "what=propose" not in member
    assert chair.text.count("what=propose") == 1  # nothing approved goes to an agenda


def test_a_comparison_marks_what_differs_and_keeps_sealed_figures_sealed(room: Room) -> None:
    member, other = room.seat("Member"), room.seat("Other")
    first = factory.application(room.db, 1, name="가온상사", score=873)
    second = factory.application(room.db, 2, name="나래상사", score=412)
    factory.assign(room.db, first, member, other)
    factory.assign(room.db, second, other)
    factory.review(room.db, other, first, 5)
    factory.review(room.db, other, second, 2)
    address = "/committee/compare?ids=AX-T-0001,AX-T-0002"
    sealed = room.enter(member).get(address).text
    assert "가온상사" in sealed
    assert "87.3" not in sealed
    assert "100.0" not in sealed
    assert "5.00" not in sealed
    assert "41.2" in sealed
    assert "2.00" in sealed
    factory.review(room.db, member, first, 5)
    opened = room.enter(member).get(address).text
    assert "87.3" in opened
    assert "5.00" in opened
    assert "다름" in opened


@pytest.mark.parametrize("ids", ["AX-T-0001", "AX-T-0001,AX-T-0002", "AX-T-0001,AX-T-9", "", "1,2,3,4,5"])
def test_a_comparison_with_what_is_out_of_sight_is_no_page(room: Room, ids: str) -> None:
    factory.application(room.db, 1)
    member = factory.recuse(room.db, factory.application(room.db, 2, name=CANARY), room.seat("Member"))
    answer = room.enter(member).get(f"/committee/compare?call=AX-T&ids={ids}")
    assert answer.status_code == 404
    assert CANARY not in answer.text


def test_a_bulk_assignment_says_of_each_row_what_will_happen_and_does_it_once(room: Room) -> None:
    analyst, member = room.seat("Analyst", "analyst"), room.seat("Member")
    for ordinal in (1, 2, 3):
        factory.application(room.db, ordinal, name=f"상사{ordinal}")
    with room.db.read() as session:
        keys = {row.number: row.application_id for row in queries.docket(session, analyst, "AX-T")}
    factory.assign(room.db, keys["AX-T-0001"], member)
    factory.recuse(room.db, keys["AX-T-0002"], member)
    client = room.enter(analyst)
    fields = {"what": "assign", "person": str(member.person_id), "number": list(keys), "key": uuid.uuid4().hex}
    preview = send(client, "/committee/bulk", then="preview", **fields)
    assert "이미 맡고 있습니다" in preview
    assert "이 안건에서 물러난 위원입니다" in preview
    assert "1건 처리하기" in preview
    assert assigned(room.db) == 1
    for _ in range(2):
        result = send(client, "/committee/bulk", then="do", **fields)
        assert "1건 처리, 2건 안 됨" in result
        assert assigned(room.db) == 2


def assigned(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Assignment)) or 0


def test_what_matches_the_filter_is_put_on_an_agenda_and_held_as_far_as_there_is_cash(room: Room) -> None:
    chair = room.seat("Chair", "chair")
    promise(room.db, krw=250_000_000)
    for ordinal in (1, 2, 4):
        factory.application(room.db, ordinal, sector="물류", requested_krw=100_000_000)
    factory.application(room.db, 3, sector="제조", requested_krw=100_000_000)
    meeting = factory.meeting(room.db)
    fields = {"what": "propose", "meeting": str(meeting), "all": "1", "sector": "물류"}
    client = room.enter(chair)
    assert "2건 처리하기" in send(client, "/committee/bulk", then="preview", **fields)
    assert "2건 처리, 1건 안 됨" in send(client, "/committee/bulk", then="do", **fields)
    with room.db.read() as session:
        assert session.scalars(select(Ballot.proposed_krw)).all() == [100_000_000, 100_000_000]
        assert [row.free for row in balances(session, prefix="pool:kt")] == [50_000_000]


def promise(db: Database, *, krw: int) -> None:
    """Let one investor promise cash."""

    def work(session: Session) -> None:
        add_investor(session, code="kt", name_ko="케이티", name_en="KT", kind="cash", actor=SYSTEM, at=factory.AT)
        day = factory.AT.date()
        commit_cash(session, investor="kt", amount=won(krw), effective_on=day, key="kt", actor=SYSTEM, at=factory.AT)

    factory.do(db, work)


def test_a_reminder_goes_to_those_who_have_not_filed(room: Room) -> None:
    analyst, done, late = room.seat("Analyst", "analyst"), room.seat("Done"), room.seat("Late")
    key = factory.application(room.db, 1)
    factory.assign(room.db, key, done, late)
    factory.review(room.db, done, key)
    send(room.enter(analyst), "/committee/bulk", then="do", what="remind", number=["AX-T-0001"])
    with room.db.read() as session:
        assert session.scalars(select(OutboxMessage.recipient)).all() == ["late@example.com"]


def test_a_member_has_no_bulk_actions(room: Room) -> None:
    factory.application(room.db, 1)
    client = room.enter(room.seat("Member"))
    assert client.get("/committee/bulk?call=AX-T&number=AX-T-0001").status_code == 404
    assert 'name="what"' not in client.get(DOCKET).text


def recused_member(room: Room, role: str = "committee") -> Viewer:
    member = room.seat("Member", role)
    factory.application(room.db, 1, name="가온상사")
    return factory.recuse(room.db, factory.application(room.db, 2, name=CANARY, sector="비밀업"), member)


@pytest.mark.parametrize(
    "address",
    [
        HIDDEN,
        f"{HIDDEN}&layout=board",
        f"{DOCKET}&layout=board",
        f"{DOCKET}&sort=mean&down=1",
        "/committee/bulk?call=AX-T&all=1",
        "/committee/bulk?call=AX-T&number=AX-T-0002",
        "/committee/docket.csv?call=AX-T&all=1",
    ],
)
def test_nothing_betrays_what_somebody_is_recused_from(room: Room, address: str) -> None:
    answer = room.enter(recused_member(room, "chair")).get(address)
    assert answer.status_code == 200
    assert CANARY not in answer.text
    assert "비밀업" not in answer.text
    assert "AX-T-0002" not in answer.text.replace("number=AX-T-0002", "")  # links repeat what was asked for


def test_a_search_that_finds_only_hidden_rows_counts_none(room: Room) -> None:
    page = room.enter(recused_member(room)).get(HIDDEN).text
    assert tabs(page)["전체"] == "0"
    assert "맞는 안건이 없습니다" in page


def test_a_sealed_figure_puts_its_row_into_no_count(room: Room) -> None:
    member, one, two = room.seat("Member"), room.seat("One"), room.seat("Two")
    key = factory.application(room.db, 1, score=100)
    factory.assign(room.db, key, member, one, two)
    factory.review(room.db, one, key, 1)
    factory.review(room.db, two, key, 5)
    client = room.enter(member)
    before = tabs(client.get(DOCKET).text)
    assert (before["이견 큰 안건"], before["기계·위원 차이"], before["내 심사 대기"]) == ("0", "0", "1")
    factory.review(room.db, member, key, 3)
    after = tabs(client.get(DOCKET).text)
    assert (after["이견 큰 안건"], after["기계·위원 차이"], after["내 심사 대기"]) == ("1", "1", "0")


def test_the_workbook_holds_what_is_seen_and_no_formula(room: Room) -> None:
    member = room.seat("Member")
    factory.assign(room.db, factory.application(room.db, 1, name="=HYPERLINK(1)", score=873), member)
    factory.application(room.db, 2, score=412)
    answer = room.enter(member).get("/committee/docket.xlsx?call=AX-T")
    sheet = load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    score = rows[0].index("적합도")
    assert [(row[0], row[1], row[score]) for row in rows[1:]] == [
        ("AX-T-0001", "'=HYPERLINK(1)", None),
        ("AX-T-0002", "회사2", 41.2),
    ]
