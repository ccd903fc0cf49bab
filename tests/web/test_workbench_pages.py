"""The workbench's pages: settings turned, amounts chosen, questions answered, plans side by side."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import openpyxl
import pypdfium2 as pdfium
import pytest
from allocation.capital_scene import capital
from committee.committee_factory import AT, CALL, add_application
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.allocation.actions import make_plan
from fundapp.allocation.keeping import chosen_lines, newest_choice
from fundapp.allocation.tables import Plan, PlanRun, PlanScenario
from fundapp.allocation.working import work_on_run
from fundapp.allocation.workshop import Beat, perform
from fundapp.committee.queries import load_viewer
from fundapp.committee.tables import Assignment, Ballot
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application
from fundapp.portfolio.standing import earlier_awards
from fundapp.web.operations.routes.plans import AT_ONCE

Enter = Callable[..., FlaskClient]
ONE, TWO, THREE = (f"{CALL}-000{n}" for n in (1, 2, 3))


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    def make(*roles: str, name: str = "김도윤") -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, name=name))
        return client

    return make


@pytest.fixture
def call(db: Database) -> Database:
    """Three companies want 400 hours and 200 million won each; there are 1,000 hours and 800 million won."""

    def work(session: Session) -> None:
        capital(session)
        for ordinal, name, score in ((1, "가온시험", 900), (2, "나래시험", 700), (3, "다솜시험", 600)):
            answers = {"requested_krw": 200_000_000, "gpu_h100_2026Q3": "400"}
            add_application(session, ordinal, name=name, score=score, **answers)

    db.transaction(work)
    return db


def token(client: FlaskClient, path: str) -> str:
    found = re.search(
        r'name="csrf_token" type="hidden" value="([^"]+)"|name="csrf_token" value="([^"]+)"', client.get(path).text
    )
    assert found is not None
    return found[1] or found[2]


def send(client: FlaskClient, page: str, action: str, **fields: str) -> TestResponse:
    return client.post(action, data={"csrf_token": token(client, page), "key": uuid.uuid4().hex, **fields})


def made(client: FlaskClient) -> str:
    """Let the analyst make a plan; return its address."""
    answer = send(client, f"/operations/plans?call={CALL}", f"/operations/calls/{CALL}/plan")
    assert "/operations/plans/" in answer.headers["Location"], client.get(answer.headers["Location"]).text
    return str(answer.headers["Location"])


SETTINGS = {
    "budget": "80000",
    "reserve": "0",
    "own_cap": "100",
    "sector_cap": "100",
    "sme_floor": "0",
    "non_capital_floor": "0",
    "fairness": "0",
    "alpha": "50",
    "block_hours": "1",
    "joint": "both",
    "title": "현금 1억",
}


def work(db: Database) -> None:
    """Do what waits, in this process."""

    def here(task: Mapping[str, Any], _environment: Mapping[str, str], _beat: Beat) -> dict[str, Any]:
        return perform(task, lambda _: None)

    def at() -> datetime:
        return datetime(2026, 5, 20, 4, tzinfo=UTC)

    while work_on_run(
        db,
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        standing=earlier_awards,
        viewer_of=load_viewer,
        clock=at,
        compute=here,
    ):
        pass


def test_a_plan_shows_what_it_weighs_and_what_can_be_turned(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    page = client.get(made(client)).text
    assert "받은 GPU 가치를 50%, 현금을 50%로 쳐서" in page
    assert 'name="gpu-AX-T-0003" value="200"' in page
    assert 'id="k-reserve" name="reserve"' in page
    assert "모든 조건을 지킴" in page


def test_turning_a_setting_makes_a_scenario_beside_the_plan(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    answer = send(client, plan, f"{plan}/scenario", **{**SETTINGS, "budget": "10000"})
    assert answer.status_code == 302
    scenario = str(answer.headers["Location"])
    page = client.get(scenario).text
    assert "<h1>현금 1억</h1>" in page
    with call.read() as session:
        assert session.scalars(select(PlanScenario)).one().changes["terms"] == {"budget_krw": 100_000_000}
    beside = client.get(f"{plan}/beside/{scenario.rpartition('/')[2]}").text
    assert '<th scope="row">현금 한도</th>' in beside
    assert beside.count("빠짐") == 2
    assert "나래시험" in beside
    listed = client.get(f"/operations/plans?call={CALL}").text
    assert "현금 1억" in listed


def test_what_a_rule_of_thumb_does_not_keep_is_named_in_the_readers_language(call: Database, enter: Enter) -> None:
    call.transaction(
        lambda session: add_application(
            session,
            4,
            name="라온시험",
            score=400,
            region="부산광역시",
            requested_krw=200_000_000,
            gpu_h100_2026Q3="400",
        )
    )
    client = enter("analyst")
    plan = made(client)
    # by score the three of the capital region take all 1,000 hours; three tenths have to go elsewhere
    scenario = str(
        send(client, plan, f"{plan}/scenario", **{**SETTINGS, "non_capital_floor": "30"}).headers["Location"]
    )
    assert "지키지 못한 조건: 비수도권 최소 비중" in client.get(scenario).text
    assert "below the floor" not in client.get(scenario).text


def test_the_settings_of_a_scenario_stand_on_its_page_and_paper(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    scenario = str(send(client, plan, f"{plan}/scenario", **{**SETTINGS, "reserve": "15"}).headers["Location"])
    assert "<dt>예비량</dt><dd" in client.get(scenario).text
    with pdfium.PdfDocument(client.get(f"{scenario}/plan.pdf").data) as paper:
        words = "".join(page.get_textpage().get_text_range() for page in paper).split()
    assert words[words.index("예비량") + 1] == "15%"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reserve": "101"}, "예비량"),
        ({"budget": "많이"}, "현금 한도"),
        ({"title": ""}, "시나리오 이름: 적어 주세요"),
        ({"hours-h100-2026Q3": "-5"}, "H100 2026Q3"),
        ({"must": [ONE, TWO], "budget": "15000"}, "현금 한도"),
    ],
)
def test_settings_that_cannot_be_are_named_and_nothing_is_kept(
    call: Database, enter: Enter, fields: dict[str, Any], said: str
) -> None:
    client = enter("analyst")
    plan = made(client)
    answer = send(client, plan, f"{plan}/scenario", **{**SETTINGS, **fields})
    assert answer.status_code in {409, 422}
    assert said in re.sub(r"<[^>]+>", "", answer.text)
    with call.read() as session:
        assert len(session.scalars(select(Plan)).all()) == 1


def test_another_amount_is_kept_with_its_reason_and_goes_to_the_meeting(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    fields = {"revision": "0", f"krw-{TWO}": "100000000", f"gpu-{TWO}": "300", f"reason-{TWO}": "검증 단계라 줄임"}
    assert send(client, plan, f"{plan}/choose", **fields).status_code == 302
    page = client.get(plan).text
    assert "검증 단계라 줄임" in page
    assert "−100" in page
    meeting = {"title": "6월 회의", "held_on": "2026-06-04", "revision": "1"}
    assert send(client, plan, f"{plan}/adopt", **meeting).status_code == 302
    with call.read() as session:
        asked = {b.proposed_krw: b.gpu_lines[0]["hours_e4"] for b in session.scalars(select(Ballot))}
    assert asked[100_000_000] == 3_000_000
    assert "검증 단계라 줄임" in client.get(plan).text


def test_a_double_click_saves_once(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    fields = {"key": "3" * 32, "revision": "0", f"gpu-{TWO}": "300", f"reason-{TWO}": "줄임"}
    assert [send(client, plan, f"{plan}/choose", **fields).status_code for _ in range(2)] == [302, 302]
    assert "위원회안 1번째 저장" in client.get(plan).text


def test_another_amount_without_a_reason_stays_on_the_page_with_what_is_missing(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    answer = send(client, plan, f"{plan}/choose", revision="0", **{f"krw-{TWO}": "100000000", f"gpu-{TWO}": "123"})
    assert answer.status_code == 422
    assert "추천과 다르게 정한 이유를 적어 주세요" in answer.text
    assert f'name="gpu-{TWO}" value="123"' in answer.text
    unread = send(client, plan, f"{plan}/choose", revision="0", **{f"gpu-{TWO}": "천 시간"})
    assert (unread.status_code, "숫자를 확인해 주세요" in unread.text) == (422, True)


def test_what_is_being_typed_is_judged_at_once_and_not_kept(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    answer = send(client, plan, f"{plan}/check", **{f"krw-{ONE}": "200000000", f"gpu-{ONE}": "900"})
    assert "H100 2026년 3분기 남은 시간 넘음" in answer.text
    assert "가온시험 신청량 지키지 못함" in answer.text
    with call.read() as session:
        assert newest_choice(session, session.scalars(select(Plan.id)).one()) is None


def test_the_rest_is_solved_again_around_what_is_pinned(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    fields = {
        "revision": "0",
        "again": "1",
        f"krw-{ONE}": "200000000",
        f"gpu-{ONE}": "250",
        f"reason-{ONE}": "노드 단위",
        f"pin-{ONE}": "1",
    }
    scenario = str(send(client, plan, f"{plan}/choose", **fields).headers["Location"])
    page = client.get(scenario).text
    assert f'name="gpu-{ONE}" value="250"' in page
    assert f'name="gpu-{THREE}" value="350"' in page
    with call.read() as session:
        plan_id = session.scalars(select(PlanScenario.base_id)).one()
        assert [line.pinned for line in chosen_lines(newest_choice(session, plan_id))] == [True]


def test_questions_are_answered_on_the_page(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    for kind, subject in (("sensitivity", ""), ("quotas", ""), ("exact", "gpu:h100:2026Q3"), ("why", THREE)):
        assert send(client, plan, f"{plan}/ask/{kind}", subject=subject).status_code == 302
    assert "차례를 기다림" in client.get(f"{plan}/asked").text
    assert "계산하고 있습니다" in client.get(f"{plan}/why/{THREE}").text
    work(call)
    answers = client.get(f"{plan}/asked").text
    assert "data-open" not in answers
    assert "다시 뽑아도 결과가 거의 바뀌지 않습니다" in answers
    assert "거의 늘 선정 3곳, 갈림 0곳, 거의 늘 탈락 0곳" in answers
    assert re.findall(r"<title>(.+?)</title>", answers) == ["가온시험 100%", "나래시험 100%", "다솜시험 100%"]
    assert "비중 조건이 없는 공모입니다" in answers
    assert "다시 계산하면 +" in client.get(plan).text
    assert "빼면 기대 성과가" in client.get(f"{plan}/why/{THREE}").text


def test_who_may_come_without_the_other_kind_of_capital_can_be_turned(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    fields = {**SETTINGS, "joint": "either", "budget": "10000"}
    scenario = str(send(client, plan, f"{plan}/scenario", **fields).headers["Location"])
    # with cash for one, all three get GPU time all the same
    with call.read() as session:
        kept = session.get_one(Plan, uuid.UUID(scenario.rpartition("/")[2]))
    assert [bool(award["gpu_hours"]) for award in kept.result["awards"]] == [True, True, True]
    assert "따로 줄 수 있습니다" in client.get(scenario).text


def test_a_large_call_is_solved_beside_the_web_can_be_stopped_and_comes_in_pages(call: Database, enter: Enter) -> None:
    def more(session: Session) -> None:
        for ordinal in range(10, 10 + AT_ONCE):
            add_application(session, ordinal, requested_krw=100_000_000, gpu_h100_2026Q3="1")

    call.transaction(more)
    client = enter("analyst")
    listed = f"/operations/plans?call={CALL}"
    answer = send(client, listed, f"/operations/calls/{CALL}/plan")
    assert answer.headers["Location"] == listed
    page = client.get(listed).text
    assert "배정안을 계산하고 있습니다" in page
    with call.read() as session:
        run = session.scalars(select(PlanRun)).one()
    assert send(client, listed, f"/operations/calls/{CALL}/plan/runs/{run.id}/stop").status_code == 302
    assert "배정안을 계산하고 있습니다" not in client.get(listed).text
    made_id = call.transaction(lambda s: make_plan(s, call_code=CALL, actor=SYSTEM, at=AT)).plan_id
    rows = [
        client.get(f"/operations/plans/{made_id}{page}").text.count('name="gpu-') for page in ("", "?page=4", "?q=나래")
    ]
    assert rows == [100, 3, 1]


def test_what_is_under_way_can_be_stopped(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    send(client, plan, f"{plan}/ask/quotas")
    with call.read() as session:
        run = session.scalars(select(PlanRun.id)).one()
    assert send(client, plan, f"{plan}/runs/{run}/stop").status_code == 302
    with call.read() as session:
        assert session.scalars(select(PlanRun.state)).one() == "cancelled"


def test_a_plan_is_taken_away_as_a_workbook(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    book = openpyxl.load_workbook(BytesIO(client.get(f"{plan}?download=xlsx").data))
    assert book.sheetnames == ["요약", "기업별 배정", "GPU시간", "GPU 재원"]
    summary, companies, hours, pools = (list(sheet.iter_rows(values_only=True)) for sheet in book)
    assert companies[1][:6] == (ONE, "가온시험", "90.0", 200_000_000, 200_000_000, 400)
    assert companies[0][-1] == "H100 2026Q3 (GPU시간)"
    assert hours[1] == (ONE, "가온시험", "H100", "2026Q3", 400, 400, 400)
    said = {(one, two): three for one, two, three in summary}
    assert said["배정안", "공모"] == CALL
    with call.read() as session:
        kept = session.scalars(select(Plan)).one()
        assert said["계산", "입력 해시"] == kept.instance_sha256
        capacity = sum(int(slot["hours"]) for slot in kept.instance["capacities"])
    assert pools[1][:2] == ("H100", "2026Q3")
    assert pools[1][3] == capacity
    assert pools[1][3] - pools[1][5] == pools[1][6]
    assert all(sheet.freeze_panes == "B2" for sheet in book)


def test_a_plan_is_taken_away_as_a_paper_with_the_reasons(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    fields = {"revision": "0", f"krw-{TWO}": "100000000", f"gpu-{TWO}": "300", f"reason-{TWO}": "검증 단계라 줄임"}
    send(client, plan, f"{plan}/choose", **fields)
    answer = client.get(f"{plan}/plan.pdf")
    assert answer.content_type == "application/pdf"
    with pdfium.PdfDocument(answer.data) as paper:
        text = "".join(page.get_textpage().get_text_range() for page in paper)
    assert "검증 단계라 줄임" in text
    assert "H100" in text


def test_answers_stay_closed_to_whom_a_score_is_sealed(call: Database, enter: Enter) -> None:
    client = enter("analyst")
    plan = made(client)
    send(client, plan, f"{plan}/choose", revision="0", **{f"gpu-{TWO}": "0", f"reason-{TWO}": "미룸"})
    send(client, plan, f"{plan}/ask/sensitivity")
    work(call)
    member = enter("committee", name="심사위원")
    assert "점수가 흔들리면 누가 바뀌나" in member.get(plan).text

    def assign(session: Session) -> None:
        person_id = session.scalars(select(Person.id).where(Person.name == "심사위원")).one()
        application_id = session.scalars(select(Application.id).where(Application.number == THREE)).one()
        session.add(Assignment(application_id=application_id, person_id=person_id, assigned_by="t", at=AT))

    call.transaction(assign)
    page = member.get(plan)
    assert page.status_code == 200
    assert "심사 뒤 공개" in page.text
    for closed in ("점수가 흔들리면 누가 바뀌나", "미룸", "계산 추천을 100%로 볼 때"):
        assert closed not in page.text
    assert [member.get(f"{plan}{path}").status_code for path in ("/asked", f"/why/{ONE}")] == [404, 404]
    assert member.get(f"{plan}/plan.pdf").status_code == 200


def test_the_others_of_the_staff_read_and_only_analysts_turn(call: Database, enter: Enter) -> None:
    plan = made(enter("analyst"))
    auditor = enter("auditor", name="감사")
    page = auditor.get(plan).text
    assert "기업별 배정" in page
    assert 'name="gpu-' not in page
    assert auditor.post(f"{plan}/check").status_code in {400, 404}
    partner = enter("partner", name="출자자")
    assert partner.get(plan).status_code in {302, 404}
