"""Comments to the fund and differences between versions, on the partners' pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio.fund_factory import SIGNED_AT, Use, add_pool, decide, found_fund, write_usage
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_partners import words
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import add_milestone, import_usage, sign_award
from fundapp.portfolio.tables import Award
from fundapp.reporting.actions import freeze_quarter
from fundapp.reporting.tables import ReportComment

Q3 = Quarter(2026, 3)
AFTER = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
REPORT = "/partners/reports/2026Q3/v1"
SAY = f"{REPORT}/comments"
Post = Callable[..., TestResponse]
Enter = Callable[..., TestResponse]
Person = Callable[..., str]


@pytest.fixture
def fund(db: Database, tmp_path: Path) -> Database:
    """A frozen quarter with 120.5 h used, and a second version of it with 100 h."""

    def prepare(session: Session) -> None:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 400)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=date(2026, 7, 1),
        )

    db.transaction(prepare)
    for name, hours in (("one", "120.5"), ("two", "100")):
        import_usage(db, write_usage(tmp_path / f"{name}.csv", [Use(date(2026, 8, 3), hours)]), actor=SYSTEM, at=AFTER)
        db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER))
    return db


@pytest.fixture
def as_role(fund: Database, app: Flask, person: Person, sign_in: Enter) -> Callable[..., FlaskClient]:
    def enter(role: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(role, investor=investor))
        return client

    return enter


@pytest.fixture
def partner(as_role: Callable[..., FlaskClient], fund: Database) -> FlaskClient:
    assert fund
    return as_role("partner", "kt")


def said(db: Database) -> list[tuple[str, str, str]]:
    with db.read() as session:
        return [
            (row.side, row.chapter, row.body)
            for row in session.scalars(select(ReportComment).order_by(ReportComment.id))
        ]


def mailed(db: Database) -> list[OutboxMessage]:
    with db.read() as session:
        found = select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("report-comment:"))
        return list(session.scalars(found.order_by(OutboxMessage.id)))


def test_the_differences_name_each_cell_with_both_values(partner: FlaskClient) -> None:
    page = words(partner.get("/partners/reports/2026Q3/v2/changes"))
    assert "2026년 3분기 1판에서 2판으로 달라진 칸과 줄" in page
    assert "1. 성과 요약 납입 (PI) 합계 바뀜 626,600 원 520,000 원" in page
    assert "SKU별 H100 인도 바뀜 121 GPU시간 100 GPU시간" in page


def test_differences_are_a_file_too(partner: FlaskClient) -> None:
    answer = partner.get("/partners/reports/2026Q3/v2/changes?download=csv")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "장,표,줄,열,구분,전,후"
    assert '1,성과 요약,납입 (PI),합계,바뀜,"626,600 원","520,000 원"' in lines


def test_a_version_beside_itself_differs_in_nothing(partner: FlaskClient) -> None:
    assert "두 판의 모든 표가 같습니다." in words(partner.get(f"{REPORT}/changes"))


@pytest.mark.parametrize("address", ["/partners/reports/2026Q3/v9/changes", f"{REPORT}/changes?against=9"])
def test_a_comparison_with_a_version_that_does_not_exist_is_absent(partner: FlaskClient, address: str) -> None:
    assert partner.get(address).status_code == 404


def test_a_report_links_to_its_differences(partner: FlaskClient) -> None:
    assert "/partners/reports/2026Q3/v2/changes" in partner.get("/partners/reports/2026Q3/v2").text


def test_a_partner_comments_and_finance_answers_in_one_thread(
    partner: FlaskClient, as_role: Callable[..., FlaskClient], fund: Database, post_form: Post
) -> None:
    finance = as_role("finance")
    fields = {"key": "1" * 32, "chapter": "gpu", "body": "소진이 늦은 까닭은?\n<b>급함</b>", "answers": ""}
    for _ in range(2):
        assert post_form(partner, REPORT, fields, SAY).location == f"{REPORT}#comments"
    page = finance.get(REPORT).text
    assert "&lt;b&gt;급함&lt;/b&gt;" in page
    opening = re.findall(r'name="answers" value="([0-9a-f-]{36})"', page)[0]
    answer = {"key": "2" * 32, "body": "이관이 한 달 밀렸습니다.", "answers": opening}
    assert post_form(finance, REPORT, answer, SAY).status_code == 302
    assert said(fund) == [
        ("kt", "gpu", "소진이 늦은 까닭은?\n<b>급함</b>"),
        ("fund", "gpu", "이관이 한 달 밀렸습니다."),
    ]
    # What was said about one version stands on the page of the next.
    later = words(partner.get("/partners/reports/2026Q3/v2"))
    assert "5. GPU 현물 · 1판에 대해" in later
    assert "이관이 한 달 밀렸습니다." in later


def test_the_other_side_is_told_by_mail_with_a_link_and_without_the_words(
    partner: FlaskClient, as_role: Callable[..., FlaskClient], fund: Database, post_form: Post
) -> None:
    as_role("finance")
    post_form(partner, REPORT, {"key": "3" * 32, "chapter": "", "body": "비밀 의견", "answers": ""}, SAY)
    (letter,) = mailed(fund)
    assert letter.recipient.startswith("finance")
    assert f"{REPORT}#comments" in letter.body
    assert "비밀 의견" not in letter.body + letter.subject


def test_what_the_fund_opens_is_told_to_the_partners(
    as_role: Callable[..., FlaskClient], partner: FlaskClient, fund: Database, post_form: Post
) -> None:
    assert partner
    as_role("committee")
    post_form(
        as_role("finance"), REPORT, {"key": "7" * 32, "chapter": "gpu", "body": "먼저 알립니다", "answers": ""}, SAY
    )
    (letter,) = mailed(fund)
    assert letter.recipient.startswith("partner")
    assert f"{REPORT}#comments" in letter.body
    assert "먼저 알립니다" not in letter.body + letter.subject


@pytest.mark.parametrize(("body", "reason"), [("   ", "내용을 적어 주세요"), ("가" * 4_001, "4000")])
def test_a_comment_without_words_or_with_too_many_is_refused_and_stays_in_its_field(
    partner: FlaskClient, fund: Database, post_form: Post, body: str, reason: str
) -> None:
    answer = post_form(partner, REPORT, {"key": "4" * 32, "chapter": "", "body": body, "answers": ""}, SAY)
    assert answer.status_code == 422
    assert reason in answer.text
    assert said(fund) == []


@pytest.mark.parametrize("answers", ["nonsense", "0199ffff-0000-7000-8000-000000000000"])
def test_an_answer_to_nothing_is_absent(partner: FlaskClient, fund: Database, post_form: Post, answers: str) -> None:
    answer = post_form(partner, REPORT, {"key": "5" * 32, "chapter": "", "body": "답", "answers": answers}, SAY)
    assert answer.status_code == 404
    assert said(fund) == []


@pytest.mark.parametrize("role", ["auditor", "committee"])
def test_who_only_reads_sees_comments_and_no_form(
    as_role: Callable[..., FlaskClient], fund: Database, post_form: Post, role: str
) -> None:
    reader = as_role(role)
    page = reader.get(REPORT).text
    assert "아직 의견이 없습니다." in page
    assert 'name="body"' not in page
    fields = {"key": "6" * 32, "chapter": "", "body": "말", "answers": ""}
    assert post_form(reader, "/account/password", fields, SAY).status_code == 404
    assert said(fund) == []


def test_the_fund_page_shows_joint_development_by_track(partner: FlaskClient, fund: Database) -> None:
    with fund.read() as session:
        award = session.scalars(select(Award.id)).one()
    fund.transaction(
        lambda s: add_milestone(
            s, award_id=award, track="spc", text="이관", planned_on=date(2027, 3, 31), actor=SYSTEM, at=AFTER
        )
    )
    page = words(partner.get("/partners/"))
    assert "SPC 연계 1 0 / 1단계 0 2027-03-31" in page
    assert "한국적 AI 연계 0 — 0 —" in page
