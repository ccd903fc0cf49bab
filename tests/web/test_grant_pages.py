"""Pages of GPU grants: what they show, to whom, and at what cost."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio import fund_factory
from portfolio.booked_use import book_use
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.committee.tables import Recusal
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Company, Membership
from fundapp.portfolio.actions import sign_award, watch_grants
from fundapp.portfolio.tables import Award, Grant, GrantAlert, GrantForecast
from fundapp.web.grants import burndown

MakePerson = Callable[..., str]
SignIn = Callable[..., TestResponse]
PostForm = Callable[..., TestResponse]
HOUR = 10_000
NUMBER = "AW-2026-0001"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what only the page does; its queries run on both databases in the other tests."""


@pytest.fixture
def grant_id(db: Database) -> str:
    """A grant of 1,000 H100 hours that has begun, of which 20 a day were used for the last 28 days."""
    today = datetime.now(UTC).date()
    quarter = str(Quarter.of_date(today - timedelta(days=30)))

    def work(session: Session) -> str:
        fund_factory.found_fund(session)
        pool = fund_factory.add_pool(session, quarter=quarter)
        case = fund_factory.decide(session, hours=[(pool, 1000)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="none",
            key="sign",
            actor=SYSTEM,
            at=fund_factory.SIGNED_AT,
            signed_on=fund_factory.SIGNED,
        )
        grant = session.scalars(select(Grant)).one()
        # Whatever day the test runs on, the grant has begun a month ago and goes on for eighty days.
        grant.usable_until = grant.expires_on = today + timedelta(days=80)
        session.flush()
        use = {today - timedelta(days=day): 20 * HOUR for day in range(1, 29)}
        book_use(session, NUMBER, use, at=datetime.now(UTC))
        watch_grants(session, actor=SYSTEM, at=datetime.now(UTC))
        return str(grant.id)

    return db.transaction(work)


@pytest.fixture
def staff(app: Flask, person: MakePerson, sign_in: SignIn, grant_id: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, person("finance"))
    return client


@pytest.fixture
def company(app: Flask, db: Database, person: MakePerson, sign_in: SignIn, grant_id: str) -> FlaskClient:
    client, email = app.test_client(), person("applicant")

    def join(session: Session) -> None:
        session.add(
            Membership(
                company_id=session.scalars(select(Company.id)).one(),
                person_id=session.scalars(select(Person.id).where(Person.email == email)).one(),
            )
        )

    db.transaction(join)
    sign_in(client, email)
    return client


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def test_the_grants_page_says_when_it_runs_out_and_links_its_figures(staff: FlaskClient, grant_id: str) -> None:
    page = staff.get(f"/operations/grants/{grant_id}").text
    today = datetime.now(UTC).date()
    gone = today + timedelta(days=22)  # 440 hours at 20 a day
    said = words(page)
    assert "만료 58일 전에 바닥납니다." in said
    assert f"{gone.year}년 {gone.month}월 {gone.day}일" in said
    assert "남은 시간 440 " in said
    assert "28일 평균 20 /일" in said
    assert "만료까지 80 일" in said
    assert f"소진 예상 {gone.year}.{gone.month}.{gone.day}" in said
    assert 'role="img" aria-label="H100 소진 추이.' in page
    assert re.search(r'href="/operations/ledger/account\?path=grant:AW-2026-0001[^"]*"[^>]*>440</a>', page)
    assert "사용률 측정이 설정되지 않았습니다" in page
    drawing = page[page.index('<svg class="chart burn"') :]
    drawing = drawing[: drawing.index("</svg>")]
    parts = ("even", "left", "fore", "lapse", "gone", "now", "area")
    assert [part for part in parts if f'class="{part}"' not in drawing] == []
    forecast = re.search(r'class="fore" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', drawing)
    assert forecast is not None
    assert float(forecast[4]) == burndown.TOP + burndown.HEIGHT  # it ends where nothing is left


@on_sqlite
def test_what_was_booked_opens_its_transfers_for_those_who_may_see_the_ledger(
    staff: FlaskClient, company: FlaskClient, grant_id: str
) -> None:
    page = staff.get(f"/operations/grants/{grant_id}").text
    shown = re.search(r'<a class="quiet traced" href="([^"]+)">사용량 반영</a>', page)
    assert shown is not None
    account = html.unescape(shown[1])
    assert account.startswith("/operations/ledger/account?path=grant:AW-2026-0001")
    steps = words(staff.get(account).text)
    assert "−560 GPU시간" in steps
    assert "+1,000 GPU시간" not in steps
    assert "/operations/" not in company.get(f"/portal/grants/{NUMBER}").text


@on_sqlite
def test_the_company_sees_its_own_grant_with_the_way_to_ask_for_more(company: FlaskClient, grant_id: str) -> None:
    page = company.get(f"/portal/grants/{NUMBER}").text
    assert "바닥납니다." in page
    assert f'href="/portal/grants/{NUMBER}/changes/new?kind=supplement&amp;grant={grant_id}"' in page
    assert "/operations/" not in page
    assert 'href="/portal/grants" aria-current="page"' in company.get("/portal/grants").text
    assert 'href="/portal/grants"' in company.get("/portal/").text


def test_a_stranger_and_a_recused_analyst_find_nothing_of_the_grant(
    app: Flask, db: Database, person: MakePerson, sign_in: SignIn, grant_id: str
) -> None:
    stranger, recused, email = app.test_client(), app.test_client(), person("analyst")

    def recuse(session: Session) -> None:
        session.add(
            Recusal(
                application_id=session.scalars(select(Application.id)).one(),
                person_id=session.scalars(select(Person.id).where(Person.email == email)).one(),
                route="self_recusal",
                reason="친족",
                declared_by="test",
                at=fund_factory.AT,
            )
        )

    db.transaction(recuse)
    sign_in(stranger, person("applicant"))
    sign_in(recused, email)
    for client, path in (
        (stranger, f"/portal/grants/{NUMBER}"),
        (stranger, f"/operations/grants/{grant_id}"),
        (recused, f"/operations/grants/{grant_id}"),
    ):
        assert client.get(path).status_code == 404
    assert "내 GPU" not in stranger.get("/portal/").text
    for path in ("/operations/grants", "/operations/grants?download=csv", "/operations/grants/alerts"):
        assert not re.search("가온시험|AW-2026", recused.get(path).text)


@on_sqlite
def test_an_alert_is_acknowledged_with_a_reason(
    staff: FlaskClient, db: Database, post_form: PostForm, grant_id: str
) -> None:
    with db.read() as session:
        alert = session.scalars(select(GrantAlert)).one()
    path = f"/operations/grants/{grant_id}"
    key = re.search(r'name="key" value="([^"]+)"', staff.get(path).text)
    assert key is not None
    done = post_form(staff, path, {"key": key[1], "reason": "일정대로"}, f"{path}/alerts/{alert.id}/acknowledge")
    assert done.status_code == 302
    assert "김도윤 확인: 일정대로" in words(staff.get(path).text)


@on_sqlite
def test_daily_use_and_the_list_download(staff: FlaskClient, company: FlaskClient, grant_id: str) -> None:
    own = f"/operations/grants/{grant_id}"
    for client, path in ((staff, own), (staff, "/operations/grants"), (company, f"/portal/grants/{NUMBER}")):
        for form in ("csv", "xlsx"):
            answer = client.get(f"{path}?download={form}")
            assert answer.status_code == 200
            assert answer.headers["Content-Disposition"].startswith("attachment")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    last = staff.get(f"{own}?download=csv").text.splitlines()[-1]
    assert last.startswith(f"{yesterday},20.0000,440.0000,20.0000,0.0000,")


def test_the_list_finds_by_verdict_sku_quarter_and_name(staff: FlaskClient) -> None:
    found = {
        query: "가온시험" in words(staff.get(f"/operations/grants?{query}").text).partition("배정 목록")[2]
        for query in ("", "verdict=runs_out_before_end", "verdict=idle", "sku=h100", "sku=a100", "q=가온", "q=나래")
    }
    assert [query for query, there in found.items() if there] == [
        "",
        "verdict=runs_out_before_end",
        "sku=h100",
        "q=가온",
    ]


def test_list_and_pages_take_the_same_number_of_statements_for_1_and_50_grants(
    staff: FlaskClient, company: FlaskClient, db: Database, grant_id: str
) -> None:
    paths = (
        (staff, "/operations/grants", 9),
        (staff, f"/operations/grants/{grant_id}", 18),
        (company, f"/portal/grants/{NUMBER}", 20),
    )

    def count(client: FlaskClient, path: str) -> int:
        with counted(db) as statements:
            assert client.get(path).status_code == 200
        return len([one for one in statements if one.lstrip().upper().startswith("SELECT")])

    before = [count(client, path) for client, path, _ in paths]
    db.transaction(more_grants)
    assert [count(client, path) for client, path, _ in paths] == before
    assert [path for (_, path, most), one in zip(paths, before, strict=True) if one > most + 8] == []


def more_grants(session: Session) -> None:
    """Add 49 grants of the same award, each judged."""
    first = session.scalars(select(Grant)).one()
    for place in range(49):
        quarter = f"{2030 + place // 4}Q{place % 4 + 1}"
        grant = Grant(
            award_id=first.award_id,
            pool_id=first.pool_id,
            sku=first.sku,
            region=first.region,
            quarter=quarter,
            hours_e4=HOUR,
            release="at_once",
            account=f"grant:{NUMBER}:h100:{first.region}:{quarter}",
            usable_until=date(2030 + place // 4, place % 4 * 3 + 3, 30),
            expires_on=date(2030 + place // 4, place % 4 * 3 + 3, 30),
        )
        session.add(grant)
        session.flush()
        session.execute(
            insert(GrantForecast).values(
                grant_id=grant.id,
                verdict="waiting",
                severity="info",
                pace_e4=0,
                pace_days=0,
                granted_e4=HOUR,
                remaining_e4=HOUR,
                at_risk_e4=0,
                overage_e4=0,
                watched_at=fund_factory.AT,
            )
        )
    assert session.scalars(select(Award.number)).all() == [NUMBER]


@on_sqlite
def test_an_english_reader_finds_no_korean_on_these_pages(
    staff: FlaskClient, company: FlaskClient, grant_id: str
) -> None:
    for client, path in (
        (staff, "/operations/grants"),
        (staff, f"/operations/grants/{grant_id}"),
        (staff, "/operations/grants/alerts?all=1"),
        (staff, "/operations/grants/meters"),
        (company, "/portal/grants"),
        (company, f"/portal/grants/{NUMBER}"),
    ):
        page = client.get(path + ("&" if "?" in path else "?") + "lang=en").text
        said = words(page[page.index("<main") : page.index("</main>")])
        korean = [
            word
            for word in re.findall(r"[가-힣][가-힣 ]*", said)
            if word.strip() not in {"가온시험", "한국어", "김도윤"}
        ]
        assert korean == [], path
