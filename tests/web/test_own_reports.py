"""Readers keep their own questions to the report, share them, take them away, and are told of new versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio.fund_factory import add_person, found_fund
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from test_partners import words
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.tables import person_role
from fundapp.reporting.actions import freeze_quarter, sign_report, tell_own_reports, tell_scheduled
from fundapp.reporting.tables import OwnReport

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
    "schedule": "",
}


def sign(db: Database, quarter: Quarter, at: datetime) -> None:
    """Sign the first version of a quarter for the fund."""

    def work(session: Session) -> None:
        who = add_person(session, f"Han {quarter}", "finance")
        sign_report(session, quarter=quarter, version=1, side="fund", actor=who, at=at)

    db.transaction(work)


@pytest.fixture
def enter(app: Flask, db: Database, person: Person, sign_in: Enter) -> Callable[..., FlaskClient]:
    """The fund with one frozen quarter that it has signed, and somebody signed in."""
    db.transaction(found_fund)
    at = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 3), actor=SYSTEM, at=at))
    sign(db, Quarter(2026, 3), at)

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
    assert "2026년 3분기 1판에서 운용 서명" in words(page)
    assert re.search(r'<svg [^>]*role="img" aria-label="NAV이\(가\)', page.text)
    answer = partner.get(f"{address}?download=csv")
    file = answer.data.decode("utf-8-sig").splitlines()
    assert quote("2026Q3 1판 운용 서명", safe="") in answer.headers["Content-Disposition"]
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


def told(db: Database, at: datetime) -> list[str]:
    """Send word and return the recipients and quarters of all letters so far."""
    db.transaction(lambda s: tell_own_reports(s, at=at, public_url="https://fund.example"))
    with db.read() as session:
        letters = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.dedupe_key.startswith("own-report:"))
            .order_by(OutboxMessage.recipient, OutboxMessage.id)
        )
        return [f"{letter.recipient.partition('@')[0]} {letter.subject}" for letter in letters]


def test_an_owner_is_told_once_of_each_version_that_opens_for_them(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    keep(enter("partner", "kt"), post_form, notify="y")
    keep(enter("finance"), post_form, "2", notify="y")
    at = datetime.now(UTC) + timedelta(days=1)
    assert told(db, at) == []
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 4), actor=SYSTEM, at=at))
    finance = "finance [2026Q4] 내 보고서: 분기별 NAV / Your own report"
    assert (told(db, at), told(db, at)) == ([finance], [finance])
    sign(db, Quarter(2026, 4), at)
    both = [finance, finance.replace("finance", "partner")]
    assert (told(db, at), told(db, at)) == (both, both)


def test_who_no_longer_holds_a_role_that_sees_reports_is_not_told(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    keep(enter("partner", "kt"), post_form, notify="y")
    at = datetime.now(UTC) + timedelta(days=1)
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 4), actor=SYSTEM, at=at))
    sign(db, Quarter(2026, 4), at)
    with db.read() as session:
        owner = session.scalars(select(OwnReport.owner_id)).one()
    db.transaction(lambda s: s.execute(delete(person_role).where(person_role.c.person_id == owner)))
    assert told(db, at) == []


def test_a_draft_opens_by_itself_for_finance_alone_and_others_may_choose_it(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    partner, finance = enter("partner", "kt"), enter("finance")
    address = keep(partner, post_form, shared="y").location
    at = datetime(2027, 1, 12, 3, 0, tzinfo=UTC)
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 4), actor=SYSTEM, at=at))
    assert "2026년 3분기 1판에서 운용 서명" in words(partner.get(address))
    assert "2026년 4분기 1판에서 초안" in words(finance.get(address))
    assert "2026년 4분기 1판에서 초안" in words(partner.get(f"{address}?period=2026Q4-1"))


def test_where_nothing_is_signed_the_page_says_so_and_offers_the_versions(
    app: Flask, db: Database, person: Person, sign_in: Enter, post_form: Post
) -> None:
    db.transaction(found_fund)
    at = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
    db.transaction(lambda s: freeze_quarter(s, quarter=Quarter(2026, 3), actor=SYSTEM, at=at))
    partner = app.test_client()
    sign_in(partner, person("partner", investor="kt"))
    address = keep(partner, post_form).location
    page = partner.get(address)
    assert "펀드가 서명한 판이 없습니다" in words(page)
    assert 'value="2026Q3-1"' in page.text


def test_an_owner_gets_a_link_on_the_day_chosen_and_nothing_attached(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    """Kept for every Monday: sent once in a week, on its Monday, and again a week later."""
    keep(enter("partner", "kt"), post_form, schedule="monday")
    with db.read() as session:
        row = session.scalars(select(OwnReport)).one()
        assert (row.schedule, row.notify) == ("monday", False)
    monday = datetime(2027, 6, 14, 0, 30, tzinfo=UTC)  # an ordinary Monday, 09:30 in Seoul

    def mailed(at: datetime) -> int:
        return db.transaction(lambda s: tell_scheduled(s, at=at, public_url="https://fund.example"))

    assert [mailed(monday + timedelta(days=days)) for days in (0, 0, 1, 7)] == [1, 0, 0, 1]
    with db.read() as session:
        letters = session.scalars(select(OutboxMessage).where(OutboxMessage.subject.contains("내 보고서"))).all()
        assert [letter.calendar for letter in letters] == [None, None]
        assert all(f"https://fund.example/partners/own/{row.id}" in letter.body for letter in letters)


def test_a_day_that_cannot_be_chosen_is_refused_at_its_field(
    enter: Callable[..., FlaskClient], post_form: Post
) -> None:
    answer = post_form(enter("partner", "kt"), NEW, ASKED | {"schedule": "hourly", "key": "s" * 32}, SAVE)
    assert answer.status_code == 422


def test_a_link_is_not_mailed_in_the_week_in_which_the_question_was_kept(
    enter: Callable[..., FlaskClient], db: Database, post_form: Post
) -> None:
    keep(enter("partner", "kt"), post_form, schedule="quarter")
    at = datetime.now(UTC)
    assert db.transaction(lambda s: tell_scheduled(s, at=at, public_url="https://fund.example")) == 0
