"""The conflict gate, the rubric, and what opens after a review is filed."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from committee_room import Room, factory, rubric
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
from sqlalchemy import event
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


def assigned(room: Room, name: str = "Member", **options: object) -> tuple[Viewer, uuid.UUID, str]:
    member = room.seat(name)
    application = factory.application(room.db, 1, name="가온상사", **options)
    factory.assign(room.db, application, member)
    return member, application, f"/committee/applications/{application}"


def pledge(post_form: Post, client: FlaskClient, address: str) -> TestResponse:
    return post_form(client, address, {"answer": "none", "key": KEY + "9"}, f"{address}/pledge")


def test_before_the_pledge_only_the_related_parties_are_shown(room: Room) -> None:
    member, _, address = assigned(room, solution_summary="비밀 사업계획", corporate_number="1101111111111")
    page = room.enter(member).get(address).text
    assert "1101111111111" in page
    assert "과제1" not in page
    assert "spc_fit_points" not in page


def test_after_the_pledge_the_dossier_and_the_rubric_open_for_good(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(member)
    assert pledge(post_form, client, address).location == address
    for browser in (client, room.enter(member)):
        page = browser.get(address).text
        assert "과제1" in page
        assert "spc_fit_points" in page


def test_stepping_back_needs_a_reason_and_then_the_application_is_gone(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(member)
    refused = post_form(client, address, {"answer": "self_recusal", "key": KEY + "1"}, f"{address}/pledge")
    assert refused.status_code == 422
    sent = {"answer": "self_recusal", "reason": "전 직장", "key": KEY + "2"}
    asked = post_form(client, address, sent, f"{address}/pledge")
    assert asked.status_code == 200
    assert "정말 물러나시겠습니까?" in asked.text
    assert client.get(address).status_code == 200
    sent |= {"sure": "yes"}
    assert post_form(client, address, sent, f"{address}/pledge").status_code == 302
    assert client.get(address).status_code == 404
    assert client.get(f"{address}/pledge").status_code == 404


def test_an_analyst_opens_the_dossier_without_a_pledge(room: Room) -> None:
    _, _, address = assigned(room)
    assert "과제1" in room.enter(room.seat("Analyst", "analyst")).get(address).text


def test_a_rubric_with_a_gap_comes_back_with_everything_typed(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room, score=873)
    client = room.enter(member)
    pledge(post_form, client, address)
    answer = post_form(client, address, rubric(reason="오래 생각한 근거", team_reason=" "))
    assert answer.status_code == 422
    assert answer.text.count("오래 생각한 근거") == 4
    assert 'href="#team_reason"' in answer.text
    assert answer.text.count(" checked") == 5
    assert "87.3" not in answer.text


def test_saving_opens_the_score_and_the_reviews_of_others(room: Room, post_form: Post) -> None:
    member, application, address = assigned(room, score=873)
    other = room.seat("Other")
    factory.assign(room.db, application, other)
    factory.review(room.db, other, application, 3)
    client = room.enter(member)
    pledge(post_form, client, address)
    before = client.get(address).text
    assert "87.3" not in before
    assert "Other" not in before
    assert post_form(client, address, rubric("5")).location == address
    after = client.get(address).text
    assert "87.3" in after
    assert "Other" in after
    assert "100.0" in after  # five fives
    assert "80.0" in after  # the mean of 100 and 60


def test_the_same_form_sent_twice_files_one_version(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(member)
    pledge(post_form, client, address)
    token_page = f"{address}?edit=1"
    for _ in range(2):
        assert post_form(client, token_page, rubric(), address).status_code == 302
    assert "2판" not in client.get(address).text


def test_filing_asks_as_seldom_as_it_can(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(member)
    pledge(post_form, client, address)
    post_form(client, address, rubric())
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement.split(maxsplit=1)[0])

    fields = rubric(key=KEY + "2") | {"csrf_token": token_in(client.get(f"{address}?edit=1").text)}
    event.listen(room.db.engine, "before_cursor_execute", note)
    answer = client.post(address, data=fields)
    event.remove(room.db.engine, "before_cursor_execute", note)
    # Who asks; what of; where one stands; was it filed already? The review, what all say together and its figures; the
    # chain of the record; the key. PostgreSQL writes the last link and the chain's head at once.
    writes = ["INSERT", "SELECT", "UPDATE", "UPDATE", *(["INSERT", "UPDATE"] if room.db.is_sqlite else ["WITH"])]
    assert (answer.status_code, said) == (302, ["SELECT"] * 4 + writes + ["INSERT"])


def test_save_and_next_leads_to_the_next_review(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(member)
    pledge(post_form, client, address)
    answer = post_form(client, address, rubric() | {"then": "next"})
    assert answer.location == "/committee/next?call=AX-T"


def test_a_member_without_an_assignment_cannot_file(room: Room, post_form: Post) -> None:
    _, _, address = assigned(room)
    client = room.enter(room.seat("Other"))
    pledge(post_form, client, address)
    assert post_form(client, address, rubric(), address).status_code == 404


def test_reviewers_are_rehearsed_before_they_are_assigned(room: Room, post_form: Post) -> None:
    room.seat("Member")
    factory.application(room.db, 1)
    client = room.enter(room.seat("Analyst", "analyst"))
    sent = {"call": "AX-T", "per_application": "1", "max_load": "5", "key": KEY + "1"}
    preview = post_form(client, "/committee/assignments?call=AX-T", sent, "/committee/assignments").text
    assert "아직 저장하지 않았습니다" in preview
    assert "0/0" in preview
    assert (
        post_form(
            client, "/committee/assignments?call=AX-T", sent | {"then": "assign"}, "/committee/assignments"
        ).location
        == "/committee/assignments?call=AX-T"
    )
    assert "0/1" in client.get("/committee/assignments?call=AX-T").text


def test_a_member_cannot_assign_reviewers(room: Room) -> None:
    assert room.enter(room.seat("Member")).get("/committee/assignments?call=AX-T").status_code == 404


def test_a_conflict_declared_by_the_analyst_hides_the_application_from_the_member(room: Room, post_form: Post) -> None:
    member, _, address = assigned(room)
    client = room.enter(room.seat("Analyst", "analyst"))
    sent = {"person": str(member.person_id), "route": "challenge", "reason": "신청", "key": KEY + "1"}
    assert post_form(client, f"{address}/recusals", sent).status_code == 302
    assert room.enter(member).get(address).status_code == 404
