"""The pages of letters and appeals: two people send, the applicant reads and appeals, the committee decides."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from committee_room import SECTIONS, Room
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fundapp.core.access import Viewer
from fundapp.core.sessions import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import committee_factory as factory

Post = Callable[..., TestResponse]


@dataclass(frozen=True)
class Scene:
    room: Room
    application_id: uuid.UUID
    member: Viewer
    chair: FlaskClient
    analyst: FlaskClient
    founder: FlaskClient

    @property
    def status(self) -> str:
        return f"/portal/applications/{self.application_id}"


@pytest.fixture
def scene(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Scene:
    room = Room(app, db, password_hash, sign_in)
    room.open()
    assert SECTIONS
    chair, member = room.seat("Chair", "chair"), room.seat("Member")
    key = factory.application(db, 1, name="온결비전")
    ballot = factory.ballot(db, key)
    for who in (chair, member):
        factory.vote(db, ballot, who, "no")
    factory.close(db, ballot, chair)
    founder = room.seat("Founder", "applicant")
    factory.join(db, key, founder)
    analyst = room.seat("Analyst", "analyst")
    return Scene(room, key, member, room.enter(chair), room.enter(analyst), room.enter(founder))


def fields(number: int, **more: str) -> dict[str, str]:
    return {"key": f"{number:032x}", **more}


def staged(scene: Scene, post_form: Post) -> str:
    answer = post_form(scene.analyst, "/committee/letters", fields(1, outcomes="rejected"))
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_a_batch_is_previewed_in_both_languages_approved_and_sent(scene: Scene, post_form: Post) -> None:
    batch = staged(scene, post_form)
    preview = scene.chair.get(batch).text
    assert ("[AX-T-0001] 심의 결과 안내" in preview, "[AX-T-0001] Result of the review" in preview) == (True, True)
    assert "founder@example.com" in preview
    assert "승인하기" not in scene.analyst.get(batch).text
    assert "부결" not in scene.founder.get(f"{scene.status}/status").text
    post_form(scene.chair, batch, fields(2), f"{batch}/approve")
    assert post_form(scene.analyst, batch, fields(3), f"{batch}/send").status_code == 302
    assert "보내는 중" in scene.analyst.get(batch).text
    shown = scene.founder.get(f"{scene.status}/status").text
    assert ("부결" in shown, "통지서 보기" in shown) == (True, True)


def test_one_letter_is_edited_on_a_page_of_its_own(scene: Scene, post_form: Post) -> None:
    batch = staged(scene, post_form)
    link = re.search(rf'href="({re.escape(batch)}/[0-9a-f-]+)"', scene.analyst.get(batch).text)
    assert link is not None
    texts = {"subject_ko": "고친 제목", "body_ko": "본문", "subject_en": "Changed", "body_en": "Body"}
    refused = post_form(scene.analyst, link[1], fields(2, **texts, note=""))
    assert (refused.status_code, "고친 제목" in refused.text) == (422, True)
    post_form(scene.analyst, link[1], fields(3, **texts, note="오타"))
    assert "Analyst 고침: 오타" in scene.chair.get(batch).text


def test_texts_are_refused_beside_what_was_typed(scene: Scene, post_form: Post) -> None:
    row = {"outcome-1": "any", "fits-1": "always", "language-1": "ko", "subject-1": "결과", "body-1": "{nobody}"}
    place = "/committee/letters/texts"
    refused = post_form(scene.analyst, place, fields(1, **row))
    assert (refused.status_code, "1번 글: 없는 자리입니다: {nobody}" in refused.text) == (422, True)
    saved = post_form(scene.analyst, place, fields(2, **row | {"body-1": "{company} 귀중"}))
    assert saved.status_code == 302
    assert "지금 제1판" in scene.analyst.get(place).text


def test_the_applicant_appeals_and_a_member_decides(scene: Scene, post_form: Post) -> None:
    batch, own = staged(scene, post_form), f"{scene.status}/decision"
    assert scene.founder.get(own).status_code == 404
    post_form(scene.chair, batch, fields(2), f"{batch}/approve")
    post_form(scene.analyst, batch, fields(3), f"{batch}/send")
    page = scene.founder.get(own).text
    assert re.search(r"통지 \d{4}-\d\d-\d\d \+ 10일 = \d{4}-\d\d-\d\d 24:00까지\(한국 시각\)", page)
    assert post_form(scene.founder, own, fields(4, text=" ")).status_code == 422
    assert post_form(scene.founder, own, fields(5, text="실증 결과가 빠졌습니다")).status_code == 302
    assert "이의신청을 결정을 기다리는" not in scene.chair.get("/committee/letters").text
    assert "결정을 기다리는 이의신청이 1건 있습니다." in scene.chair.get("/committee/letters").text
    member = scene.room.enter(scene.member)
    listed = member.get("/committee/appeals").text
    action = re.search(r'action="(/committee/appeals/[0-9a-f-]+)"', listed)
    assert action is not None
    assert "개표한 사람은 결정할 수 없습니다." in scene.chair.get("/committee/appeals").text
    post_form(member, "/committee/appeals", fields(6, outcome="dismissed", reason="이미 심의한 내용"), action[1])
    assert "이미 심의한 내용" in scene.founder.get(own).text


def test_nobody_else_reads_a_letter(scene: Scene, post_form: Post) -> None:
    batch = staged(scene, post_form)
    recused = scene.room.enter(factory.recuse(scene.room.db, scene.application_id, scene.member))
    stranger = scene.room.enter(scene.room.seat("Stranger", "applicant"))
    assert recused.get(batch).status_code == 404
    assert "온결비전" not in recused.get("/committee/letters").text + recused.get("/committee/appeals").text
    assert stranger.get(f"{scene.status}/decision").status_code == 404
    assert stranger.get(batch).status_code == 404
