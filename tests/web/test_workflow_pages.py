"""The page of a call's stages: rows with a preview, a second person, and the steps that staff take by hand."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from committee_room import Room
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fundapp.core.sessions import Database

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import committee_factory as factory

Post = Callable[..., TestResponse]
PLACE = "/operations/workflow/AX-T"
ROWS = {
    "stage-key-1": "interview",
    "stage-ko-1": "대면 심사",
    "stage-en-1": "Interview",
    "stage-applicant_ko-1": "면담",
    "stage-applicant_en-1": "Talk",
    "stage-tone-1": "brand",
    "stage-icon-1": "chat-dots",
    "step-from-1": "eligible",
    "step-to-1": "interview",
    "step-ko-1": "대면 심사로",
    "step-en-1": "Invite",
    "step-from-2": "interview",
    "step-to-2": "proposed",
    "step-verb-2": "propose",
}


@dataclass(frozen=True)
class Scene:
    room: Room
    application_id: uuid.UUID
    admin: FlaskClient
    analyst: FlaskClient


@pytest.fixture
def scene(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Scene:
    room = Room(app, db, password_hash, sign_in)
    room.open()
    key = factory.application(db, 1, name="온결비전", score=None)
    return Scene(room, key, room.enter(room.seat("Admin", "admin")), room.enter(room.seat("Analyst", "analyst")))


def fields(number: int, **more: str) -> dict[str, str]:
    return {"key": f"{number:032x}", **more}


def changed(scene: Scene, post_form: Post) -> None:
    post_form(scene.admin, PLACE, fields(1, **ROWS, then="propose", note="면담을 넣음"))
    answer = post_form(scene.analyst, PLACE, fields(2), f"{PLACE}/1/publish")
    assert answer.status_code == 302


def test_a_change_is_previewed_proposed_and_put_in_force_by_another(scene: Scene, post_form: Post) -> None:
    preview = post_form(scene.admin, PLACE, fields(1, **ROWS, then="preview", note="면담을 넣음")).text
    assert ("이렇게 바꾸면" in preview, "생김" in preview, 'value="interview"' in preview) == (True, True, True)
    assert post_form(scene.admin, PLACE, fields(2, **ROWS, then="propose", note="면담을 넣음")).status_code == 302
    waiting = scene.admin.get(PLACE).text
    assert "올린 사람은 시행할 수 없습니다." in waiting
    post_form(scene.analyst, PLACE, fields(3), f"{PLACE}/1/publish")
    page = scene.admin.get(PLACE).text
    assert ("시행 중" in page, "대면 심사" in page) == (True, True)


def test_a_wrong_row_is_refused_beside_what_was_typed(scene: Scene, post_form: Post) -> None:
    rows = ROWS | {"step-to-2": "approved", "step-verb-2": "", "step-ko-2": "바로 가결", "step-en-2": "Straight"}
    refused = post_form(scene.admin, PLACE, fields(1, **rows, then="propose", note="x"))
    assert refused.status_code == 422
    assert "workflow.steps[2].to: approved로 들어갈 수 없습니다" in refused.text
    assert "바로 가결" in refused.text


def test_staff_take_a_step_of_the_call_s_own_and_each_side_reads_its_name(scene: Scene, post_form: Post) -> None:
    changed(scene, post_form)
    place = f"/operations/applications/{scene.application_id}"
    assert "대면 심사로" in scene.analyst.get(place).text
    post_form(scene.analyst, place, fields(3, verb="to_interview", reason=""), f"{place}/step")
    assert "대면 심사</span>" in scene.analyst.get(place).text
    assert "대면 심사" in scene.analyst.get("/operations/?state=interview").text
    founder = scene.room.seat("Founder", "applicant")
    factory.join(scene.room.db, scene.application_id, founder)
    shown = scene.room.enter(founder).get(f"/portal/applications/{scene.application_id}/status").text
    assert ("면담" in shown, "대면 심사" in shown) == (True, False)


def test_a_stage_of_the_call_s_own_is_on_the_docket_and_takes_reviews(scene: Scene, post_form: Post) -> None:
    changed(scene, post_form)
    member = scene.room.seat("Member")
    factory.assign(scene.room.db, scene.application_id, member)
    place = f"/operations/applications/{scene.application_id}"
    post_form(scene.analyst, place, fields(3, verb="to_interview", reason=""), f"{place}/step")
    client = scene.room.enter(member)
    assert "온결비전" in client.get("/committee/?call=AX-T&view=waiting").text
    listed = client.get("/committee/?call=AX-T&state=interview").text
    assert ("온결비전" in listed, '<option value="interview" selected>대면 심사' in listed) == (True, True)
    assert "맞는 안건이 없습니다" in client.get("/committee/?call=AX-T&state=eligible").text
    board = client.get("/committee/?call=AX-T&layout=board").text
    column = board.partition('id="col-interview"')[2].partition("</section>")[0]
    assert ("대면 심사" in column, "온결비전" in column) == (True, True)
    dossier = f"/committee/applications/{scene.application_id}"
    post_form(client, dossier, fields(4, answer="none"), f"{dossier}/pledge")
    assert "spc_fit_points" in client.get(dossier).text
    factory.review(scene.room.db, member, scene.application_id, 4)
    assert "80.0" in client.get("/committee/?call=AX-T&state=interview").text


def test_a_stage_that_goes_away_keeps_its_applications_and_says_so(scene: Scene, post_form: Post) -> None:
    changed(scene, post_form)
    place = f"/operations/applications/{scene.application_id}"
    post_form(scene.analyst, place, fields(3, verb="to_interview", reason=""), f"{place}/step")
    post_form(scene.admin, PLACE, fields(4, **{"leave-deferred": "1"}, then="propose", note="면담을 뺌"))
    assert "신청 1건이 있습니다. 먼저 옮겨야 합니다." in scene.analyst.get(PLACE).text
    answer = post_form(scene.analyst, PLACE, fields(5), f"{PLACE}/2/publish")
    assert answer.status_code == 302
    assert "없어지는 단계에 신청이 있습니다: 대면 심사 1건." in scene.analyst.get(PLACE).text


def test_only_administrators_change_and_only_some_read(scene: Scene, post_form: Post) -> None:
    assert "단계 바꾸기" not in scene.analyst.get(PLACE).text
    assert post_form(scene.analyst, PLACE, fields(1, **ROWS, then="propose", note="x")).status_code == 404
    member = scene.room.enter(scene.room.seat("Member"))
    assert member.get(PLACE).status_code == 404
