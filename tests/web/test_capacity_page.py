"""The page of demand against capacity: partners read it, finance notes what was announced."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio import grant_scenes
from werkzeug.test import TestResponse

from fundapp.core.sessions import Database

Enter = Callable[..., FlaskClient]
PAGE = "/partners/capacity"
KEY = "2" * 32


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    def make(*roles: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, investor=investor))
        return client

    return make


@pytest.fixture
def fund(db: Database) -> Database:
    """A fund with an award of 400 hours."""
    grant_scenes.set_up(db)
    return db


def announce(client: FlaskClient, post_form: Callable[..., TestResponse], **fields: str) -> TestResponse:
    asked = {
        "key": KEY,
        "investor": "microsoft",
        "sku": "H100",
        "region": "koreacentral",
        "quarter": "2027Q1",
        "hours": "100",
        "announced_on": "2026-06-30",
        "source": "분기 점검 회의",
        **fields,
    }
    return post_form(client, PAGE, asked)


def test_finance_notes_an_announcement_and_partners_read_what_it_means(
    fund: Database, enter: Enter, post_form: Callable[..., TestResponse]
) -> None:
    finance = enter("finance")
    assert announce(finance, post_form).status_code == 302
    page = re.sub(r"<[^>]+>", "", enter("partner", investor="kt").get(PAGE).text)
    assert "분기 점검 회의" in page
    assert "가장 모자랍니다" in page
    assert "발표 적기" not in page


def test_a_repeat_of_the_form_notes_it_once(
    fund: Database, enter: Enter, post_form: Callable[..., TestResponse]
) -> None:
    finance = enter("finance")
    assert [announce(finance, post_form).status_code for _ in range(2)] == [302, 302]
    assert finance.get(PAGE).text.count("분기 점검 회의") == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"quarter": "2027-1"}, "2026Q3처럼 적어 주세요"),
        ({"hours": "-1"}, "GPU시간"),
        ({"quarter": "2020Q1"}, "이미 지난 분기입니다"),
        ({"source": ""}, "출처: 적어 주세요"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    fund: Database, enter: Enter, post_form: Callable[..., TestResponse], fields: dict[str, str], said: str
) -> None:
    finance = enter("finance")
    answer = announce(finance, post_form, **fields)
    assert answer.status_code == 422
    assert said in re.sub(r"<[^>]+>", "", answer.text)
    assert "아직 적은 발표가 없습니다" in answer.text


def test_the_outlook_is_taken_away_as_a_workbook(fund: Database, enter: Enter) -> None:
    book = openpyxl.load_workbook(BytesIO(enter("partner", investor="kt").get(f"{PAGE}?download=xlsx").data))
    rows = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[0][:2] == ("GPU 종류", "분기")
    assert {row[0] for row in rows[1:]} <= {"H100", "A100"}


def test_applicants_and_strangers_do_not_see_it(fund: Database, app: Flask, enter: Enter) -> None:
    assert app.test_client().get(PAGE).status_code == 302
    assert enter("applicant").get(PAGE).status_code in {302, 404}
    analyst = enter("analyst")
    assert analyst.get(PAGE).status_code == 200
    assert "발표 적기" not in analyst.get(PAGE).text
