"""A stage added to a call by an administrator and put in force by an analyst."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from visits import Enter

pytestmark = pytest.mark.browser


def test_a_stage_is_added_previewed_and_put_in_force_by_two_people(enter: Enter) -> None:
    admin = enter("admin")
    admin.goto("/operations/workflow/AX-2026-1")
    admin.get_by_text("단계 바꾸기").click()
    admin.get_by_label("1 키", exact=True).fill("site_visit")
    admin.get_by_label("1 한국어", exact=True).first.fill("현장 확인")
    admin.get_by_label("1 영어", exact=True).first.fill("Site visit")
    admin.get_by_label("1 어디서").fill("eligible")
    admin.get_by_label("1 어디로").fill("site_visit")
    admin.get_by_label("1 한국어", exact=True).nth(1).fill("현장으로")
    admin.get_by_label("1 영어", exact=True).nth(1).fill("Visit the site")
    admin.get_by_role("button", name="영향 보기").click()
    expect(admin.get_by_role("alert")).to_contain_text("이 단계에서 끝으로 가는 길이 없습니다")
    expect(admin.get_by_label("1 키", exact=True)).to_have_value("site_visit")
    admin.get_by_label("2 어디서").fill("site_visit")
    admin.get_by_label("2 어디로").fill("proposed")
    admin.get_by_label("2 이동 키").fill("propose")
    admin.get_by_role("button", name="영향 보기").click()
    expect(admin.get_by_role("heading", name="이렇게 바꾸면")).to_be_visible()
    admin.get_by_label("바꾸는 이유").fill("현장을 보고 상정함")
    admin.get_by_role("button", name="새 판으로 올리기").click()
    expect(admin.get_by_text("올린 사람은 시행할 수 없습니다.")).to_be_visible()

    second = enter("analyst2")
    second.goto("/operations/workflow/AX-2026-1")
    expect(second.get_by_text("현장을 보고 상정함").first).to_be_visible()
    second.get_by_role("button", name="시행하기").click()
    expect(second.get_by_text("시행했습니다.")).to_be_visible()
    expect(second.get_by_role("rowheader", name="현장 확인")).to_be_visible()
