"""The page of models and a model's card: who sees them, two people's activation, rollback, what is drawn."""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

sys.path.insert(0, str(Path(__file__).parents[1] / "screening"))  # its cases are told here, too
from learning_cases import file_reviews, gate, open_example_call, rate, shadow, train
from scenes import Scenes

from config import Settings
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.importing import import_applications
from fundapp.jobs import run_job
from fundapp.screening.actions import screen_call
from fundapp.screening.learning_queries import drawn_low_scorers, models_page, way_to_service
from fundapp.screening.tables import FitModel, GateVerdict, ModelActivation, ModelRequest
from fundapp.web.operations.watched import small_chance

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CALL = "AX-2026-1"
Enter = Callable[..., FlaskClient]


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    """Open the door for somebody with a role."""

    def open_door(role: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(role))
        return client

    return open_door


@pytest.fixture
def scored(db: Database, scenes: Scenes, at: datetime) -> None:
    """114 scored applications."""
    scenes.set(db, "applications", lambda: open_example_call(db, at))
    scenes.set(db, "scored", lambda: screen_call(db, CALL, actor=SYSTEM, at=at))


@pytest.fixture
def passed(db: Database, scenes: Scenes, scored: None, at: datetime) -> str:
    """The version of a model that the gate has let in."""

    def let_in() -> str:
        ratings = rate(db, at)
        file_reviews(db, ratings, at)
        version = train(db, ratings, SYSTEM, at + timedelta(days=120)).version
        shadow(db, at + timedelta(days=120))
        assert gate(db, version, ratings, SYSTEM, at + timedelta(days=150)).passed
        return version

    return scenes.set(db, "passed", let_in)


def test_without_a_model_the_page_says_that_the_rubric_stands_alone(enter: Enter, scored: None) -> None:
    page = enter("analyst").get("/operations/models").text
    assert "기준표만" in page
    assert "아직 배운 모델이 없습니다" in page
    assert "선정 비율: 지역" in page
    assert "볼 수 있는 비공개 평점이 없습니다." in page
    assert "0건, 80건 더" in page
    assert "0건, 20건 더" in page


def test_the_page_says_what_stands_between_a_model_and_service(db: Database, enter: Enter, passed: str) -> None:
    analyst = enter("analyst")
    page = analyst.get("/operations/models").text
    assert "모든 조건을 채웠습니다." in page
    assert "관문을 통과한 뒤 한 사람이 제안하고 다른 사람이 승인합니다." in page
    with db.read() as session:
        shown = models_page(session, SYSTEM, at=datetime.now(UTC))
    steps = {step.key: (step.have, step.needed, step.done) for step in way_to_service(shown, 0, 0)}
    newest = shown.models[0]
    assert steps == {
        "labels": (114, 80, True),
        "smaller_class": (newest.smaller, 20, True),
        "trained": (114, 20, True),
        "shadow": (28, 28, True),
        "gate": (0, 0, True),
        "approval": (0, 0, False),
    }
    failed = [{"key": "gain", "passed": False, "reason": "개선 없음", "reason_en": "no gain"}]
    _judge(db, failed)
    assert "막은 조건: 개선" in " ".join(analyst.get("/operations/models").text.split())


def _judge(db: Database, checks: list[dict[str, object]]) -> None:
    def work(session: Session) -> None:
        model_id = session.scalars(select(FitModel.id)).one()
        later = datetime.now(UTC) + timedelta(days=400)
        session.add(
            GateVerdict(
                model_id=model_id, passed=False, document={"checks": checks}, decided_at=later, decided_by="test"
            )
        )

    db.transaction(work)


