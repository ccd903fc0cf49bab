"""A meeting's pages: what is on now, its order, its minutes, resolutions that can be checked, and the stream."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from committee_room import Room, factory
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from fundapp.committee import actions
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.sessions import Database
from fundapp.core.signing import signature_valid
from fundapp.web.committee import live

Post = Callable[..., TestResponse]
KEY = "0" * 30


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


@pytest.fixture
def board(room: Room) -> list[Viewer]:
    return [room.seat("Chair", "chair"), room.seat("One"), room.seat("Two")]


@pytest.fixture
def item(room: Room, board: list[Viewer]) -> uuid.UUID:
    return factory.application(room.db, 1, name="가온상사", requested_krw=200_000_000)


@pytest.fixture
def ballot(room: Room, item: uuid.UUID) -> uuid.UUID:
    return factory.ballot(room.db, item, krw=150_000_000, conditions=("보안 검토 통과",))


@pytest.fixture
def meeting(room: Room, ballot: uuid.UUID) -> uuid.UUID:
    return factory.meeting(room.db)


def run(room: Room, meeting: uuid.UUID, ballot: uuid.UUID | None) -> None:
    if ballot is None:
        factory.do(room.db, lambda s: actions.open_meeting(s, meeting_id=meeting, actor=SYSTEM, at=factory.AT))
    else:
        factory.do(
            room.db,
            lambda s: actions.call_item(s, meeting_id=meeting, ballot_id=ballot, actor=SYSTEM, at=factory.AT),
        )


def test_the_chair_opens_the_sitting_and_calls_an_item_and_members_see_it(
    room: Room, board: list[Viewer], meeting: uuid.UUID, ballot: uuid.UUID, post_form: Post
) -> None:
    chair, member = room.enter(board[0]), room.enter(board[1])
    address = f"/committee/meetings/{meeting}"
    assert "회의 열기" not in member.get(address).text
    post_form(chair, address, {"key": KEY + "01"}, f"{address}/open")
    post_form(chair, address, {"key": KEY + "02", "ballot": str(ballot)}, f"{address}/item")
    parts = member.get(f"{address}/live").text
    assert "지금 다루는 안건" in parts
    assert "가온상사" in parts
    assert "지금 다루는 안건입니다." in member.get(f"/committee/ballots/{ballot}").text
    post_form(
        member, address, {"key": KEY + "03", "person": str(board[1].person_id), "present": "1"}, f"{address}/attendance"
    )
    assert "1/3" in chair.get(address).text


def test_whoever_is_recused_from_the_item_at_hand_waits_outside_and_learns_nothing_of_it(
    room: Room, board: list[Viewer], item: uuid.UUID, meeting: uuid.UUID, ballot: uuid.UUID
) -> None:
    run(room, meeting, None)
    run(room, meeting, ballot)
    outside = room.enter(factory.recuse(room.db, item, board[1]))
    pages = [
        outside.get(f"/committee/meetings/{meeting}{part}").text for part in ("", "/live", "/meeting.ics", "/minutes")
    ]
    assert "밖에서 기다려 주세요" in pages[0]
    assert "밖에서 기다려 주세요" in pages[1]
    for page in pages:
        assert "가온상사" not in page
        assert str(ballot) not in page
    for address in ("", "/live", "/headroom", "/amend", "/close"):
        assert outside.get(f"/committee/ballots/{ballot}{address}").status_code == 404


def frames(answer: TestResponse, most: int) -> Iterator[str]:
    for place, frame in enumerate(answer.response):
        if place == most:
            return
        yield frame if isinstance(frame, str) else frame.decode()


def test_the_stream_says_that_something_changed_and_nothing_else(
    room: Room, board: list[Viewer], item: uuid.UUID, meeting: uuid.UUID, ballot: uuid.UUID
) -> None:
    run(room, meeting, None)
    member = room.enter(board[1])
    answer = member.get(f"/committee/meetings/{meeting}/events?seen=unknown", buffered=False)
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["X-Accel-Buffering"] == "no"
    told = frames(answer, 9)
    assert next(told) == "retry: 1000\n\n"
    first = next(told)
    run(room, meeting, ballot)
    second = next(told)
    factory.recuse(room.db, item, board[1])
    third = next(told)
    shapes = [frame.split("\n")[1:] for frame in (first, second, third)]
    assert shapes == [["event: room", "data: ", "", ""]] * 3
    assert len({first, second, third}) == 3
    said = first + second + third
    assert "가온" not in said
    assert str(ballot) not in said
    # Whoever loses their seat is told to leave, and the stream ends.
    with room.db.engine.connect().execution_options(writing=True) as connection:
        connection.execute(text("UPDATE person SET active = :no WHERE name = 'One'"), {"no": False})
        connection.commit()
    assert list(told) == ["event: leave\ndata: \n\n"]
    answer.close()


def test_a_browser_that_has_seen_the_present_state_is_told_nothing_new(
    room: Room, board: list[Viewer], meeting: uuid.UUID
) -> None:
    member = room.enter(board[1])
    seen = member.get(f"/committee/meetings/{meeting}/live").text.partition('data-seen="')[2][:16]
    ticks = iter([True, True, False])
    live.end_when_stopping(lambda: next(ticks))
    try:
        answer = member.get(f"/committee/meetings/{meeting}/events", headers={"Last-Event-ID": seen}, buffered=False)
        assert list(frames(answer, 9)) == ["retry: 1000\n\n"]
    finally:
        live.end_when_stopping(lambda: True)


def test_when_every_place_is_taken_the_answer_is_empty_and_places_come_back(
    room: Room, board: list[Viewer], meeting: uuid.UUID
) -> None:
    member, address = room.enter(board[1]), f"/committee/meetings/{meeting}/events"
    taken = [live.take_place() for _ in range(live.MOST_STREAMS)]
    try:
        assert all(taken)
        assert member.get(address).status_code == 204
    finally:
        for _ in taken:
            live._places.release()
    answer = member.get(address, buffered=False)
    next(frames(answer, 1))
    answer.close()
    assert [live.take_place() for _ in range(live.MOST_STREAMS)] == [True] * live.MOST_STREAMS
    for _ in range(live.MOST_STREAMS):
        live._places.release()


def test_strangers_and_companies_have_no_stream(room: Room, meeting: uuid.UUID) -> None:
    address = f"/committee/meetings/{meeting}/events"
    assert room.app.test_client().get(address).status_code == 302
    assert room.enter(room.seat("Money", "finance")).get(address).status_code == 404


def test_items_are_moved_with_buttons_and_kept_with_a_reason(
    room: Room, board: list[Viewer], meeting: uuid.UUID, ballot: uuid.UUID, post_form: Post
) -> None:
    second = factory.ballot(room.db, factory.application(room.db, 2, name="나래상사"))
    chair, address = room.enter(board[0]), f"/committee/meetings/{meeting}/agenda"
    order = [str(ballot), str(second)]
    moved = post_form(chair, address, {"order": order, "move": f"up:{second}", "key": KEY + "01"})
    assert moved.text.index("나래상사") < moved.text.index("가온상사")
    turned = order[::-1]
    assert post_form(chair, address, {"order": turned, "key": KEY + "02"}).status_code == 422
    kept = post_form(chair, address, {"order": turned, "reason": "대표 일정", "key": KEY + "03"})
    assert kept.status_code == 302
    page = chair.get(f"/committee/meetings/{meeting}").text
    assert page.index("나래상사") < page.index("가온상사")
    assert "대표 일정" in page


def test_headroom_of_amounts_that_are_being_typed(room: Room, board: list[Viewer], ballot: uuid.UUID) -> None:
    chair = room.enter(board[0])
    answer = chair.get(f"/committee/ballots/{ballot}/headroom?krw=170000000").json
    assert answer is not None
    assert answer["fits"] is False  # the fund of this test has promised nothing
    assert "1.7억" in answer["html"]
    assert room.enter(board[1]).get(f"/committee/ballots/{ballot}/headroom").status_code == 404


def test_an_open_vote_against_needs_a_reason_which_stands_by_name_after_the_close(
    room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post
) -> None:
    address = f"/committee/ballots/{ballot}"
    voter = room.enter(board[1])
    refused = post_form(voter, address, {"choice": "no", "key": KEY + "01"}, f"{address}/vote")
    assert refused.status_code == 422
    assert "반대와 기권에는 이유를 적어 주세요." in refused.text
    sent = {"choice": "no", "vote_reason": "단가가 높음", "key": KEY + "02"}
    assert post_form(voter, address, sent, f"{address}/vote").status_code == 302
    assert "단가가 높음" not in room.enter(board[2]).get(address).text
    chair = room.enter(board[0])
    post_form(chair, f"{address}/close", {"key": KEY + "03"})
    assert "단가가 높음" in room.enter(board[2]).get(address).text


@pytest.fixture
def resolved(room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post) -> str:
    for voter in board[:2]:
        factory.vote(room.db, ballot, voter, "yes")
    address = f"/committee/ballots/{ballot}"
    chair = room.enter(board[0])
    post_form(chair, f"{address}/close", {"key": KEY + "09"})
    page = chair.get(address).text
    return "/committee/decisions/" + page.partition("/committee/decisions/")[2].partition("/")[0] + "/resolution"


def test_a_resolution_is_signed_at_the_close_and_can_be_checked_without_us(
    room: Room, board: list[Viewer], resolved: str
) -> None:
    member = room.enter(board[2])
    page = member.get(resolved).text
    assert "서명이 유효합니다" in page
    body = member.get(f"{resolved}.json").data
    said: dict[str, Any] = json.loads(body)
    assert (said["outcome"], said["company"], said["conditions"][0]["text"]) == (
        "carried",
        "가온상사",
        "보안 검토 통과",
    )
    with room.db.engine.connect() as connection:
        row = connection.execute(text("SELECT sha256, signature, public_key FROM resolution")).one()
    assert hashlib.sha256(body).hexdigest() == row.sha256
    assert signature_valid(bytes.fromhex(row.public_key), body, bytes.fromhex(row.signature))
    assert not signature_valid(bytes.fromhex(row.public_key), body + b" ", bytes.fromhex(row.signature))
    for locale in ("ko", "en"):
        file = member.get(f"{resolved}-{locale}.pdf")
        assert (file.content_type, file.data[:5]) == ("application/pdf", b"%PDF-")
        assert file.data == member.get(f"{resolved}-{locale}.pdf").data


def test_a_changed_resolution_is_called_invalid(room: Room, board: list[Viewer], resolved: str) -> None:
    with room.db.engine.connect().execution_options(writing=True) as connection:
        if room.db.is_sqlite:
            connection.execute(text("DROP TRIGGER append_only_resolution_update"))
        else:
            connection.execute(text("DROP TRIGGER append_only_resolution ON resolution"))
        connection.execute(text("UPDATE resolution SET content = replace(content, 'carried', 'deferred')"))
        connection.commit()
    assert "서명이 유효하지 않습니다" in room.enter(board[2]).get(resolved).text


def test_a_recused_member_finds_no_resolution(room: Room, board: list[Viewer], item: uuid.UUID, resolved: str) -> None:
    outside = room.enter(factory.recuse(room.db, item, board[2]))
    for part in ("", ".json", "-ko.pdf"):
        assert outside.get(f"{resolved}{part}").status_code == 404


def test_minutes_are_drafted_edited_and_approved_on_their_page(
    room: Room, board: list[Viewer], meeting: uuid.UUID, resolved: str, post_form: Post
) -> None:
    address = f"/committee/meetings/{meeting}/minutes"
    analyst, chair = room.enter(room.seat("Analyst", "analyst")), room.enter(board[0])
    post_form(analyst, address, {"key": KEY + "01"})
    assert "제1호 안건: 가온상사" in analyst.get(address).text
    post_form(analyst, f"{address}/edit", {"version": "1", "body_0": "고쳐 쓴 개요", "key": KEY + "02"})
    late = post_form(analyst, f"{address}/edit", {"version": "1", "body_0": "늦게 쓴 개요", "key": KEY + "03"})
    assert late.status_code == 409
    assert "늦게 쓴 개요" in late.text
    post_form(chair, address, {"version": "2", "key": KEY + "04"}, f"{address}/approve")
    page = room.enter(board[1]).get(address).text
    assert "고쳐 쓴 개요" in page
    assert "SHA-256" in page
    assert "결재란" in page
    assert analyst.get(f"{address}/edit").status_code == 302


def test_the_calendar_file_names_no_application(room: Room, board: list[Viewer], meeting: uuid.UUID) -> None:
    file = room.enter(board[1]).get(f"/committee/meetings/{meeting}/meeting.ics")
    assert file.content_type == "text/calendar; charset=utf-8"
    assert "제1회 투자심의위원회" in file.text
    assert "가온상사" not in file.text
