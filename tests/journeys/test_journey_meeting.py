"""A sitting in several browsers: the secretary steers, members follow, and whoever is recused waits outside."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from visits import CLINIC, LENDER, Agenda, Doors, Enter, open_meeting

pytestmark = pytest.mark.browser


def call(page: Page, company: str) -> None:
    """Call an item, as the secretary."""
    page.get_by_role("button", name=re.compile(f"{company} 부르기")).click()
    expect(page.get_by_text("안건을 불렀습니다.")).to_be_visible()


def now_on(page: Page, company: str) -> None:
    """Wait until a page says by itself which item is at hand."""
    expect(page.locator("#live-now")).to_contain_text("지금 다루는 안건: ")
    expect(page.locator("#live-now")).to_contain_text(company)


def test_two_browsers_follow_one_sitting_and_a_recused_member_waits_outside(enter: Enter, agenda: Agenda) -> None:
    secretary, chair, member = enter("analyst"), enter("chair"), enter("member5")
    for page in (chair, member):
        open_meeting(page, agenda.meeting)
        expect(page.get_by_role("heading", level=1)).to_have_text("제2회 투자심의위원회")
    secretary.goto(agenda.meeting)
    secretary.get_by_role("button", name="회의 열기").click()
    expect(secretary.get_by_text("회의를 열었습니다.")).to_be_visible()
    expect(member.locator("#live-room").get_by_text("진행 중")).to_be_visible()
    member.get_by_role("button", name=re.compile("입장 기록")).click()
    expect(chair.locator("#live-room")).to_contain_text("1/8")

    call(secretary, CLINIC.name)
    now_on(chair, CLINIC.name)
    now_on(member, CLINIC.name)

    # In another window the member steps back from the next item; the open page learns of it.
    other = enter("member5")
    other.goto(agenda.ballots[LENDER.name])
    dossier = str(other.get_by_role("link", name="심사 자료").get_attribute("href"))
    other.goto(f"{dossier}/pledge")
    other.get_by_role("radio", name="회피하겠습니다").check()
    other.get_by_role("textbox", name="사유").fill("이전 직장")
    other.get_by_role("button", name="답하고 계속하기").click()
    other.get_by_role("button", name="회피하기").click()
    expect(other.get_by_text("회피를 기록했습니다.")).to_be_visible()
    expect(member.get_by_text(LENDER.name)).to_have_count(0)

    call(secretary, LENDER.name)
    now_on(chair, LENDER.name)
    expect(chair.locator("#live-now")).to_contain_text("지금 나가야 하는 위원")
    expect(member.locator("#live-now")).to_contain_text("밖에서 기다려 주세요")
    expect(member.get_by_text(LENDER.name)).to_have_count(0)
    secretary.get_by_role("button", name="쉬기").click()
    expect(member.locator("#live-now")).to_contain_text("다음 안건을 기다립니다")


def test_votes_of_others_appear_on_an_open_ballot(enter: Enter, agenda: Agenda) -> None:
    watcher, voter = enter("member1"), enter("member7")
    open_meeting(watcher, agenda.ballots[LENDER.name])
    expect(watcher.get_by_role("heading", name="투표 0/7")).to_be_visible()
    open_meeting(voter, agenda.ballots[LENDER.name])
    voter.locator(".votebar label").filter(has_text="반대").click()
    voter.get_by_role("button", name="투표하기").click()
    expect(voter.locator(".errsum")).to_contain_text("반대와 기권에는 이유를 적어 주세요.")
    voter.get_by_label("의견 (반대·기권은 필수)").fill("담보가 약함")
    voter.keyboard.press("Control+Enter")
    expect(voter.locator(".votebar")).to_contain_text("내 표: 반대")
    expect(watcher.get_by_role("heading", name="투표 1/7")).to_be_visible()
    expect(watcher.get_by_text("담보가 약함")).to_have_count(0)


def test_the_secretary_orders_items_with_the_keyboard_and_says_why(enter: Enter, agenda: Agenda) -> None:
    page = enter("analyst")
    page.goto(f"{agenda.meeting}/agenda")
    items = page.locator(".order li")
    last = items.nth(2).locator("strong").inner_text()
    button = page.get_by_role("button", name=f"{last} 위로")
    button.focus()
    page.keyboard.press("Enter")
    expect(items.nth(1)).to_contain_text(last)
    expect(page.get_by_role("button", name=f"{last} 위로")).to_be_focused()
    page.keyboard.press("Enter")
    expect(items.nth(0)).to_contain_text(last)
    page.get_by_label("사유").fill("대표가 일찍 떠남")
    page.get_by_role("button", name="이 순서로 하기").click()
    expect(page.get_by_text("안건 순서를 저장했습니다.")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("link").first).to_have_text(last)
    page.goto(f"{agenda.meeting}/agenda")
    page.get_by_role("button", name="드나듦이 가장 적은 순서로").click()
    expect(page.get_by_text("되돌렸습니다.")).to_be_visible()


def test_headroom_follows_the_amounts_of_an_amendment(enter: Enter, agenda: Agenda) -> None:
    page = enter("chair")
    page.goto(agenda.ballots[CLINIC.name])
    page.get_by_role("link", name="수정안 올리기").click()
    rooms = page.locator("[data-rooms]")
    expect(rooms).to_contain_text("−1.0억")
    page.get_by_label("현금 (원)").fill("70000000")
    expect(rooms).to_contain_text("−7,000만원")
    page.get_by_label("현금 (원)").fill("900000000000")
    expect(rooms).to_contain_text("여력 부족")


def test_minutes_print_on_white_without_what_belongs_to_the_screen(doors: Doors, enter: Enter) -> None:
    page = enter("chair")
    page.goto("/committee/meetings")
    page.get_by_role("link", name="제1회 투자심의위원회").click()
    page.get_by_role("link", name="의사록").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("의사록")
    page.emulate_media(media="print")
    for gone in (".side", ".bar", ".no-print"):
        for part in page.locator(gone).all():
            expect(part).to_be_hidden()
    expect(page.locator(".signoff")).to_be_visible()
    expect(page.get_by_text("제1호 안건")).to_be_visible()
    expect(page.locator(".signers li")).to_have_count(8)
    width = page.evaluate("document.querySelector('.sheet').getBoundingClientRect().width")
    assert width <= page.evaluate("innerWidth")