def test_a_model_that_passed_is_activated_by_two_people_and_taken_back(
    db: Database, enter: Enter, passed: str, post_form: Callable[..., TestResponse]
) -> None:
    analyst, admin = enter("analyst"), enter("admin")
    page = analyst.get("/operations/models").text
    assert "관문 통과" in page
    assert "반복 교차검증: 로그손실 개선" in page
    assert "team: 방향 일치" not in page
    assert ">방향 일치</td>" in page
    assert "선정 비율이 가장 낮은 집단 sme" not in page

    def send(client: FlaskClient, step: str, **fields: str) -> str:
        post_form(client, "/operations/models", fields | {"key": str(uuid.uuid4())}, f"/operations/models/{step}")
        return client.get("/operations/models").text

    assert "활성화를 제안했습니다" in send(analyst, f"{passed}/propose", reason="하한이 0보다 큽니다.")
    assert "제안한 사람은 승인할 수 없습니다." in analyst.get("/operations/models").text
    assert "작성자와 승인자는 서로 달라야 합니다." in send(analyst, f"{passed}/approve")
    assert "모델을 활성화했습니다" in send(admin, f"{passed}/approve")
    card = analyst.get(f"/operations/models/{passed}").text
    assert "쓰는 중" in card
    assert "하한이 0보다 큽니다." in card
    assert "모델을 되돌렸습니다." in send(analyst, "rollback", reason="이상 징후")
    with db.read() as session:
        rows = session.scalars(select(ModelActivation).order_by(ModelActivation.number)).all()
    assert [(row.number, row.model_id is None, row.rollback_of is None) for row in rows] == [
        (1, False, True),
        (2, True, False),
    ]


def test_a_verdict_is_asked_for_on_the_page_done_by_the_clock_and_shown_there(
    db: Database, enter: Enter, passed: str, settings: Settings, at: datetime, post_form: Callable[..., TestResponse]
) -> None:
    analyst, key = enter("analyst"), str(uuid.uuid4())
    for _ in range(2):  # a double click
        answer = post_form(analyst, "/operations/models", {"key": key}, f"/operations/models/{passed}/judge")
        assert answer.status_code == 302
    page = analyst.get("/operations/models").text
    assert "판정을 요청했습니다" in page
    assert "이미 요청되어" not in page
    post_form(analyst, "/operations/models", {"key": str(uuid.uuid4())}, f"/operations/models/{passed}/judge")
    assert "이미 요청되어 결과를 기다립니다." in analyst.get("/operations/models").text
    with db.read() as session:
        assert [row.state for row in session.scalars(select(ModelRequest))] == ["waiting"]
    waiting = analyst.get("/operations/models/requests").text
    assert "data-open" in waiting
    assert "차례를 기다림" in waiting
    assert run_job(db, settings, "model-requests", at + timedelta(days=151)).result["passed"] is True
    done = analyst.get("/operations/models/requests").text
    assert "data-open" not in done
    assert f"{passed} 카드 보기" in done
    with db.read() as session:
        assert len(session.scalars(select(GateVerdict)).all()) == 2


def test_training_is_asked_for_on_the_page_and_a_refusal_says_why(
    db: Database, enter: Enter, scored: None, settings: Settings, at: datetime, post_form: Callable[..., TestResponse]
) -> None:
    admin = enter("admin")
    post_form(admin, "/operations/models", {"key": str(uuid.uuid4())}, "/operations/models/train")
    assert "학습을 요청했습니다" in admin.get("/operations/models").text
    run_job(db, settings, "model-requests", at)
    assert "하지 못함" in admin.get("/operations/models/requests").text
    english = admin.get("/operations/models/requests?lang=en").text
    assert "Not done" in english
    assert "labels" in english


def test_a_finding_is_explained_on_the_page_and_the_reason_is_kept(
    db: Database, enter: Enter, passed: str, at: datetime, post_form: Callable[..., TestResponse]
) -> None:
    with db.read() as session:
        model_id = session.scalars(select(FitModel.id)).one()
    checks = [
        {"key": key, "passed": False, "reason": f"{key} 이유", "reason_en": "why"} for key in ("gain", "group:region")
    ]
    verdict = GateVerdict(
        model_id=model_id,
        passed=False,
        document={"checks": checks},
        decided_at=at + timedelta(days=160),
        decided_by="test",
    )
    db.transaction(lambda session: session.add(verdict))
    analyst = enter("analyst")
    page = analyst.get("/operations/models").text
    assert 'name="why-group:region"' in page
    assert 'name="why-gain"' not in page
    fields = {"key": str(uuid.uuid4()), "why-group:region": "지방 공모의 몫", "why-gain": "괜찮음"}
    post_form(analyst, "/operations/models", fields, f"/operations/models/{passed}/judge")
    with db.read() as session:
        assert session.scalars(select(ModelRequest)).one().explained == {"group:region": "지방 공모의 몫"}


