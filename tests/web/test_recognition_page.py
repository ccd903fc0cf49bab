"""The page of how GPU time in kind is recognised: readers of reports see both policies, finance changes it."""

from __future__ import annotations

import html
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
from werkzeug.test import TestResponse

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import import_usage, sign_award
from fundapp.reporting.actions import freeze_quarter, switch_recognition
from fundapp.reporting.recognition_pages import recognition_page
from fundapp.reporting.tables import RecognitionChange

PAGE = "/partners/reports/recognition"
AT = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
Q3 = Quarter(2026, 3)
Enter = Callable[..., FlaskClient]
Post = Callable[..., TestResponse]


@pytest.fixture
def fund(db: Database, tmp_path: Path) -> Database:
    """An award of 400 hours at 5,200 won signed on 1 July, 120.5 of them used in August; the quarter is frozen."""

    def prepare(session: Session) -> None:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 400)])
        options = {"instrument": "RCPS", "key": "sign", "actor": SYSTEM, "at": SIGNED_AT}
        sign_award(session, decision_id=case.decision_id, signed_on=date(2026, 7, 1), **options)  # type: ignore[arg-type]

    db.transaction(prepare)
    import_usage(db, write_usage(tmp_path / "usage.csv", [Use(date(2026, 8, 3), "120.5")]), actor=SYSTEM, at=AT)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    return db


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    def make(role: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(role, investor=investor))
        return client

    return make


def words(answer: TestResponse) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def changes(db: Database) -> list[tuple[str, str, str]]:
    with db.read() as session:
        rows = session.scalars(select(RecognitionChange).order_by(RecognitionChange.version))
        return [(row.policy, row.from_quarter, row.reason) for row in rows]


def fields(key: str = "1", **other: str) -> dict[str, str]:
    return {"key": key * 32, "policy": "at_grant", "quarter": "2027Q1", "reason": "외부감사 의견"} | other


def test_both_policies_stand_side_by_side_with_paid_in_and_the_range_of_the_rate(fund: Database) -> None:
    """By hand: 120.5 h or all 400 h at 5,200 won; a rate 20 percent up divides by 1.2, one 20 percent down by 0.8."""
    with fund.read() as session:
        page = recognition_page(session, SYSTEM, at=AT)
    assert (page.policy, page.since, str(page.earliest), page.then) == ("at_delivery", None, "2026Q4", "at_delivery")
    now, other = page.sides
    assert [(one.policy, one.in_kind_paid_krw) for one in page.sides] == [
        ("at_delivery", 626_600),
        ("at_grant", 2_080_000),
    ]
    for side, paid in ((now, 626_600), (other, 2_080_000)):
        assert side.total.paid_in_krw == paid
        low, high = side.tvpi_range
        assert low is not None
        assert high is not None
        assert (low * 12, high * 8) == (10 * side.total.nav_krw / paid, 10 * side.total.nav_krw / paid)


def test_a_change_that_begins_later_is_on_record_and_does_not_hold_yet(fund: Database) -> None:
    def switch(session: Session) -> None:
        later = Quarter(2027, 2)
        switch_recognition(session, policy="at_grant", quarter=later, reason="약정 변경", actor=SYSTEM, at=AT)

    fund.transaction(switch)
    with fund.read() as session:
        before = recognition_page(session, SYSTEM, at=AT)
        after = recognition_page(session, SYSTEM, at=datetime(2027, 5, 3, tzinfo=UTC))
    assert (before.policy, before.since, str(before.earliest), before.then) == (
        "at_delivery",
        None,
        "2027Q2",
        "at_grant",
    )
    assert (after.policy, after.since, [one.policy for one in after.sides]) == (
        "at_grant",
        "2027Q2",
        ["at_grant", "at_delivery"],
    )


def test_finance_changes_it_once_and_the_page_says_who_and_why(fund: Database, enter: Enter, post_form: Post) -> None:
    finance = enter("finance")
    assert "바꾼 적이 없습니다" in words(finance.get(PAGE))
    for _ in range(2):
        assert post_form(finance, PAGE, fields(), PAGE).status_code == 302
    assert changes(fund) == [("at_grant", "2027Q1", "외부감사 의견")]
    page = words(finance.get(PAGE))
    assert "2027년 1분기" in page
    assert "외부감사 의견" in page
    with fund.read() as session:
        events = session.scalars(select(AuditEvent.verb).where(AuditEvent.verb == "recognition.switched")).all()
    assert len(events) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quarter": "2026Q3"}, "그 뒤의 분기를 적어 주세요"),
        ({"quarter": "soon"}, "2026Q3처럼 적어 주세요"),
        ({"policy": "at_delivery"}, "이미 쓰는 방식입니다"),
        ({"reason": " "}, "적어 주세요"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_kept(
    fund: Database, enter: Enter, post_form: Post, wrong: dict[str, str], said: str
) -> None:
    answer = post_form(enter("finance"), PAGE, fields(**wrong), PAGE)
    assert answer.status_code == 422
    assert f'id="{next(iter(wrong))}-error"' in answer.text
    assert said in words(answer)
    assert changes(fund) == []


def test_partners_read_it_and_change_nothing(fund: Database, enter: Enter, post_form: Post) -> None:
    partner = enter("partner", "kt")
    page = partner.get(PAGE)
    assert "다른 방식이면" in words(page)
    assert "방식 바꾸기" not in words(page)
    assert post_form(partner, "/account/password", fields(), PAGE).status_code == 404
    assert changes(fund) == []


def test_an_applicant_finds_no_such_page(fund: Database, enter: Enter) -> None:
    assert fund
    assert enter("applicant").get(PAGE).status_code in {403, 404}
