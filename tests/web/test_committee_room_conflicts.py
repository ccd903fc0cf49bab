"""Conflicts and assignment on the pages: what closes with a recusal, what the register asks, who decides."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from io import BytesIO

import pytest
from committee_room import Room, factory, rubric
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.committee.actions import file_challenge
from fundapp.committee.tables import Challenge, Conflict, LiftRequest
from fundapp.core.access import Viewer
from fundapp.core.sessions import Database
from fundapp.identity.actions import issue_token
from fundapp.intake.tables import Application, Company
from fundapp.web.shell.clock import now

Post = Callable[..., TestResponse]
KEY = "0" * 31
BRN = "2208162517"
COMPANY = "카나리아상사"
REGISTER = "/committee/conflicts"


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def numbered(room: Room, name: str = COMPANY) -> uuid.UUID:
    """Add an application of a company with a real business number."""
    key = factory.application(room.db, 1, name=name)

    def work(session: Session) -> None:
        session.get_one(Company, session.get_one(Application, key).company_id).identifier = BRN

    factory.do(room.db, work)
    return key


def test_a_tab_that_was_open_before_the_recusal_is_shut_for_everything(room: Room, post_form: Post) -> None:
    member = room.seat("Member")
    key = numbered(room)
    factory.assign(room.db, key, member)
    ballot = f"/committee/ballots/{factory.ballot(room.db, key)}"
    address = f"/committee/applications/{key}"
    client = room.enter(member)
    token = token_in(client.get(address).text)
    post_form(client, address, {"answer": "none", "key": KEY + "1"}, f"{address}/pledge")
    assert client.get(ballot).status_code == 200
    bearer = factory.do(
        room.db,
        lambda s: issue_token(s, actor=member, at=now(), person_id=member.person_id or key, label="t"),
    )
    factory.recuse(room.db, key, member)
    for page in (address, f"{address}?edit=1", f"{address}/pledge", ballot, f"{ballot}/close"):
        assert client.get(page).status_code == 404, page
    sent = rubric() | {"csrf_token": token}
    assert client.post(address, data=sent).status_code == 404
    for part, fields in (("vote", {"choice": "yes"}), ("close", {})):
        data = {"csrf_token": token, "key": KEY + "2", **fields}
        assert client.post(f"{ballot}/{part}", data=data).status_code == 404
    for file in ("/committee/docket.csv?call=AX-T", "/committee/docket.csv?call=AX-T&number=AX-T-0001"):
        assert COMPANY not in client.get(file).text
    api = {"Authorization": f"Bearer {bearer}"}
    assert client.get("/api/v1/applications/AX-T-0001", headers=api).status_code == 404
    assert client.get("/api/v1/applications", headers=api).get_json()["items"] == []


def test_declaring_an_interest_closes_the_case_and_does_not_tell_of_it(room: Room, post_form: Post) -> None:
    member = room.seat("Member")
    key = numbered(room)
    client = room.enter(member)
    page = "/committee/interests"
    sent = {"kind": "shareholding", "company_name": "내 회사", "business_number": "220-81-62517", "share": "0.5"}
    answer = post_form(client, page, sent | {"key": KEY + "1"}, f"{page}/of/{member.person_id}")
    assert answer.location == page
    shown = client.get(page).text
    assert "0.50%" in shown
    assert COMPANY not in shown
    assert client.get(f"/committee/applications/{key}").status_code == 404
    wrong = sent | {"business_number": "1234567890", "key": KEY + "2"}
    refused = post_form(client, page, wrong, f"{page}/of/{member.person_id}")
    assert refused.status_code == 422
    assert 'href="#business_number"' in refused.text
    other = room.seat("Other")
    assert post_form(client, page, sent | {"key": KEY + "3"}, f"{page}/of/{other.person_id}").status_code == 404
    assert client.get("/committee/conflicts").status_code == 404


def test_what_the_register_suggests_is_dismissed_on_its_page(room: Room, post_form: Post) -> None:
    member, analyst = room.seat("Member"), room.seat("Analyst", "analyst")
    key = factory.application(room.db, 1, name=COMPANY)
    own = room.enter(member)
    post_form(
        own,
        "/committee/interests",
        {"kind": "employment", "company_name": f"(주){COMPANY}", "key": KEY + "1"},
        f"/committee/interests/of/{member.person_id}",
    )
    gate = own.get(f"/committee/applications/{key}").text
    assert "비슷한 회사 이름" in gate
    client = room.enter(analyst)
    assert COMPANY in client.get(REGISTER).text
    assert COMPANY in client.get(f"{REGISTER}?download=csv").text
    page = f"/committee/applications/{key}/suggestions/{member.person_id}"
    assert post_form(client, page, {"answer": "dismiss", "key": KEY + "2"}).status_code == 422
    sent = {"answer": "dismiss", "reason": "이름만 같음", "key": KEY + "3"}
    assert post_form(client, page, sent).location == REGISTER
    assert COMPANY not in client.get(REGISTER).text
    assert "이름만 같음" in client.get(f"{REGISTER}?view=answered").text
    assert client.get(page).status_code == 404


def test_two_people_lift_on_the_pages_and_reasons_stay_with_the_secretary(room: Room, post_form: Post) -> None:
    member, analyst = room.seat("Member"), room.seat("Analyst", "analyst")
    chair, auditor = room.seat("Chair", "chair"), room.seat("Auditor", "auditor")
    key = factory.application(room.db, 1, name=COMPANY)
    factory.recuse(room.db, key, member)
    client = room.enter(analyst)
    assert "이전 직장" in client.get(f"{REGISTER}?view=recusals").text
    assert "이전 직장" not in room.enter(auditor).get(f"{REGISTER}?view=recusals").text
    with room.db.read() as session:
        recusal = session.scalars(select(Conflict.id)).one()
    lift = f"{REGISTER}/{recusal}/lift"
    assert post_form(client, lift, {"reason": "동명이인", "key": KEY + "1"}).location == f"{REGISTER}?view=lifts"
    with room.db.read() as session:
        request = session.scalars(select(LiftRequest.id)).one()
    fields = {"answer": "approve", "key": KEY + "2"}
    post_form(client, REGISTER, fields, f"/committee/lifts/{request}")
    assert "작성자와 승인자는 서로 달라야 합니다" in client.get(REGISTER).text
    second = room.enter(chair)
    assert "동명이인" in second.get(f"{REGISTER}?view=lifts").text
    post_form(second, REGISTER, fields, f"/committee/lifts/{request}")
    assert room.enter(member).get(f"/committee/applications/{key}").status_code == 200


def test_a_recused_chair_finds_nothing_of_the_case_in_the_overview(room: Room) -> None:
    chair, member = room.seat("Chair", "chair"), room.seat("Member")
    key = factory.application(room.db, 1, name=COMPANY)
    factory.recuse(room.db, key, member)
    factory.recuse(room.db, key, chair)
    client = room.enter(chair)
    for view in ("waiting", "recusals", "people", "challenges", "lifts", "answered"):
        page = client.get(f"{REGISTER}?view={view}")
        assert page.status_code == 200
        assert COMPANY not in page.text
        assert "AX-T-0001" not in page.text


def test_a_meeting_opens_after_the_pledge_and_asks_again_for_a_new_item(room: Room, post_form: Post) -> None:
    member, chair = room.seat("Member"), room.seat("Chair", "chair")
    first, second = factory.application(room.db, 1, name="가온상사"), factory.application(room.db, 2, name=COMPANY)
    ballot = f"/committee/ballots/{factory.ballot(room.db, first, pledged=False)}"
    meeting = f"/committee/meetings/{factory.meeting(room.db)}"
    client = room.enter(member)
    gate = f"{meeting}/pledge"
    assert client.get(meeting).location == f"{gate}?to={meeting}"
    assert client.get(ballot).status_code == 302
    page = client.get(gate)
    assert "가온상사" in page.text
    sent = {"item": str(first), f"answer-{first}": "none", "to": ballot, "key": KEY + "1"}
    assert post_form(client, gate, sent | {f"answer-{first}": ""}).status_code == 422
    assert post_form(client, gate, sent).location == ballot
    assert client.get(ballot).status_code == 200
    factory.ballot(room.db, second, pledged=False)
    again = client.get(gate).text
    assert COMPANY in again
    assert "가온상사" not in again
    leave = {"item": str(second), f"answer-{second}": "leave", f"reason-{second}": "친족", "key": KEY + "2"}
    assert post_form(client, gate, leave).location == meeting
    assert COMPANY not in client.get(meeting).text
    assert room.enter(chair).get(meeting).status_code == 302
    assert room.enter(room.seat("Analyst", "analyst")).get(meeting).status_code == 200


def test_a_ballot_out_of_sight_is_absent_and_not_shut(room: Room) -> None:
    member = room.seat("Member")
    first, second = factory.application(room.db, 1), factory.application(room.db, 2)
    hidden = factory.ballot(room.db, first, pledged=False)
    factory.ballot(room.db, second, pledged=False)
    factory.recuse(room.db, first, member)
    client = room.enter(member)
    for method in ("get", "post"):
        assert getattr(client, method)(f"/committee/ballots/{hidden}").status_code in {404, 405}
        assert getattr(client, method)(f"/committee/ballots/{uuid.uuid4()}").status_code in {404, 405}


def test_a_check_before_an_invitation_answers_as_page_and_as_json(room: Room) -> None:
    numbered(room)
    client = room.enter(room.seat("Analyst", "analyst"))
    asked = f"call=AX-T&companies={BRN}%0A{COMPANY}"
    page = client.get(f"{REGISTER}/check?{asked}").text
    assert "바로 제척될 안건" in page
    assert COMPANY in page
    answer = client.get(f"{REGISTER}/check.json?{asked}").get_json()
    assert (answer["disqualified"], answer["suggested"]) == (1, 0)
    assert answer["items"][0]["disqualifies"][0]["rule"] == "employment"
    assert room.enter(room.seat("Member")).get(f"{REGISTER}/check.json?{asked}").status_code == 404


def test_an_applicant_challenges_and_the_others_decide(room: Room, post_form: Post) -> None:
    target, chair, other = room.seat("Target"), room.seat("Chair", "chair"), room.seat("Other")
    key = factory.application(room.db, 1, name=COMPANY)
    founder = room.seat("Founder", "applicant")
    factory.join(room.db, key, founder)
    company = room.enter(founder)
    page = f"/portal/applications/{key}/challenge"
    sent = {"person": str(target.person_id), "reason": "경쟁사 자문", "sure": "y", "key": KEY + "1"}
    assert post_form(company, page, {**sent, "reason": ""}).status_code == 422
    assert post_form(company, page, sent).location == page
    assert "의결 전" in company.get(page).text
    with room.db.read() as session:
        which = session.scalars(select(Challenge.id)).one()
    one = f"/committee/challenges/{which}"
    assert room.enter(target).get(one).status_code == 404
    assert COMPANY not in room.enter(target).get("/committee/challenges").text
    for place, who in enumerate((chair, other)):
        client = room.enter(who)
        assert "내 표 기다림" in client.get("/committee/challenges").text
        post_form(client, one, {"choice": "yes", "key": KEY + str(2 + place)}, f"{one}/vote")
    client = room.enter(chair)
    post_form(client, one, {"key": KEY + "4"}, f"{one}/close")
    assert "받아들임" in client.get(one).text
    assert "받아들임" in company.get(page).text


def seated(room: Room) -> tuple[FlaskClient, Viewer, uuid.UUID]:
    member = room.seat("Member")
    key = factory.application(room.db, 1, name=COMPANY)
    return room.enter(room.seat("Analyst", "analyst")), member, key


def test_reviews_are_given_by_hand_and_taken_back_with_reasons(room: Room, post_form: Post) -> None:
    client, member, key = seated(room)
    page = "/committee/assignments/list?call=AX-T"
    add = "/committee/assignments/add"
    sent = {"call": "AX-T", "number": "ax-t-0001", "person": str(member.person_id), "reason": "전공자"}
    sent |= {"key": KEY + "1"}
    assert post_form(client, page, sent | {"number": "AX-T-0099"}, add).status_code == 422
    assert post_form(client, page, sent, add).location == page
    assert "전공자" in client.get(page).text
    assert "전공자" in client.get(f"{page}&download=csv").text
    remove = f"/committee/applications/{key}/reviewers/{member.person_id}/remove"
    assert post_form(client, f"{remove}?call=AX-T", {"call": "AX-T", "key": KEY + "2"}, remove).status_code == 422
    sent = {"call": "AX-T", "reason": "일정", "key": KEY + "3"}
    assert post_form(client, f"{remove}?call=AX-T", sent, remove).location == page
    assert COMPANY not in client.get(page).text
    factory.recuse(room.db, key, member)
    sent = {"call": "AX-T", "number": "AX-T-0001", "person": str(member.person_id), "reason": "x", "key": KEY + "4"}
    assert "이해충돌로 이 안건에서 물러난 위원입니다" in post_form(client, page, sent, add).text


def test_a_file_says_row_and_field_and_reminders_say_who_and_why(room: Room, post_form: Post) -> None:
    client, member, _ = seated(room)
    page = "/committee/assignments?call=AX-T"
    text = f"접수번호,위원 이메일\nAX-T-0001,{member.email}\nAX-T-0009,{member.email}\n"
    answer = client.post(
        "/committee/assignments/file",
        data={
            "csrf_token": token_in(client.get(page).text),
            "key": KEY + "1",
            "call": "AX-T",
            "file": (BytesIO(text.encode()), "a.csv"),
        },
    )
    assert answer.status_code == 422
    assert "파일에서 새 배정 1건" in answer.text
    assert re.search(r"3행</span>\s*접수번호", answer.text)
    said = post_form(client, page, {"call": "AX-T", "key": KEY + "2"}, "/committee/assignments/remind").text
    assert "1명에게 알림을 보냅니다" in said
    assert "Member: 보냄" in said
    again = post_form(client, page, {"call": "AX-T", "key": KEY + "3"}, "/committee/assignments/remind").text
    assert "Member: 오늘 이미 보냄" in again


def test_a_balanced_preview_says_why(room: Room, post_form: Post) -> None:
    client, member, _ = seated(room)
    page = "/committee/assignments?call=AX-T"
    expertise = f"/committee/assignments/expertise/{member.person_id}"
    post_form(client, page, {"call": "AX-T", "tag": "spc", "key": KEY + "1"}, expertise)
    factory.application(room.db, 2, name="가온상사", spc_link="계획")
    sent = {"call": "AX-T", "per_application": "1", "max_load": "5", "key": KEY + "2"}
    preview = post_form(client, page, sent, "/committee/assignments").text
    assert "SPC 연계" in preview
    assert "고르게 나눔" in preview


def test_an_account_gets_a_seat_after_the_check_was_shown(room: Room, post_form: Post) -> None:
    numbered(room)
    admin, analyst = room.seat("Admin", "admin"), room.seat("Analyst", "analyst")
    post_form(
        room.enter(analyst),
        "/committee/interests",
        {"kind": "employment", "company_name": "내 회사", "business_number": BRN, "key": KEY + "1"},
        f"/committee/interests/of/{analyst.person_id}",
    )
    client = room.enter(admin)
    page = f"/operations/people/{analyst.person_id}"
    sent = {"roles": ["analyst", "committee"], "key": KEY + "2"}
    first = post_form(client, page, sent, f"{page}/roles")
    assert "1건 가운데 바로 제척 1건" in first.text
    assert COMPANY not in first.text
    assert post_form(client, page, sent | {"checked": "yes"}, f"{page}/roles").status_code == 302


def test_a_pending_challenge_shuts_the_open_tab_of_its_target(room: Room) -> None:
    target, other = room.seat("Target"), room.seat("Other")
    key = factory.application(room.db, 1, name=COMPANY)
    client = room.enter(target)
    address = f"/committee/applications/{key}/pledge"
    assert client.get(address).status_code == 200
    assert target.person_id is not None
    person_id = target.person_id
    factory.do(
        room.db,
        lambda s: file_challenge(
            s, application_id=key, target_id=person_id, reason="x", key="1", actor=other, at=factory.AT
        ),
    )
    assert client.get(address).status_code == 404
