"""Analyst and finance: from the pipeline to money and GPU time that can be traced."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from visits import CARRIER, CLINIC, LENDER, MAKER, ROLLING, Agenda, Enter, close, figures, row_of, suppose, vote

pytestmark = pytest.mark.browser

USAGE = Path(__file__).resolve().parents[2] / "examples" / "usage"


def test_the_pipeline_shows_who_was_screened_and_why(enter: Enter, agenda: Agenda) -> None:
    page = enter("analyst")
    page.goto(f"/operations/?call={ROLLING}")
    expect(page.get_by_role("heading", level=1)).to_have_text("파이프라인")
    row = row_of(page, CLINIC.name)
    expect(row).to_contain_text("충족")
    row.get_by_role("link", name="점수", exact=False).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(CLINIC.name)
    page.get_by_role("link", name="English").click()
    page.goto(f"/operations/?call={ROLLING}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pipeline")


def test_contributed_gpu_time_is_in_the_pool_with_its_rate(enter: Enter, agenda: Agenda) -> None:
    page = enter("finance")
    page.goto("/operations/pools")
    quarter = page.get_by_role("region", name="2027년 2분기 GPU 풀")
    # 30,000 h × 5,200 won and 20,000 h × 3,200 won.
    expect(page.locator("section").filter(has=quarter)).to_contain_text("출자 2.20억 상당")
    for sku, hours, rate in (("H100", "30,000", "5,200원"), ("A100", "20,000", "3,200원")):
        row = quarter.get_by_role("row").filter(has_text=sku)
        expect(row.get_by_role("link", name=f"출자 {hours} GPU시간의 거래")).to_have_text(hours)
        expect(row.get_by_role("cell").last).to_have_text(rate)


def test_a_plan_is_brought_to_its_meeting_once(enter: Enter, agenda: Agenda) -> None:
    page = enter("analyst")
    page.goto(agenda.plan)
    expect(page.get_by_text("회의에 올림")).to_be_visible()
    expect(page.get_by_role("button", name="안건으로 올리고 예약")).to_have_count(0)
    for company in (MAKER, CLINIC, LENDER, CARRIER):
        expect(row_of(page, company.name)).to_contain_text("1,507만원 상당")


def test_settings_are_turned_and_amounts_dragged_and_judged_at_once(enter: Enter, agenda: Agenda) -> None:
    page = enter("analyst")
    suppose(page, agenda.plan, "예비량 25%", "25")
    row = row_of(page, CLINIC.name)
    hours = row.get_by_role("textbox", name=f"{CLINIC.name} 위원회안 GPU시간")
    advised = hours.input_value()
    row.get_by_role("slider", name=f"{CLINIC.name} GPU시간 밀어서 정하기").press("Home")
    expect(hours).to_have_value("0")
    expect(page.get_by_role("status").filter(has_text="계산 추천을 100%로 볼 때")).not_to_contain_text("100.0%")
    page.get_by_role("button", name="위원회안 저장").click()
    expect(row).to_contain_text("추천과 다르게 정한 이유를 적어 주세요")
    row.get_by_role("textbox", name=f"{CLINIC.name} 다르게 정한 이유").fill("다음 분기로 미룸")
    page.get_by_role("button", name="위원회안 저장").click()
    expect(page.get_by_text("위원회안을 저장했습니다.")).to_be_visible()
    expect(row).to_contain_text(f"−{advised}".replace(",", ""))


def sign(page: Page, company: str) -> str:
    """Sign the award of a carried decision; return the award's number."""
    page.goto("/operations/portfolio")
    waiting = page.get_by_role("listitem").filter(has_text=company)
    waiting.get_by_role("link", name="협약 체결").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{company} 협약 체결")
    page.get_by_label("투자 방식").select_option("RCPS")
    page.get_by_role("button", name="협약 체결").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(company)
    return page.url.rpartition("/")[2]