def test_nobody_else_asks_and_nothing_is_asked_without_a_token(
    db: Database, enter: Enter, passed: str, post_form: Callable[..., TestResponse]
) -> None:
    auditor, committee, analyst = enter("auditor"), enter("committee"), enter("analyst")
    page = auditor.get("/operations/models").text
    assert "판정 요청" not in page
    assert "새 모델 학습 요청" not in page
    assert committee.get("/operations/models/requests").status_code == 404
    for step in ("train", f"{passed}/judge"):
        path, fields = f"/operations/models/{step}", {"key": str(uuid.uuid4())}
        assert post_form(auditor, "/operations/models", fields, path).status_code == 404
        assert analyst.post(path, data=fields).status_code == 400
    with db.read() as session:
        assert session.scalars(select(ModelRequest)).all() == []


def test_an_auditor_reads_and_changes_nothing_and_an_admin_sees_no_reviewers(enter: Enter, passed: str) -> None:
    auditor, admin = enter("auditor"), enter("admin")
    page = auditor.get("/operations/models").text
    assert f"{passed} 판정" in page
    assert "활성화 제안" not in page
    assert "심사위원 2명" in page
    assert "심사위원 2명" not in admin.get("/operations/models").text
    assert auditor.get(f"/operations/models/{passed}").status_code == 200
    assert auditor.get("/operations/models/2000-01-01.1").status_code == 404


@pytest.mark.parametrize("role", ["finance", "committee", "chair"])
def test_others_find_no_such_page(enter: Enter, scored: None, role: str) -> None:
    client = enter(role)
    assert client.get("/operations/models").status_code == 404
    assert "/operations/models" not in client.get("/operations/", follow_redirects=True).text


def test_a_model_card_reads_in_english_too(enter: Enter, passed: str) -> None:
    client = enter("analyst")
    page = client.get(f"/operations/models/{passed}?lang=en").text
    assert f"Model card {passed}" in page
    assert "Group: Company size" in page
    assert ">4 weeks" in client.get("/operations/models?lang=en").text
    assert "repeated folds: log-loss saved" in page


@pytest.mark.parametrize(("locale", "title"), [("ko", "모델 카드 "), ("en", "Model card ")])
def test_a_model_card_is_a_tagged_pdf_in_both_languages(
    db: Database, enter: Enter, passed: str, locale: str, title: str
) -> None:
    client = enter("auditor")
    path = f"/operations/models/{passed}/card-{locale}.pdf"
    assert f'href="{path}"' in client.get(f"/operations/models/{passed}").text
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="model-card-{passed}-{locale}.pdf"'
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang).startswith(locale)
        assert str(pdf.docinfo["/Title"]) == title + passed
    assert client.get("/operations/models/2000-01-01.1/card-ko.pdf").status_code == 404
    assert client.get(f"/operations/models/{passed}/card-fr.pdf").status_code == 404
    assert enter("committee").get(path).status_code == 404


def test_the_newest_call_is_compared_with_the_one_before_it(
    db: Database, enter: Enter, scored: None, at: datetime, tmp_path: Path
) -> None:
    for name in ("2026-1.toml", "form.toml", "check.toml"):
        text = (EXAMPLES / "calls" / name).read_text(encoding="utf-8")
        text = text.replace(f'"{CALL}"', '"AX-2026-2"').replace("2026-04-01T10:00", "2026-04-02T10:00")
        (tmp_path / name).write_text(text, encoding="utf-8")
    file = read_call_file(tmp_path / "2026-1.toml")
    db.transaction(lambda s: open_call(s, actor=SYSTEM, at=at, document=file.document, text=file.text))
    import_applications(db, EXAMPLES / "applications.csv", call_code="AX-2026-2", actor=SYSTEM, at=at)
    screen_call(db, "AX-2026-2", actor=SYSTEM, at=at)
    page = enter("analyst").get("/operations/models").text
    assert "규칙 총점 분포: 안정 지수 0.0" in page
    assert "우연으로 볼 수 있음" in page
    assert ">≤</text>" not in page
    assert small_chance(0.0004) == "< 0.001"
    assert small_chance(0.0416) == "0.042"
    assert "비교할 앞 공모가 없습니다." not in page


def test_low_scorers_that_were_drawn_are_named_where_reviewers_are_assigned(
    db: Database, enter: Enter, scored: None
) -> None:
    with db.read() as session:
        drawn = drawn_low_scorers(session, SYSTEM, CALL)
    page = enter("analyst").get(f"/committee/assignments?call={CALL}").text
    assert ("전체 심사로 뽑힌 저득점 안건" in page) is bool(drawn)
    assert all(row.number in page for row in drawn)
