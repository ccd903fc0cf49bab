from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from portal_people import FIRST_NUMBER, PASSWORD, Browser, Portal
from sqlalchemy import MetaData, func, select, text

from fundapp.core.quarters import KST
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.web.calls import time_left

GOOD = {
    "q_legal_form": "company", "q_founded_on": "2021-03-02", "q_size": "sme", "q_assets_krw": "3000000000",
    "q_group": "none", "q_shareholder": "no", "q_tax_arrears": "no", "q_sanctions": "no",
    "q_foreign_processing_only": "no", "q_region": "running", "q_link": "spc", "q_relation": "no",
}  # fmt: skip
PAGE = "/calls/AX-2026-1"


@pytest.fixture
def stranger(portal: Portal) -> Browser:
    return Browser(portal.app.test_client())


def rows_of(db: Database) -> dict[str, int]:
    """How many rows each table holds."""
    known = MetaData()
    known.reflect(db.engine)
    with db.engine.connect() as connection:
        return {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0 for name in known.tables}


def test_a_call_shows_its_deadline_in_korea_what_is_left_and_what_is_needed(portal: Portal, stranger: Browser) -> None:
    page = stranger.text(PAGE)
    closes = portal.closes_at.astimezone(KST)
    assert f"{closes.year}년 {closes.month}월 {closes.day}일" in page
    assert f"{closes:%H:%M}" in page
    assert re.search(r'<span data-unit="86400">11</span>.*<span data-unit="3600">1</span>', page)
    for words in ("국세·지방세 체납이 없고", "사업계획서 (15쪽 이내)", "국외 이전(열람 포함)"):
        assert words in page
    assert PAGE in stranger.text("/")


def test_what_is_left_is_counted_by_the_servers_clock(portal: Portal) -> None:
    closes = portal.closes_at
    left = time_left(portal.opens_at, closes, closes - timedelta(days=2, hours=3, minutes=4, seconds=5))
    assert (left.phase, left.days, left.hours, left.minutes, left.seconds) == ("open", 2, 3, 4, 183845)
    assert time_left(portal.opens_at, closes, closes + timedelta(microseconds=1)).phase == "closed"
    assert time_left(portal.opens_at, closes, closes).phase == "open"


def test_an_unknown_call_is_absent(stranger: Browser) -> None:
    assert [stranger.get(path).status_code for path in ("/calls/NONE", "/calls/NONE/check")] == [404, 404]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "신청할 수 있습니다"),
        ({"q_tax_arrears": "yes"}, "체납을 정리한 뒤에 신청할 수 있습니다"),
        ({"q_size": "unknown"}, "매출과 업종으로 사무국이 확인합니다"),
        ({"q_link": ""}, "아직 답하지 않은 질문이 있습니다"),
    ],
)
def test_the_outcome_is_said_in_plain_words(stranger: Browser, changes: dict[str, str], words: str) -> None:
    page = stranger.post(f"{PAGE}/check", GOOD | changes).text
    assert words in page
    assert "중소기업기본법 시행령 제3조" in page
    assert 'value="2021-03-02"' in page


def test_the_check_stores_nothing(portal: Portal, stranger: Browser) -> None:
    before = rows_of(portal.db)
    stranger.post(f"{PAGE}/check", GOOD)
    assert rows_of(portal.db) == before


def test_the_answers_come_along_into_a_new_application(portal: Portal, stranger: Browser) -> None:
    portal.person("new@example.com")
    answer = stranger.post(f"{PAGE}/check", GOOD | {"then": "carry"})
    assert answer.location == "/portal/calls/AX-2026-1/start"
    stranger.post("/account/login", {"email": "new@example.com", "password": PASSWORD})
    fields = {"company": "new", "business_number": FIRST_NUMBER, "company_name": "온결비전"}
    stranger.post("/portal/calls/AX-2026-1/start", fields)
    with portal.db.read() as session:
        answers = session.scalars(select(Application.answers)).one()
    assert answers == {
        "company_name": "온결비전",
        "business_number": FIRST_NUMBER,
        "founded_on": "2021-03-02",
        "assets_krw": 3_000_000_000,
        "tax_arrears": False,
        "sanctions": False,
        "foreign_processing_only": False,
    }


def test_they_do_not_touch_a_draft_that_was_worked_on(portal: Portal) -> None:
    person = portal.person("a@example.com")
    company = portal.company(person)
    portal.draft(person, company, founded_on="2020-01-01")
    browser = portal.browser("a@example.com")
    browser.post(f"{PAGE}/check", GOOD | {"then": "carry"})
    browser.post("/portal/calls/AX-2026-1/start", {"company": str(company)})
    with portal.db.read() as session:
        assert session.scalars(select(Application.answers)).one()["founded_on"] == "2020-01-01"
        assert session.scalar(select(func.count()).select_from(Application)) == 1


def test_a_closed_call_still_says_what_it_asked(portal: Portal, stranger: Browser) -> None:
    portal.close_call()
    page = stranger.text(PAGE)
    assert "접수를 마쳤습니다." in page
    assert "/portal/calls/AX-2026-1/start" not in page
    assert "이 답으로 신청서 시작하기" not in stranger.post(f"{PAGE}/check", GOOD).text


def test_the_pages_speak_english(app: Flask, stranger: Browser) -> None:
    for path in (PAGE, f"{PAGE}/check"):
        page = stranger.text(f"{path}?lang=en")
        body = re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("<footer")[0])
        assert re.findall(r"[가-힣]+", body) == [], path
