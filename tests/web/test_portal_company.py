"""A company's page in the portal, and what staff see of it."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from portal_people import FIRST_NUMBER, Browser, Portal
from sqlalchemy import select

from fundapp.core.access import Role
from fundapp.core.quarters import kst_date
from fundapp.intake.standing import RelatedFirm
from fundapp.intake.standing_queries import newest_statement
from fundapp.intake.tables import CompanyStatement
from fundapp.screening.actions import score_application
from fundapp.screening.tables import Scorecard

sys.path.insert(0, str(Path(__file__).parents[1] / "intake"))  # the tax office is told of there

from tax_office import Business, State, open_tax_office

FIELDS = {
    "legal_form": "corporation",
    "started_on": "2021-03-02",
    "representative": "김도윤",
    "corporate_number": "1101110062433",
    "closing_month": "12",
    "group": "none",
    "owner": "none",
    "has_related": "no",
    "outgrown": "never",
    "claim": "midsize",
}


@pytest.fixture
def own(portal: Portal) -> tuple[Portal, Browser, uuid.UUID, uuid.UUID]:
    """An applicant, their company and its complete draft."""
    person = portal.person("a@example.com")
    company = portal.company(person)
    draft = portal.complete_draft(person, company, revenue_krw_y2="900,000,000", revenue_krw_y3="600,000,000")
    return portal, portal.browser("a@example.com"), company, draft


@pytest.fixture
def office(own: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> Iterator[State]:
    portal = own[0]
    with open_tax_office() as state:
        portal.app.config["REGISTRY"] = state.service()
        yield state
    portal.app.config["REGISTRY"] = None


def text_of(html: str) -> str:
    return " ".join(html.split())


def test_the_page_shows_the_arithmetic_and_what_is_missing(
    own: tuple[Portal, Browser, uuid.UUID, uuid.UUID],
) -> None:
    _, browser, company, _ = own
    page = browser.text(f"/portal/companies/{company}")
    assert "(1,200,000,000 + 900,000,000 + 600,000,000) ÷ 3" in page
    assert "900,000,000원" in page
    assert "시행령 제7조 ② 1호" in page
    assert "2025-09-01 시행본" in page
    assert "기업집단 소속 여부" in page
    assert "잠정" in page
    assert "220-81-62517" in page


def test_what_a_company_says_settles_its_class_and_its_claim_is_only_compared(
    own: tuple[Portal, Browser, uuid.UUID, uuid.UUID],
) -> None:
    portal, browser, company, _ = own
    address = f"/portal/companies/{company}"
    answer = browser.post(address, FIELDS)
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    page = browser.text(address)
    assert "잠정" not in page
    assert "창업기업" in page
    assert "기업이 적은 규모와 다름: 중견기업" in page
    assert "법인등록번호의 검증번호가 맞지 않습니다" in page
    with portal.db.read() as session:
        assert newest_statement(session, company) is not None


def test_related_companies_are_read_row_by_row(own: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    portal, browser, company, _ = own
    address = f"/portal/companies/{company}"
    rows = {
        "has_related": "yes",
        "related_name_0": "누리홀딩스",
        "related_share_0": "35.5",
        "related_average_0": "1,000,000,000",
        "related_ksic_0": "j62010",
        "related_name_1": "",
        "related_share_1": "",
        "related_average_1": "",
        "related_ksic_1": "",
    }
    assert browser.post(address, FIELDS | rows).status_code == 302
    with portal.db.read() as session:
        kept = session.scalars(select(CompanyStatement.facts)).one()
    assert kept["related"] == [
        {"name": "누리홀딩스", "share_bp": 3_550, "average_krw": 1_000_000_000, "ksic": "J62010"}
    ]
    assert "1,000,000,000 × 35.5%" in browser.text(address)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"started_on": "어제"}, "날짜를 2026-05-08처럼 적어 주세요"),
        ({"corporate_number": "110111"}, "법인등록번호는 숫자 13자리입니다"),
        ({"outgrown_year": "지난해"}, "해를 2024처럼 적어 주세요"),
        ({"has_related": "yes"}, "관계기업을 한 곳 이상 적어 주세요"),
        ({"has_related": "yes", "related_name_0": "다온", "related_share_0": "많이"}, "지분율을 35.5처럼 적어 주세요"),
        ({"group": "club"}, "고를 수 있는 것 가운데 고르세요"),
    ],
)
def test_a_bad_answer_is_said_beside_its_field_and_the_rest_stays(
    own: tuple[Portal, Browser, uuid.UUID, uuid.UUID], changes: dict[str, str], said: str
) -> None:
    portal, browser, company, _ = own
    rows = {f"related_{part}_0": "" for part in ("name", "share", "average", "ksic")}
    answer = browser.post(f"/portal/companies/{company}", FIELDS | rows | changes)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, said in page, 'value="김도윤"' in page) == (422, True, True)
    with portal.db.read() as session:
        assert newest_statement(session, company) is None


def test_a_young_company_is_asked_for_the_revenue_of_its_period(portal: Portal) -> None:
    person = portal.person("a@example.com")
    company = portal.company(person)
    started = portal.opens_at.date().isoformat()
    portal.complete_draft(person, company, founded_on=started)
    browser = portal.browser("a@example.com")
    page = browser.text(f"/portal/companies/{company}")
    assert "최근 매출액" in page
    assert f'name="recent_from" type="hidden" value="{started[:4]}' in page


def test_a_company_of_days_is_asked_until_yesterday_in_a_call_that_closes_later(portal: Portal) -> None:
    person = portal.person("a@example.com")
    company = portal.company(person)
    today = kst_date(datetime.now(UTC))
    portal.complete_draft(person, company, founded_on=(today - timedelta(days=5)).isoformat())
    page = portal.browser("a@example.com").text(f"/portal/companies/{company}")
    (asked,) = re.findall(r'name="recent_to" type="hidden" value="([^"]+)"', page)
    assert asked == (today - timedelta(days=1)).isoformat()


def test_half_typed_answers_of_a_draft_count_as_missing(portal: Portal) -> None:
    person = portal.person("a@example.com")
    company = portal.company(person)
    portal.draft(person, company, founded_on="2021-0", ksic="J5", assets_krw="3억쯤")
    answer = portal.browser("a@example.com").get(f"/portal/companies/{company}")
    assert (answer.status_code, "설립일" in answer.text) == (200, True)


def test_without_a_key_nothing_is_said_to_be_fine(own: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    _, browser, company, _ = own
    page = browser.text(f"/portal/companies/{company}")
    assert "확인 전" in page
    assert "국세청 조회가 설정되지 않아 아직 확인하지 않았습니다." in page
    answer = browser.post(f"/portal/companies/{company}/check", {}, page=f"/portal/companies/{company}")
    assert answer.status_code == 302
    assert "설정되지 않아 확인하지 못했습니다" in browser.text(f"/portal/companies/{company}")


def test_a_closed_company_is_told_before_it_sends_and_flagged_to_staff(
    own: tuple[Portal, Browser, uuid.UUID, uuid.UUID], office: State
) -> None:
    portal, browser, company, draft = own
    office.businesses[FIRST_NUMBER] = Business("03", ended="20260401")
    address = f"/portal/companies/{company}"
    assert browser.post(f"{address}/check", {}, page=address).status_code == 302
    page = browser.text(address)
    assert ("폐업" in page, "2026-04-01" in page) == (True, True)
    check = browser.text(f"/portal/applications/{draft}/check")
    assert "국세청에 폐업으로 등록되어 있습니다" in check
    sent = browser.post(f"/portal/applications/{draft}/submit", {}, page=f"/portal/applications/{draft}/check")
    assert sent.status_code == 302
    portal.person("analyst@example.com", Role.ANALYST)
    staff = portal.browser("analyst@example.com")
    assert "폐업" in staff.text("/operations/?call=AX-2026-1")
    assert "폐업일" in staff.text(f"/operations/applications/{draft}")
    office.businesses[FIRST_NUMBER] = Business("01")
    again = f"/operations/applications/{draft}"
    assert staff.post(f"{again}/registration", {}, page=again).status_code == 302
    assert "계속사업자" in staff.text(again)
    assert "폐업" not in staff.text("/operations/?call=AX-2026-1")


def test_another_companys_page_is_as_good_as_absent(own: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    portal, _, company, _ = own
    portal.person("b@example.com")
    other = portal.browser("b@example.com")
    assert other.get(f"/portal/companies/{company}").status_code == 404
    assert other.get(f"/portal/companies/{uuid.uuid4()}").status_code == 404


def test_scorecard_and_staff_use_the_computed_class(own: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    portal, browser, company, draft = own
    firm = RelatedFirm("누리홀딩스", 5_000, 100_000_000_000, "J62010")
    rows = {
        "has_related": "yes",
        "claim": "small",
        "related_name_0": firm.name,
        "related_share_0": "50",
        "related_average_0": "100,000,000,000",
        "related_ksic_0": "J62010",
    }
    browser.post(f"/portal/companies/{company}", FIELDS | rows)
    browser.post(f"/portal/applications/{draft}/submit", {}, page=f"/portal/applications/{draft}/check")
    portal.person("analyst@example.com", Role.ANALYST)
    staff = portal.browser("analyst@example.com")
    page = text_of(staff.text(f"/operations/applications/{draft}"))
    assert "기업이 적은 규모와 다름: 소기업" in page
    person = portal.person("scorer@example.com", Role.ANALYST)
    actor = portal.viewer(person)
    with portal.db.read() as session:
        stated = session.scalars(select(CompanyStatement)).one()
    portal.db.transaction(
        lambda session: score_application(session, application_id=draft, actor=actor, at=stated.stated_at)
    )
    with portal.db.read() as session:
        facts = session.scalars(select(Scorecard)).one().facts
    assert facts["company_class"] == "midsize"
