"""A company's page in the browser: what it asks follows what is answered, and an industry is found by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from visits import Doors, Enter

pytestmark = pytest.mark.browser

SIZES = ({"width": 1440, "height": 900}, {"width": 360, "height": 740})


@pytest.mark.parametrize("size", SIZES, ids=("wide", "narrow"))
def test_a_related_company_is_stated_with_an_industry_chosen_by_keyboard(
    enter: Enter, doors: Doors, size: dict[str, int]
) -> None:
    page: Page = enter("applicant")
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto("/portal/companies/")
    name = page.get_by_label("관계기업 1 이름")
    related = page.get_by_role("group", name="관계기업", exact=True)
    related.get_by_role("radio", name="없음").check()
    expect(name).to_be_hidden()
    related.get_by_role("radio", name="있음").check()
    expect(name).to_be_visible()
    name.fill("누리홀딩스")
    page.get_by_label("관계기업 1 지분율").fill("40")
    page.get_by_label("관계기업 1 평균매출액").fill("500,000,000")
    field = page.get_by_role("combobox", name="관계기업 1 업종코드")
    field.fill("응용 소프트")
    options = page.locator("#industries-1 [role=option]")
    expect(options.first).to_contain_text("J58222")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("J58222")
    expect(options.first).to_be_hidden()
    field.fill("교육")
    expect(options.first).to_be_visible()
    field.press("Escape")
    expect(options.first).to_be_hidden()
    field.fill("J58222")
    page.get_by_role("button", name="저장").click()
    expect(page.get_by_text("기업 정보를 저장했습니다.")).to_be_visible()
    expect(page.get_by_text("500,000,000 × 40%")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert doors.faults == []


def test_an_industry_is_found_without_a_script(doors: Doors) -> None:
    doors.enter("applicant").close()
    plain = doors.context("applicant", java_script_enabled=False).new_page()
    plain.goto("/portal/industries/")
    plain.get_by_label("찾을 낱말").fill("hosting")
    plain.get_by_role("button", name="찾기").click()
    expect(plain.get_by_role("listitem").filter(has_text="J63112")).to_be_visible()
