"""A partner: the fund's figures, what each rests on, the report, its file and a signature."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import expect
from visits import Enter, figures, row_of

pytestmark = pytest.mark.browser


def test_a_figure_leads_to_the_transfers_that_it_rests_on(enter: Enter) -> None:
    page = enter("partner.kt")
    page.goto("/partners/")
    expect(page.get_by_role("heading", level=1)).to_have_text("펀드 현황")
    expect(page.get_by_text("2026년 3분기 1판으로 확정된 수치")).to_be_visible()
    paid_in = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="납입")).first
    paid_in.get_by_role("link").first.click()
    found = figures(page)
    assert found["근거의 합"].endswith("원")
    expect(page.get_by_text("보고한 값과 같습니다. 차이 0원")).to_be_visible()
    expect(page.get_by_role("region", name="근거 거래").get_by_role("row").nth(1)).to_contain_text("→")


def test_the_report_is_handed_out_as_a_pdf_with_the_recorded_hash(enter: Enter) -> None:
    page = enter("partner.kt")
    page.goto("/partners/reports")
    page.get_by_role("link", name="2026년 3분기").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026년 3분기 출자자 보고서")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF", exact=True).click()
    file = waiting.value
    content = file.path().read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    page.reload()
    page.get_by_text("만든 파일").first.click()
    expect(row_of(page, file.suggested_filename)).to_contain_text(hashlib.sha256(content).hexdigest()[:16])


def test_each_partner_signs_for_its_own_side_only(enter: Enter) -> None:
    page = enter("partner.microsoft")
    page.goto("/partners/reports/2026Q3/v1")
    expect(page.get_by_role("button", name="KT 서명")).to_have_count(0)
    page.get_by_role("button", name="Microsoft 서명").click()
    expect(page.get_by_text("서명했습니다.")).to_be_visible()
    expect(page.get_by_role("button", name="Microsoft 서명")).to_have_count(0)
    expect(page.get_by_role("table", name="서명란")).to_contain_text("안초롱")


def test_the_partners_room_speaks_english(enter: Enter) -> None:
    page = enter("partner.kt")
    page.goto("/partners/")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fund overview")
