"""A member reviews: docket, conflict gate, review, and only then what others think."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from visits import ROLLING, SCHOOL, Doors, Enter, row_of, screen, take_in

pytestmark = pytest.mark.browser

SCORE = re.compile(r"^적합도 점수 \d+\.\d의 덧셈$")
REASONS = {
    "spc_fit": "구역 구성과 일정이 구체적",
    "korean_ai": "자료 권리가 아직 없음",
    "market": "유료 고객 세 곳",
    "gpu_case": "산출이 거칠다",
    "team": "납품 경험이 있음",
}


@pytest.fixture(scope="module")
def under_review(doors: Doors) -> str:
    """An application that every member is asked to review; its address."""
    enter = doors.enter
    take_in(enter, SCHOOL)
    page = screen(enter)
    application = str(row_of(page, SCHOOL.name).get_by_role("link").first.get_attribute("href")).rpartition("/")[2]
    page.goto(f"/committee/assignments?call={ROLLING}")
    page.get_by_label("안건마다 심사위원 수").fill("8")
    page.get_by_role("button", name="미리 보기").click()
    expect(page.get_by_role("heading", name="이렇게 됩니다")).to_be_visible()
    page.get_by_role("button", name="이대로 배정하기").click()
    expect(page.get_by_text("나누었습니다.")).to_be_visible()
    return f"/committee/applications/{application}"


def pledge(page: Page, application: str) -> None:
    """Open an application for the first time and declare that there is no conflict."""
    page.goto(application)
    expect(page.get_by_role("heading", level=1)).to_have_text("자료를 열기 전에 이해충돌을 확인합니다")
    page.get_by_role("radio", name="없습니다").check()
    page.get_by_role("button", name="답하고 계속하기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SCHOOL.name)


def rate(page: Page, points: dict[str, str]) -> None:
    """Choose points for each criterion and write the reasons."""
    for criterion, chosen in points.items():
        page.locator(f'label:has(> [name="{criterion}_points"][value="{chosen}"])').click()
        page.locator(f'[name="{criterion}_reason"]').fill(REASONS[criterion])


def test_a_member_judges_first_and_sees_then(enter: Enter, under_review: str) -> None:
    page = enter("member1")
    page.goto(f"/committee/?call={ROLLING}")
    expect(page.get_by_role("heading", level=1)).to_have_text("심사 안건")
    row = row_of(page, SCHOOL.name)
    expect(row.get_by_text("저장 후 공개")).to_be_visible()
    row.get_by_role("link", name=SCHOOL.name).click()
    expect(page.get_by_text("항만 하역 순서 추천")).to_have_count(0)
    pledge(page, under_review)
    expect(page.get_by_text("적합도 점수와 다른 위원의 의견은 저장한 뒤 열립니다.")).to_be_visible()
    expect(page.get_by_role("heading", name=SCORE)).to_have_count(0)

    # 25 × 4/5 + 20 × 3/5 + 20 × 5/5 + 15 × 2/5 + 20 × 4/5 = 74
    rate(page, {"spc_fit": "4", "korean_ai": "3", "market": "5", "gpu_case": "2", "team": "4"})
    expect(page.locator("[data-total]")).to_have_text("74.0")
    page.get_by_label("시장과 사업성 근거 (필수)").fill("")
    page.get_by_role("button", name="저장", exact=True).click()
    summary = page.locator(".errsum")
    expect(summary.get_by_role("listitem")).to_have_text(["시장과 사업성 근거: 근거를 적어 주세요."])
    expect(summary).to_be_focused()
    expect(page.get_by_label("팀과 실행력 근거 (필수)")).to_have_value(REASONS["team"])
    expect(page.locator('[name="gpu_case_points"][value="2"]')).to_be_checked()
    summary.get_by_role("link").click()
    expect(page.get_by_label("시장과 사업성 근거 (필수)")).to_be_focused()

    page.get_by_label("시장과 사업성 근거 (필수)").fill(REASONS["market"])
    page.get_by_role("button", name="저장", exact=True).click()
    expect(page.get_by_text("내 심사를 저장했습니다. 74.0")).to_be_visible()
    expect(page.get_by_role("heading", name=SCORE)).to_be_visible()


def test_a_dossier_prints_on_white_with_nothing_cut_off(enter: Enter, under_review: str) -> None:
    page = enter("analyst")
    page.goto(under_review)
    page.emulate_media(media="print")
    for gone in (".side", ".bar", ".no-print"):
        for part in page.locator(gone).all():
            expect(part).to_be_hidden()
    expect(page.get_by_role("heading", level=1, name=SCHOOL.name)).to_be_visible()
    panes = page.locator(".rv > *")
    expect(panes).not_to_have_count(0)
    cut = "panes => panes.filter(one => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > innerWidth).length"
    assert panes.evaluate_all(cut) == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in {
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    }


def test_members_see_each_others_reasons_once_both_have_filed(enter: Enter, under_review: str) -> None:
    for member, points in (("member3", "3"), ("member4", "4")):
        page = enter(member)
        pledge(page, under_review)
        expect(page.get_by_role("heading", name="다른 위원의 근거")).to_have_count(0)
        rate(page, dict.fromkeys(REASONS, points))
        page.get_by_role("button", name="저장", exact=True).click()
    expect(page.get_by_text("내 심사를 저장했습니다. 80.0")).to_be_visible()
    others = page.locator(".opin")
    expect(others.get_by_role("listitem").filter(has_text="오새길")).to_contain_text("60")
    page.goto(f"/committee/?call={ROLLING}")
    expect(row_of(page, SCHOOL.name).get_by_text("저장됨")).to_be_visible()
    expect(row_of(page, SCHOOL.name).get_by_text("저장 후 공개")).to_have_count(0)


def test_what_is_typed_survives_the_window_and_two_windows_are_compared(enter: Enter, under_review: str) -> None:
    page = enter("member5")
    pledge(page, under_review)
    page.locator('label:has(> [name="team_points"][value="2"])').click()
    with page.expect_response("**/draft"):
        page.locator('[name="team_reason"]').fill("납품 경험이 적음")
    expect(page.locator("[data-save-text]")).to_contain_text("자동 저장됨")
    page.close()

    first, second = enter("member5"), enter("member5")
    for window in (first, second):
        window.goto(under_review)
        expect(window.locator('[name="team_reason"]')).to_have_value("납품 경험이 적음")
        expect(window.locator('[name="team_points"][value="2"]')).to_be_checked()
    with first.expect_response("**/draft"):
        first.locator('[name="team_reason"]').fill("첫째 창")
    second.locator('[name="team_reason"]').fill("둘째 창")
    second.get_by_role("button", name="나중에").click()
    expect(second.get_by_role("heading", name="두 내용이 다릅니다")).to_be_visible()
    second.get_by_role("group", name="팀과 실행력 근거").get_by_role("radio", name="먼저 저장된 내용").check()
    second.get_by_role("button", name="고른 대로 저장").click()
    second.goto(under_review)
    expect(second.locator('[name="team_reason"]')).to_have_value("첫째 창")


def test_without_a_network_the_words_wait_on_the_device(enter: Enter, under_review: str) -> None:
    page = enter("member6")
    pledge(page, under_review)
    page.route("**/draft", lambda route: route.abort())
    page.locator('[name="market_reason"]').fill("지하에서 적음")
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(page.locator("[data-save-text]")).to_contain_text("이 기기에 보관했습니다")
    page.unroute("**/draft")
    with page.expect_response("**/draft"):
        page.reload()
    expect(page.locator('[name="market_reason"]')).to_have_value("지하에서 적음")
    expect(page.locator("[data-save-text]")).to_contain_text("자동 저장됨")


def test_keys_rate_inside_the_rubric_and_can_be_switched_off(enter: Enter, under_review: str) -> None:
    page = enter("member2")
    pledge(page, under_review)
    page.locator('[name="team_points"][value="1"]').focus()
    page.keyboard.press("4")
    expect(page.locator('[name="team_points"][value="4"]')).to_be_checked()
    page.get_by_role("checkbox", name="단축키").uncheck()
    page.locator('[name="team_points"][value="4"]').focus()
    page.keyboard.press("2")
    expect(page.locator('[name="team_points"][value="4"]')).to_be_checked()
    page.reload()
    expect(page.get_by_role("checkbox", name="단축키")).not_to_be_checked()


def test_the_docket_is_walked_with_the_keyboard(enter: Enter) -> None:
    page = enter("member2")
    page.goto("/committee/?call=AX-2026-1")
    rows = page.locator("[data-docket] tbody tr")
    rows.nth(0).focus()
    for key, place in (("j", 1), ("j", 2), ("k", 1), ("End", rows.count() - 1), ("Home", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(place)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("[data-bulk]")).to_contain_text("1건 선택")
    company = rows.nth(0).get_by_role("link").first
    name, address = company.inner_text(), str(company.get_attribute("href"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")
    expect(page.get_by_role("main")).to_contain_text(name)


def test_the_committee_room_speaks_english(enter: Enter) -> None:
    page = enter("member2")
    page.goto("/committee/")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Docket")
