"""Pages of phases, calibration and discussion; and pages in a blind phase, searched for the applicant."""

from __future__ import annotations

import csv
import io
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from committee_room import Room, factory
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fundapp.core.access import Viewer
from fundapp.core.sessions import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import review_calls as calls

Post = Callable[..., TestResponse]
KEY = "0" * 31
NAME = "새마루로보틱스"
TOLD = {
    "company_name": f"{NAME} 주식회사",
    "contact_email": "harin@saemaru.example",
    "solution_title": f"{NAME}의 용접 계획",
    "solution_summary": "새마루 로보틱스(Saemaru Robotics)가 만듭니다.",
}
WORDS = ("새마루", "Saemaru", "saemaru", "harin")


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    return Room(app, db, password_hash, sign_in)


def pledged(room: Room, post_form: Post, who: Viewer, key: uuid.UUID) -> tuple[FlaskClient, str]:
    client, address = room.enter(who), f"/committee/applications/{key}"
    post_form(client, address, {"answer": "none", "key": KEY + "9"}, f"{address}/pledge")
    return client, address


def test_in_a_blind_phase_no_page_of_a_member_names_the_applicant(room: Room, post_form: Post) -> None:
    calls.open_call(room.db, phases=[calls.BLIND, calls.NAMED])
    member = room.seat("Member")
    key = factory.application(room.db, 1, name=NAME, **TOLD)
    factory.assign(room.db, key, member)
    ballot = factory.ballot(room.db, key)
    gate = room.enter(member).get(f"/committee/applications/{key}").text
    client, address = pledged(room, post_form, member, key)
    addresses = [
        "/committee/?call=AX-T",
        "/committee/?call=AX-T&sort=company",
        address,
        f"{address}/pledge",
        "/committee/calibration?call=AX-T",
        "/committee/phases?call=AX-T",
        "/committee/meetings",
        f"/committee/ballots/{ballot}",
        "/committee/docket.csv?call=AX-T",
        "/committee/docket.csv?call=AX-T&q=AX",
    ]
    pages = {one: client.get(one) for one in addresses}
    assert {one: answer.status_code for one, answer in pages.items()} == dict.fromkeys(addresses, 200)
    told = [word for text in (gate, *(answer.text for answer in pages.values())) for word in WORDS if word in text]
    assert told == []
    assert "AX-T-0001" in pages[address].text
    assert "가리지 못합니다" in pages[address].text
    for word in WORDS:
        assert "맞는 안건이 없습니다" in client.get(f"/committee/?call=AX-T&q={word}").text


def test_the_secretary_moves_the_phase_and_members_are_asked_for_conflicts_again(room: Room, post_form: Post) -> None:
    calls.open_call(room.db, phases=[calls.BLIND, calls.NAMED])
    member, analyst = room.seat("Member"), room.seat("Analyst", "analyst")
    key = factory.application(room.db, 1, name=NAME, **TOLD)
    factory.assign(room.db, key, member)
    client, address = pledged(room, post_form, member, key)
    assert "spc_fit_points" in client.get(address).text
    office, phases = room.enter(analyst), "/committee/phases?call=AX-T"
    sent = {"call": "AX-T", "phase": "named", "key": KEY + "1"}
    assert post_form(office, phases, sent, "/committee/phases").status_code == 422
    assert post_form(office, phases, sent | {"reason": "독립 평가를 마침"}, "/committee/phases").status_code == 302
    assert "독립 평가를 마침" in client.get(phases).text
    page = client.get(address).text
    assert NAME in page
    assert "spc_fit_points" not in page
    assert 'name="phase"' not in client.get(phases).text


def test_a_member_sees_the_calibration_once_all_own_reviews_are_filed(room: Room) -> None:
    calls.open_call(room.db)
    one, two = room.seat("One"), room.seat("Two")
    keys = [factory.application(room.db, n, name=f"기업{n}") for n in (1, 2)]
    for key in keys:
        factory.assign(room.db, key, one, two)
        factory.review(room.db, two, key, 3)
    factory.review(room.db, one, keys[0], 5)
    client, address = room.enter(one), "/committee/calibration?call=AX-T"
    waiting = client.get(address).text
    assert "내 심사 1건을 먼저 저장해 주세요" in waiting
    assert "기업1" not in waiting
    assert client.get(f"{address}&download=csv").text.strip().count("\n") == 0
    factory.review(room.db, one, keys[1], 4)
    page = client.get(address).text
    assert "기업1" in page
    assert "조심해서 보세요" in page
    rows = list(csv.reader(io.StringIO(client.get(f"{address}&download=csv").text.lstrip("\ufeff"))))
    # Fives and threes are 100 and 60, fours and threes 80 and 60: means of 80 and 70.
    assert [row[:5] for row in rows[1:]] == [
        ["AX-T-0001", "기업1", "2", "80.0", "80.0"],
        ["AX-T-0002", "기업2", "2", "70.0", "70.0"],
    ]
    assert rows[1][-1] == "표본이 작아 엄격도 보정을 믿기 어려움"
    assert client.get(f"{address}&download=xlsx").status_code == 200


