"""Closing a quarter through its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio import fund_factory
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books
from fundapp.reporting.close_checks import closed_through

PAGE = "/operations/close/2026Q1"
PostForm = Callable[..., TestResponse]


@pytest.fixture
def site(app: Flask, db: Database) -> Flask:
    """A fund with cash and one pool, and nothing else."""

    def work(session: Session) -> None:
        fund_factory.found_fund(session)
        fund_factory.add_pool(session)

    db.transaction(work)
    return app


def enter(site: Flask, sign_in: Callable[..., TestResponse], email: str) -> FlaskClient:
    client = site.test_client()
    sign_in(client, email)
    return client


def test_one_prepares_another_confirms_and_the_signatures_are_still_missing(
    site: Flask, db: Database, person: Callable[..., str], sign_in: Callable[..., TestResponse], post_form: PostForm
) -> None:
    finance = enter(site, sign_in, person("finance", name="정재무"))
    chair = enter(site, sign_in, person("chair", name="한위원"))
    start = finance.get(PAGE).text
    assert "보고서 확정 전" in start
    assert "점검 마치고 올리기" in start
    post_form(finance, PAGE, {"key": "1" * 32}, f"{PAGE}/prepare")
    assert "내가 올린 점검입니다" in finance.get(PAGE).text
    own = post_form(finance, PAGE, {"key": "2" * 32}, f"{PAGE}/confirm")
    assert own.status_code == 302
    assert "확인 대기" in finance.get(PAGE).text
    post_form(chair, PAGE, {"key": "3" * 32}, f"{PAGE}/confirm")
    shown = chair.get(PAGE).text
    assert "서명 대기" in shown
    assert "한위원" in shown
    with db.read() as session:
        assert closed_through(session) is None


def test_a_closed_quarter_shows_its_hash_and_takes_no_more_steps(
    site: Flask,
    db: Database,
    at: datetime,
    person: Callable[..., str],
    sign_in: Callable[..., TestResponse],
    post_form: PostForm,
) -> None:
    finance = enter(site, sign_in, person("finance"))
    token_page = "/operations/rates"
    db.transaction(lambda s: close_books(s, through=date(2026, 3, 31), actor=SYSTEM, at=at))
    page = finance.get(PAGE).text
    assert "장부가 닫혔습니다." in page
    post_form(finance, token_page, {"key": "1" * 32}, f"{PAGE}/prepare")
    assert "지나온 단계" not in finance.get(PAGE).text
    rows = finance.get("/operations/close").text
    assert rows.index("2026년 2분기") < rows.index("2026년 1분기")
    assert finance.get("/operations/close/2019Q1").status_code == 404
