"""The rubric keeps what is typed, shows two windows side by side, and a private note is its author's alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from committee_room import Room, factory, rubric
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
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
def seat(room: Room, post_form: Post) -> tuple[Viewer, FlaskClient, uuid.UUID, str]:
    """A member who has pledged, in a browser, with the application that they are to review."""
    member = room.seat("Member")
    key = factory.application(room.db, 1, name="가온상사", score=873)
    factory.assign(room.db, key, member)
    client, address = room.enter(member), f"/committee/applications/{key}"
    post_form(client, address, {"answer": "none", "key": KEY + "9"}, f"{address}/pledge")
    return member, client, key, address


def autosave(client: FlaskClient, address: str, revision: object, **fields: object) -> TestResponse:
    token = token_in(client.get(address).text)
    return client.post(
        f"{address}/draft", json={"revision": revision, "fields": fields}, headers={"X-CSRFToken": token}
    )


def test_what_is_typed_is_kept_and_comes_back_in_another_browser(
    room: Room, seat: tuple[Viewer, FlaskClient, uuid.UUID, str]
) -> None:
    member, client, _, address = seat
    answer = autosave(client, address, "0", team_points="4", team_reason="납품을 끝까지 해 봄")
    assert answer.json is not None
    assert (answer.status_code, answer.json["revision"], answer.json["problems"]) == (200, 1, {})
    page = room.enter(member).get(address).text
    assert "납품을 끝까지 해 봄" in page
    assert page.count(" checked") == 1
    assert 'name="revision" type="hidden" value="1"' in page


def test_the_second_window_is_refused_and_the_page_shows_both_side_by_side(
    seat: tuple[Viewer, FlaskClient, uuid.UUID, str], post_form: Post
) -> None:
    _, client, _, address = seat
    autosave(client, address, "0", team_points="4", team_reason="첫째 창의 말")
    refused = autosave(client, address, "0", team_reason="둘째 창의 말")
    assert refused.json is not None
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "revision_conflict")
    sent = rubric(team_reason="둘째 창의 말", revision="0", private_note="")
    clash = post_form(client, address, sent)
    assert clash.status_code == 409
    assert clash.text.count("첫째 창의 말") == 1
    assert "둘째 창의 말" in clash.text
    chosen = sent | {"revision": "1", "keep_team_reason": "stored", "keep_team_points": "mine", "key": KEY + "2"}
    token = token_in(clash.text)
    assert client.post(address, data={"csrf_token": token, **chosen}).status_code == 302
    filed = client.get(address).text
    assert "첫째 창의 말" in filed
    assert "둘째 창의 말" not in filed


def test_a_rubric_with_gaps_is_kept_as_a_draft_and_later_keeps_it_without_asking(
    room: Room, seat: tuple[Viewer, FlaskClient, uuid.UUID, str], post_form: Post
) -> None:
    member, client, _, address = seat
    refused = post_form(client, address, rubric(team_reason=" ", revision="0"))
    assert refused.status_code == 422
    assert 'name="revision" type="hidden" value="1"' in refused.text
    assert "근거를 확인함" in room.enter(member).get(address).text
    later = post_form(client, address, {"key": KEY + "3", "revision": "1", "note": "내일 이어서", "then": "later"})
    assert later.location == "/committee/?call=AX-T"
    assert "내일 이어서" in client.get(address).text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revision": "0", "fields": []},
        {"revision": "x", "fields": {}},
        {"revision": "²", "fields": {}},
        {"revision": 0, "fields": {"a": 1}},
    ],
)
def test_what_is_no_autosave_is_refused(seat: tuple[Viewer, FlaskClient, uuid.UUID, str], body: object) -> None:
    _, client, _, address = seat
    token = token_in(client.get(address).text)
    answer = client.post(f"{address}/draft", json=body, headers={"X-CSRFToken": token})
    assert answer.status_code == 422


def test_before_the_pledge_nothing_is_kept(room: Room) -> None:
    member = room.seat("Other")
    key = factory.application(room.db, 2)
    factory.assign(room.db, key, member)
    client, address = room.enter(member), f"/committee/applications/{key}"
    token = token_in(client.get(address).text)
    answer = client.post(f"{address}/draft", json={"revision": 0, "fields": {}}, headers={"X-CSRFToken": token})
    assert answer.status_code == 409


def test_a_private_note_stays_with_its_author_through_filing(
    room: Room, seat: tuple[Viewer, FlaskClient, uuid.UUID, str], post_form: Post
) -> None:
    _, client, _, address = seat
    sent = rubric(revision="0", private_note="대표에게 전화해 볼 것", note="함께 볼 메모")
    assert post_form(client, address, sent).status_code == 302
    assert "대표에게 전화해 볼 것" in client.get(address).text
    assert (
        post_form(client, address, {"key": KEY + "4", "private_note": "전화함"}, f"{address}/note").status_code == 302
    )
    assert "전화함" in client.get(address).text
    for role in ("analyst", "auditor"):
        page = room.enter(room.seat(role.title(), role)).get(address).text
        assert "함께 볼 메모" in page
        assert "전화" not in page


def test_next_passes_over_the_application_that_one_leaves(
    room: Room, seat: tuple[Viewer, FlaskClient, uuid.UUID, str]
) -> None:
    member, client, key, _ = seat
    other = factory.application(room.db, 2)
    factory.assign(room.db, other, member)
    assert client.get("/committee/next?call=AX-T").location == f"/committee/applications/{key}"
    assert client.get(f"/committee/next?call=AX-T&besides={key}").location == f"/committee/applications/{other}"


def test_the_history_shows_what_a_new_version_changed(
    room: Room, seat: tuple[Viewer, FlaskClient, uuid.UUID, str]
) -> None:
    _, client, key, address = seat
    factory.do(room.db, lambda s: factory.add_version(s, key, solution_title="과제1 개정판"))
    page = client.get(address).text
    assert "앞 판에서 1개 답이 바뀜" in page
    assert "<del>과제1</del>" in page or "<ins> 개정판</ins>" in page
