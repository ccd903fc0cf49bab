"""Those who watch and keep: the auditor reads the record, the administrator lets people in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from visits import Enter, sign_in

pytestmark = pytest.mark.browser


def test_the_auditor_sees_an_unbroken_chain(enter: Enter) -> None:
    page = enter("auditor")
    page.goto("/operations/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("감사 기록")
    expect(page.get_by_text("사슬이 이어져 있습니다.")).to_be_visible()
    expect(page.locator(".note.ok code")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))


def test_the_administrator_lets_somebody_in(enter: Enter) -> None:
    page = enter("admin")
    page.goto("/operations/people")
    page.get_by_label("이름").fill("봄누리")
    page.get_by_label("이메일").fill("bom@axfund.example")
    page.get_by_label("심사역").check()
    page.get_by_role("button", name="계정 만들기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("봄누리")
    password = page.locator("code.once").inner_text()
    page.reload()
    page.goto("/operations/people")
    expect(page.get_by_role("row").filter(has_text="bom@axfund.example")).to_contain_text("사용 중")

    newcomer = enter("")
    sign_in(newcomer, "bom@axfund.example", password)
    newcomer.goto("/operations/")
    expect(newcomer.get_by_role("heading", level=1)).to_have_text("파이프라인")
    refused = newcomer.goto("/operations/people")
    assert refused is not None
    assert refused.status == 404
