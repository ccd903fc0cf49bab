"""The register's pages: staff filter it and judge, the committee votes, a company hands in what it owes."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from committee_room import Room
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fundapp.committee import queries
from fundapp.committee.rules import ProposedCondition
from fundapp.core.access import Viewer
from fundapp.core.sessions import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import committee_factory as factory

Post = Callable[..., TestResponse]


@dataclass(frozen=True)
class Scene:
    room: Room
    chair: Viewer
    member: Viewer
    analyst: Viewer
    company: Viewer
    application_id: uuid.UUID
    conditions: list[queries.ConditionRow]

    def place(self, number: int = 1) -> str:
        return f"/operations/conditions/{self.conditions[number - 1].condition_id}"


@pytest.fixture
def scene(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Scene:
    room = Room(app, db, password_hash, sign_in)
    room.open()
    chair, member = room.seat("Chair", "chair"), room.seat("Member")
    key = factory.application(db, 1, name="온결비전")
    terms = (
        ProposedCondition("보안성 검토", date(2026, 7, 3), "gpu"),
        ProposedCondition("납세증명서", date(2099, 7, 3), "cash"),
    )
    ballot = factory.ballot(db, key, conditions=terms)
    for who in (chair, member):
        factory.vote(db, ballot, who, "yes")
    factory.close(db, ballot, chair)
    company = room.seat("Founder", "applicant")
    factory.join(db, key, company)
    analyst = room.seat("Analyst", "analyst")
    factory.tell(db, analyst, chair)
    with db.read() as session:
        rows = queries.list_conditions(session, chair)
    return Scene(room, chair, member, analyst, company, key, rows)


def fields(number: int, **more: str) -> dict[str, str]:
    return {"key": f"{number:032x}", **more}


def test_the_register_is_filtered_by_state_scope_owner_and_overdue(scene: Scene) -> None:
    client = scene.room.enter(scene.analyst)

    def shown(query: str) -> list[str]:
        page = client.get(f"/operations/conditions{query}").text
        return [text for text in ("보안성 검토", "납세증명서") if f". {text}</a>" in page]

    assert shown("") == ["보안성 검토", "납세증명서"]
    assert shown("?scope=gpu") == ["보안성 검토"]
    assert shown("?overdue=1") == ["보안성 검토"]
    assert shown("?owner=fund") == []
    assert shown("?owner=company&state=met") == []
    page = client.get("/operations/conditions").text
    assert "기한이 지난 조건이 1건 있습니다." in page


def test_the_register_leaves_as_a_file_with_what_the_filters_leave(scene: Scene) -> None:
    client = scene.room.enter(scene.analyst)
    text = client.get("/operations/conditions?scope=cash&download=csv").get_data(as_text=True)
    lines = text.lstrip("\ufeff").splitlines()
    assert lines[0] == "신청,기업,번호,조건,막는 것,담당,기한,상태,증빙 상태,증빙 또는 사유,처리한 사람,처리한 때 (KST)"
    assert lines[1] == "AX-T-0001,온결비전,2,납세증명서,현금,온결비전,2099-07-03,남음,,,,"
    assert len(lines) == 2
    assert client.get("/operations/conditions?download=xlsx").data[:2] == b"PK"


def test_a_company_hands_in_evidence_and_staff_accept_it(scene: Scene, post_form: Post) -> None:
    own = f"/portal/conditions/{scene.conditions[0].condition_id}"
    founder = scene.room.enter(scene.company)
    assert 'href="/portal/conditions"' in founder.get("/portal/").text
    wrong = post_form(founder, own, fields(1, text="검토 결과서를 올립니다", links="ftp://example.org"))
    assert (wrong.status_code, "검토 결과서를 올립니다" in wrong.text) == (422, True)
    assert post_form(founder, own, fields(2, text="검토 결과서", links="https://example.org/r")).status_code == 302
    analyst = scene.room.enter(scene.analyst)
    assert "증빙 확인 전" in analyst.get("/operations/conditions").text
    place = scene.place()
    post_form(analyst, place, fields(3, version="1", outcome="return", reason="서명이 없음"), f"{place}/judgement")
    assert "서명이 없음" in founder.get(own).text
    post_form(founder, own, fields(4, text="서명본", links=""))
    post_form(analyst, place, fields(5, version="2", outcome="accept", reason=""), f"{place}/judgement")
    assert "충족했습니다" in founder.get(own).text
    assert "서명본" in analyst.get("/operations/conditions?state=met").text


def test_the_committee_waives_on_the_condition_s_page(scene: Scene, post_form: Post) -> None:
    place = scene.place(2)
    analyst, chair, member = (scene.room.enter(who) for who in (scene.analyst, scene.chair, scene.member))
    post_form(analyst, place, fields(1, reason="세무서 전산 장애"), f"{place}/waiver")
    with scene.room.db.read() as session:
        waiver = queries.condition_page(session, scene.chair, scene.conditions[1].condition_id).waivers[0]
    vote = f"{place}/waivers/{waiver.waiver_id}"
    for number, client in enumerate((chair, member), start=2):
        post_form(client, place, fields(number, choice="yes"), f"{vote}/vote")
    assert "의결권 2명 가운데 2명 투표, 정족수 2명" in analyst.get(place).text
    post_form(chair, place, fields(9), f"{vote}/close")
    page = member.get(place).text
    assert "재적 2, 제척·회피 0, 의결권 2, 출석 2, 정족수 2 → 성립; 찬성 2, 반대 0 → 가결" in page
    assert "위원회가 면제했습니다" in page


def test_owner_and_due_date_are_changed_with_a_reason(scene: Scene, post_form: Post) -> None:
    place, analyst = scene.place(), scene.room.enter(scene.analyst)
    asked = fields(1, owner=f"fund:{scene.analyst.person_id}", due_on="2026-08-01", reason="검토를 맡음")
    post_form(analyst, place, asked, f"{place}/owner")
    page = analyst.get("/operations/conditions?owner=mine").text
    assert ("보안성 검토" in page, "2026-08-01" in page) == (True, True)
    assert (
        scene.room.enter(scene.company).get(f"/portal/conditions/{scene.conditions[0].condition_id}").status_code == 404
    )


def pages(client: FlaskClient, scene: Scene) -> list[int]:
    own = f"/portal/conditions/{scene.conditions[0].condition_id}"
    return [client.get(path).status_code for path in (scene.place(), own)]


def test_strangers_and_recused_members_find_nothing(scene: Scene) -> None:
    stranger = scene.room.enter(scene.room.seat("Stranger", "applicant"))
    recused = scene.room.enter(factory.recuse(scene.room.db, scene.application_id, scene.member))
    assert pages(stranger, scene) == [404, 404]
    assert pages(recused, scene) == [404, 404]
    listed = recused.get("/operations/conditions?state=all").text
    assert "온결비전" not in listed
    assert recused.get("/operations/conditions?download=csv").get_data(as_text=True).count("\n") == 1