def propose_alone(finance: Page) -> None:
    """Propose a payment as finance; not be let approve the same; send it back."""
    finance.get_by_text("집행 올리기").first.click()
    finance.get_by_role("button", name="1차 집행 올리기").click()
    expect(finance.get_by_text("집행을 올렸습니다.")).to_be_visible()
    finance.get_by_role("button", name="1차 승인하고 지급").click()
    expect(finance.get_by_role("alert")).to_have_text("작성자와 승인자는 서로 달라야 합니다.")
    assert figures(finance)["현금 집행"] == "0원"
    finance.get_by_text("돌려보내기").first.click()
    finance.get_by_label("사유").fill("심사역이 올리도록 돌려보냄")
    finance.get_by_role("button", name="사유와 함께 돌려보내기").click()
    expect(finance.get_by_text("집행을 돌려보냈습니다.")).to_be_visible()


def test_an_award_is_signed_paid_by_two_people_and_traced(enter: Enter, agenda: Agenda) -> None:
    ballot = agenda.ballots[CARRIER.name]
    chair = enter("chair")
    for member in ("member1", "member2", "member3", "member4"):
        vote(enter(member), ballot, "찬성")
    vote(chair, ballot, "찬성")
    close(chair, ballot)

    finance = enter("finance")
    number = sign(finance, CARRIER.name)
    award = finance.url
    expect(finance.get_by_text(f"협약 {number}을 체결했습니다.")).to_be_visible()
    assert figures(finance)["현금 집행"] == "0원"

    propose_alone(finance)
    analyst = enter("analyst")
    analyst.goto(award)
    analyst.get_by_text("집행 올리기").first.click()
    analyst.get_by_role("button", name="1차 집행 올리기").click()
    expect(analyst.get_by_text("승인 대기")).to_be_visible()
    expect(analyst.get_by_role("button", name="1차 승인하고 지급")).to_have_count(0)
    finance.goto(award)
    finance.get_by_role("button", name="1차 승인하고 지급").click()
    expect(finance.get_by_text("집행을 승인하고 지급했습니다.")).to_be_visible()
    expect(finance.get_by_text("올림 노은새 · 승인 서이랑")).to_be_visible()
    assert figures(finance)["현금 집행"] == "5,000만원"
    trace(finance, number)


def trace(page: Page, number: str) -> None:
    """Follow an award's cash through the ledger: half of 100,000,000 won was called and went out."""
    page.get_by_role("link", name="원장에서 보기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"award:{number}")
    assert figures(page)["잔액"] == "50,000,000원"
    expect(row_of(page, "bank:fund")).to_contain_text("−50,000,000")
    expect(row_of(page, "pool:kt")).to_contain_text("+100,000,000")
    page.goto(f"/operations/ledger?account=investment:{number}")
    assert figures(page)["잔액"] == "50,000,000원"
    expect(page.get_by_role("row")).to_have_count(2)
    page.goto("/operations/ledger")
    page.get_by_role("link", name="원장 맞춰 보기").click()
    expect(page.get_by_text("원장이 맞습니다.")).to_be_visible()


def test_a_usage_file_read_before_changes_nothing(enter: Enter) -> None:
    page = enter("finance")
    page.goto("/operations/usage")
    page.get_by_label("파일", exact=True).set_input_files(USAGE / "2026-09.csv")
    page.get_by_role("button", name="올리고 반영").click()
    expect(page.get_by_role("heading", name="반영 결과")).to_be_visible()
    found = figures(page)
    # 943 lines with the header.
    assert (found["읽은 행"], found["원장에 적음"], found["받지 않은 행"]) == ("942", "0", "0")


def test_a_file_that_is_no_usage_is_refused_in_words(enter: Enter) -> None:
    page = enter("finance")
    page.goto("/operations/usage")
    page.get_by_label("파일", exact=True).set_input_files(
        {"name": "usage.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    page.get_by_role("button", name="올리고 반영").click()
    expect(page.locator(".errsum").get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("heading", name="반영 결과")).to_have_count(0)
