"""Meetings and ballots: a secret vote, cast once, closed once."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from committee_room import Room, factory
from flask import Flask
from werkzeug.test import TestResponse

from fundapp.core.access import Viewer
from fundapp.core.sessions import Database

Post = Callable[..., TestResponse]
KEY = "0" * 31


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


@pytest.fixture
def board(room: Room) -> list[Viewer]:
    return [room.seat("Chair", "chair"), room.seat("One"), room.seat("Two")]


@pytest.fixture
def ballot(room: Room, board: list[Viewer]) -> uuid.UUID:
    application = factory.application(room.db, 1, name="가온상사", requested_krw=200_000_000)
    return factory.ballot(room.db, application, krw=150_000_000, conditions=("보안 검토 통과",))


def test_the_proposal_stands_beside_what_was_asked_for(room: Room, board: list[Viewer], ballot: uuid.UUID) -> None:
    page = room.enter(board[1]).get(f"/committee/ballots/{ballot}").text
    assert "신청 2.0억의 75%" in page
    assert "보안 검토 통과" in page
    assert "재적 3명에서 물러난 0명을 빼면 의결권 3명" in page


def test_a_vote_is_recorded_and_nobody_else_sees_how_it_was_cast(
    room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post
) -> None:
    address = f"/committee/ballots/{ballot}"
    voter = room.enter(board[1])
    assert (
        post_form(
            voter, address, {"choice": "no", "vote_reason": "값이 높음", "key": KEY + "1"}, f"{address}/vote"
        ).status_code
        == 302
    )
    assert "내 표: 반대" in voter.get(address).text
    seen = room.enter(board[2]).get(address).text
    assert "투표함" in seen
    assert "내 표:" not in seen
    assert "반대 1" not in seen


def test_a_second_vote_is_refused_in_words_and_the_first_stays(
    room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post
) -> None:
    address = f"/committee/ballots/{ballot}"
    voter = room.enter(board[1])
    post_form(voter, address, {"choice": "no", "vote_reason": "값이 높음", "key": KEY + "1"}, f"{address}/vote")
    again = post_form(voter, address, {"choice": "yes", "key": KEY + "2"}, f"{address}/vote")
    assert again.status_code == 302
    page = voter.get(address).text
    assert "이미 투표했습니다" in page
    assert "내 표: 반대" in page


def test_a_vote_without_a_choice_is_sent_back(
    room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post
) -> None:
    address = f"/committee/ballots/{ballot}"
    answer = post_form(room.enter(board[1]), address, {"key": KEY + "1"}, f"{address}/vote")
    assert answer.status_code == 422
    assert "찬성, 반대, 기권 가운데 하나를 골라 주세요." in answer.text


def test_only_the_chair_closes_and_a_second_close_shows_the_first_result(
    room: Room, board: list[Viewer], ballot: uuid.UUID, post_form: Post
) -> None:
    address = f"/committee/ballots/{ballot}"
    for voter in board[:2]:
        factory.vote(room.db, ballot, voter, "yes")
    member = room.enter(board[1])
    assert member.get(f"{address}/close").status_code == 404
    chair = room.enter(board[0])
    assert post_form(chair, f"{address}/close", {"key": KEY + "1"}).status_code == 302
    # The page that was open in another window sends its own key.
    assert post_form(chair, "/committee/meetings", {"key": KEY + "2"}, f"{address}/close").status_code == 302
    page = chair.get(address).text
    assert "이미 개표한 안건입니다." in page
    assert "재적 3, 제척·회피 0, 의결권 3, 출석 2, 정족수 2 → 성립; 찬성 2, 반대 0 → 가결" in page
    assert "보안 검토 통과" in chair.get("/committee/conditions").text
    assert "가온상사" in chair.get("/committee/decisions").text


def test_a_recused_member_finds_neither_the_ballot_nor_the_item(
    room: Room, board: list[Viewer], ballot: uuid.UUID
) -> None:
    with room.db.read() as session:
        from fundapp.committee.queries import ballot_page  # noqa: PLC0415 - only this test looks behind the page

        page = ballot_page(session, board[0], ballot)
    outside = room.enter(factory.recuse(room.db, page.application_id, board[1]))
    assert outside.get(f"/committee/ballots/{ballot}").status_code == 404
    agenda = outside.get(f"/committee/meetings/{page.meeting_id}")
    assert agenda.status_code == 200
    assert "가온상사" not in agenda.text
    assert "One" in room.enter(board[2]).get(f"/committee/meetings/{page.meeting_id}").text


def test_a_meeting_is_set_by_the_analyst_and_not_by_a_member(room: Room, board: list[Viewer], post_form: Post) -> None:
    sent = {"call": "AX-T", "title": "제2회 투자심의위원회", "held_on": "2026-07-02", "key": KEY + "1"}
    analyst = room.enter(room.seat("Analyst", "analyst"))
    answer = post_form(analyst, "/committee/meetings", sent)
    assert "제2회 투자심의위원회" in analyst.get(answer.location).text
    assert post_form(room.enter(board[1]), "/account/password", sent, "/committee/meetings").status_code == 404