def test_who_is_recused_reads_the_same_scores_and_neither_severities_nor_agreement(room: Room) -> None:
    calls.open_call(room.db, official="adjusted")
    people = [room.seat(name) for name in ("One", "Two", "Three")]
    outsider, analyst = room.seat("Outsider"), room.seat("Analyst", "analyst")
    keys = [factory.application(room.db, n, name=f"기업{n}") for n in range(1, 5)]
    for place, key in enumerate(keys):
        factory.assign(room.db, key, *people)
        for points, who in zip((2, 3, 5) if place % 2 else (1, 4, 5), people, strict=True):
            factory.review(room.db, who, key, points)
    factory.recuse(room.db, keys[3], outsider)
    address = "/committee/calibration?call=AX-T&download=csv"
    mine = room.enter(outsider).get(address).text.splitlines()
    theirs = room.enter(analyst).get(address).text.splitlines()
    scores = {line.split(",")[0]: line.split(",")[3:7] for line in theirs[1:]}
    assert {line.split(",")[0]: line.split(",")[3:7] for line in mine[1:]} == {
        number: row for number, row in scores.items() if number != "AX-T-0004"
    }
    page = room.enter(outsider).get("/committee/calibration?call=AX-T").text
    assert "위원별 엄격도와 일치도는 보이지 않습니다" in page
    assert "Three" not in page


def test_a_discussion_is_led_on_its_page(room: Room, post_form: Post) -> None:
    calls.open_call(room.db)
    one, two, analyst = room.seat("One"), room.seat("Two"), room.seat("Analyst", "analyst")
    key = factory.application(room.db, 1, name="가온상사")
    factory.assign(room.db, key, one, two)
    factory.review(room.db, one, key)
    client, address = pledged(room, post_form, one, key)
    page = f"{address}/discussion"
    empty = {"kind": "question", "visibility": "named", "text": " ", "key": KEY + "1"}
    refused = post_form(client, page, empty)
    assert refused.status_code == 422
    assert "내용을 적어 주세요." in refused.text
    assert "읽을 사람을 골라 주세요." in refused.text
    asked = empty | {"visibility": "staff", "text": "<b>왜</b> @Analyst H200인가", "key": KEY + "2"}
    assert post_form(client, page, asked).location == page
    text = client.get(page).text
    assert "&lt;b&gt;왜&lt;/b&gt;" in text
    comment = text.split('id="c-')[1].split('"')[0]
    office = room.enter(analyst)
    reply = {"text": "도면이 길어서입니다", "key": KEY + "3"}
    assert post_form(office, page, reply, f"{page}/{comment}/reply").status_code == 302
    inquiry = {"text": "전력 사용량은?", "due_on": "2020-01-01", "key": KEY + "4"}
    late = post_form(office, page, inquiry, f"{page}/{comment}/inquire")
    assert late.status_code == 422
    assert "지난 날짜입니다" in late.text
    assert post_form(office, page, inquiry | {"due_on": ""}, f"{page}/{comment}/inquire").status_code == 302
    solved = {"resolved": "1", "key": KEY + "5"}
    assert post_form(client, page, solved, f"{page}/{comment}/resolve").status_code == 302
    told = client.get(page).text
    assert "도면이 길어서입니다" in told
    assert "전력 사용량은?" in told
    assert "열린 질문 0개" in told
    assert post_form(office, page, {"text": "남의 글", "key": KEY + "6"}, f"{page}/{comment}/edit").status_code == 404
    assert post_form(client, page, {"key": KEY + "7"}, f"{page}/{comment}/retract").status_code == 302
    assert "글쓴이가 거둔 글입니다." in client.get(page).text
    sealed, other = pledged(room, post_form, two, key)
    assert "도면" not in sealed.get(f"{other}/discussion").text


def test_the_applicant_reads_the_question_on_the_application_and_answers(room: Room, post_form: Post) -> None:
    calls.open_call(room.db)
    analyst, founder = room.seat("Analyst", "analyst"), room.seat("Founder", "applicant")
    key = factory.application(room.db, 1, name="가온상사")
    factory.join(room.db, key, founder)
    office, page = room.enter(analyst), f"/committee/applications/{key}/discussion"
    post_form(office, page, {"kind": "comment", "visibility": "staff", "text": "속사정", "key": KEY + "1"})
    comment = office.get(page).text.split('id="c-')[1].split('"')[0]
    sent = {"text": "전력 사용량을 알려 주세요", "due_on": "", "key": KEY + "2"}
    post_form(office, page, sent, f"{page}/{comment}/inquire")
    client, home = room.enter(founder), f"/portal/applications/{key}/"
    text = client.get(home).text
    assert "전력 사용량을 알려 주세요" in text
    assert "속사정" not in text
    inquiry = "/portal/inquiries/" + text.split("/portal/inquiries/")[1].split('"')[0]
    assert post_form(client, inquiry, {"text": "", "key": KEY + "3"}).status_code == 422
    assert post_form(client, inquiry, {"text": "월 3MWh", "key": KEY + "4"}).location == home
    assert "월 3MWh" in client.get(inquiry).text
    assert "월 3MWh" in office.get(page).text
    stranger = room.enter(room.seat("Stranger", "applicant"))
    assert stranger.get(inquiry).status_code == 404
