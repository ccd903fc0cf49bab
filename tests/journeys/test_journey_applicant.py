"""A company applies: from the call to the receipt."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from visits import ANSWERS, ROLLING, Enter, answer, consent, fill_section, hand_plan_in, register

pytestmark = pytest.mark.browser

# The demonstration seats its applicant in the first company of the example file.
COMPANY = {"company_name": "푸른터로보틱스", "business_number": "1740099575"}


def start_for_own_company(page: Page) -> str:
    """Start an application for the company that the applicant acts for; return its address."""
    page.goto("/portal/")
    expect(page.get_by_role("heading", level=1)).to_have_text("내 신청서")
    call = page.get_by_role("article").filter(has_text=ROLLING)
    expect(call.get_by_text("접수 중")).to_be_visible()
    call.get_by_role("link", name="신청서 시작하기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("어느 기업으로 신청하나요?")
    page.get_by_role("radio", name=COMPANY["company_name"]).check()
    page.get_by_role("button", name="신청서 시작하기").click()
    page.wait_for_url("**/portal/applications/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("AX 솔루션 상시 공모 신청서")
    expect(page.get_by_text("12개 중 0개 완료")).to_be_visible()
    return page.url


def write_with_autosave(page: Page, application: str) -> None:
    """Type, wait until the page says that it is saved, and load it anew."""
    page.goto(f"{application}sections/solution")
    summary = ANSWERS["solution"]["solution_summary"]
    page.get_by_label("솔루션개요").fill(summary)
    expect(page.locator("#save-state")).to_contain_text("이 기기에만 있음 · 곧 저장합니다")
    expect(page.locator("#save-state")).to_contain_text(re.compile(r"저장됨 \d\d:\d\d:\d\d"))
    page.reload()
    expect(page.get_by_label("솔루션개요")).to_have_value(summary)


def request_gpu_time(page: Page, application: str) -> None:
    """Ask for GPU time: 2,160 h × 5,200 won and 1,200 h × 3,200 won are worth 15,072,000 won together."""
    page.goto(f"{application}sections/request")
    page.get_by_role("radio", name="100,000,000원").check()
    page.get_by_label("H100 2027년 2분기 GPU시간").fill("2160")
    page.get_by_label("A100 2027년 2분기 GPU시간").fill("1200")
    total = page.locator("aside [data-gpu-total]")
    expect(total.locator("[data-total]")).to_have_text("3,360")
    expect(total.locator("[data-value]")).to_have_text("1,507만원 상당")
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("에 저장했습니다.")).to_be_visible()


def leave_something_out(page: Page, application: str) -> None:
    """Save the company's section without its region; be led to it; put it right."""
    page.goto(f"{application}sections/company")
    for key in ("founded_on", "ksic", "employees"):
        answer(page, key, ANSWERS["company"][key])
    page.get_by_role("button", name="저장하고 계속").click()
    summary = page.locator(".errsum")
    expect(summary.get_by_role("heading")).to_have_text("확인할 곳이 1군데 있습니다")
    expect(summary).to_be_focused()
    expect(page.get_by_label("종업원수")).to_have_value("24")
    summary.get_by_role("link", name="지역: 답이 필요합니다.").click()
    expect(page.get_by_label("지역")).to_be_focused()
    page.goto(f"{application}check")
    check = page.locator(".errsum")
    expect(check.get_by_role("heading")).to_have_text("제출하기 전에 확인할 곳이 2군데 있습니다")
    expect(check.get_by_role("listitem")).to_have_text(
        ["지역: 답이 필요합니다.", "개인정보 수집·이용: 필수 동의가 필요합니다."]
    )
    expect(page.get_by_role("button", name="제출", exact=True)).to_have_count(0)
    check.get_by_role("link", name="지역: 답이 필요합니다.").click()
    page.get_by_label("지역").select_option("부산광역시")
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("에 저장했습니다.")).to_be_visible()


def test_a_company_applies_and_gets_a_receipt(enter: Enter) -> None:
    page = enter("applicant")
    application = start_for_own_company(page)
    write_with_autosave(page, application)
    request_gpu_time(page, application)
    for section in ("finance", "contact", "solution", "spc", "korean_ai", "traction", "declarations"):
        fill_section(page, application, section, COMPANY)
    hand_plan_in(page, application)
    leave_something_out(page, application)
    consent(page, application)
    expect(page.get_by_text("12개 중 11개 완료")).to_be_visible()

    page.get_by_role("link", name="확인하고 제출").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("확인하고 제출")
    expect(page.locator("dt:text-is('솔루션개요') + dd")).to_have_text(ANSWERS["solution"]["solution_summary"])
    expect(page.locator("dt:text-is('GPU 신청 합계') + dd")).to_have_text("3,360 GPU시간 · 1,507만원 상당")
    page.get_by_role("button", name="제출", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("접수증")
    number = page.locator("dt:text-is('접수 번호') + dd")
    expect(number).to_have_text(re.compile(r"^AX-ROLLING-\d{4}$"))
    expect(page.locator("dt:text-is('판') + dd")).to_have_text("제1판")
    expect(page.locator("dt:text-is('제출한 사람') + dd")).to_have_text("한여름")
    expect(page.locator("dt:text-is('내용의 지문 (SHA-256)') + dd")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    reference = number.inner_text()
    page.get_by_role("link", name="진행 상황 보기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("진행 상황")
    expect(page.get_by_text(reference, exact=True)).to_be_visible()
    expect(page.locator(".rail [aria-current=step]")).to_contain_text("접수")


def test_another_companys_application_does_not_exist_for_an_applicant(enter: Enter) -> None:
    staff = enter("analyst")
    staff.goto("/operations/?call=AX-2026-1")
    theirs = staff.get_by_role("row").nth(5).get_by_role("link").first
    application = str(theirs.get_attribute("href")).rpartition("/")[2]
    page = enter("applicant")
    for place in ("", "check", "status", "receipts/1"):
        answered = page.goto(f"/portal/applications/{application}/{place}")
        assert answered is not None
        assert answered.status == 404
        expect(page.get_by_role("heading", level=1)).to_have_text("볼 수 없는 페이지입니다")
        expect(page.get_by_text(theirs.inner_text())).to_have_count(0)


def test_a_new_company_opens_an_account_and_finds_an_empty_desk(enter: Enter) -> None:
    page = enter("")
    register(page, "문새봄", "moon@pureunsol.example")
    expect(page.get_by_role("heading", level=1)).to_have_text("내 신청서")
    expect(page.get_by_text("아직 신청서가 없습니다")).to_be_visible()


def test_the_portal_speaks_english(enter: Enter) -> None:
    page = enter("applicant")
    page.goto("/portal/")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My applications")
    expect(page.locator("html")).to_have_attribute("lang", "en")
