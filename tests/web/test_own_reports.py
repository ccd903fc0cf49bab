"""Readers keep their own questions to the report, share them, take them away, and are told of new versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio.fund_factory import found_fund
from sqlalchemy import select
from test_partners import words
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.reporting.actions import freeze_quarter, tell_own_reports
from fundapp.reporting.tables import FrozenQuarter, OwnReport

Post = Callable[..., TestResponse]
Enter = Callable[..., TestResponse]
Person = Callable[..., str]
NEW, SAVE = "/partners/own/new?view=history", "/partners/own"
ASKED = {
    "view": "history",
    "name": "분기별 NAV",
    "columns": ["quarter", "nav"],
    "column1": "nav",
    "operator1": "at_least",
    "value1": "0",
    "chart": "nav",
    "operator2": "is",
    "operator3": "is",
    "column2": "",
    "column3": "",
    "group": "",
    "report": "",
}


@pytest.fixture
def enter(app: Flask, db: Database, person: Person, sign_in: Enter) -> Callable[..., FlaskClient]:
    """The fund with one frozen quarter, and somebody signed in."""
    db.transaction(found_fund)
    at = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 3), actor=SYSTEM, at=at))

    def somebody(role: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(role, investor=investor))
        return client

    return somebody


def keep(client: FlaskClient, post: Post, key: str = "1", **more: object) -> TestResponse:
    return post(client, NEW, {"key": key * 32, **ASKED, **more}, SAVE)


def kept(db: Database) -> list[OwnReport]:
    with db.read() as session:
        return list(session.scalars(select(OwnReport).where(OwnReport.dropped_at.is_(None))))


def test_a_question_is_kept_answered_and_taken_away_as_a_file(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    partner = enter("partner", "kt")
    assert "분기별 추이" in words(partner.get("/partners/own"))
    for _ in range(2):
        address = keep(partner, post_form).location
    assert len(kept(db)) == 1
    page = partner.get(address)
    assert "2026년 3분기 1판에서" in words(page)
    assert re.search(r'<svg [^>]*role="img" aria-label="NAV이\(가\)', page.text)
    file = partner.get(f"{address}?download=csv").data.decode("utf-8-sig").splitlines()
    assert file == ["분기,NAV (원)", "2026년 3분기,0"]
    assert partner.get(f"{address}?period=2026Q3-9").status_code == 404


def test_what_is_wrong_stands_at_its_field_and_nothing_is_kept(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    partner = enter("partner", "kt")
    for n, (more, said) in enumerate(
        (
            ({"name": ""}, "적어 주세요"),
            ({"value1": "많이"}, "숫자 열에는 숫자"),
            ({"chart": "tvpi"}, "보이는 숫자 열"),
        ),
        1,
    ):
        answer = keep(partner, post_form, str(n), **more)
        assert answer.status_code == 422
        assert said in answer.text
    assert kept(db) == []


def test_only_what_is_shared_is_seen_and_only_the_owner_changes_it(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    owner, other = enter("partner", "kt"), enter("finance")
    address = keep(owner, post_form).location
    assert other.get(address).status_code == 404
    report = address.rpartition("/")[2]
    assert keep(owner, post_form, "2", report=report, shared="y", name="나눈 것").location == address
    assert "나눈 것" in words(other.get(address))
    assert other.get(f"{address}/edit").status_code == 404
    assert keep(other, post_form, "3", report=report).status_code == 404
    assert post_form(other, "/partners/own", {"key": "4" * 32}, f"{address}/drop").status_code == 404
    assert post_form(owner, address, {"key": "5" * 32}, f"{address}/drop").location == "/partners/own"
    assert kept(db) == []
    assert owner.get(address).status_code == 404


@pytest.mark.parametrize("role", ["applicant", "admin"])
def test_who_may_not_see_reports_finds_no_questions(enter: Callable[..., FlaskClient], role: str) -> None:
    assert enter(role).get("/partners/own").status_code == 404


def test_an_owner_is_told_once_of_each_newer_version(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    keep(enter("partner", "kt"), post_form, notify="y")
    at = datetime.now(UTC) + timedelta(days=1)
    tell = lambda: db.transaction(lambda s: tell_own_reports(s, at=at, public_url="https://fund.example"))  # noqa: E731
    assert tell() == 0
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 4), actor=SYSTEM, at=at))
    assert (tell(), tell()) == (1, 1)
    with db.read() as session:
        letters = session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("own-report:"))).all()
        newest = session.scalars(select(FrozenQuarter.quarter).order_by(FrozenQuarter.frozen_at.desc())).first()
    assert [(letter.subject, newest) for letter in letters] == [
        ("[2026Q4] 내 보고서: 분기별 NAV / Your own report", "2026Q4")
    ]
