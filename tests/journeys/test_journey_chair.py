"""The chair: meeting, ballot, votes, and a result that stands."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from visits import CARRIER, CLINIC, LENDER, MAKER, Agenda, Enter, open_meeting, row_of, vote

pytestmark = pytest.mark.browser

ARITHMETIC = "재적 8, 제척·회피 0, 의결권 8, 출석 5, 정족수 5 → 성립; 찬성 3, 반대 1, 기권 1 → 가결"


def test_the_meeting_lists_what_the_plan_proposes(enter: Enter, agenda: Agenda) -> None:
    page = enter("chair")
    page.goto("/committee/meetings")
    page.get_by_role("link", name="제2회 투자심의위원회").click()
    # Whoever has signed already, in another file that shares this instance, is not asked again.
    open_meeting(page, agenda.meeting)
    expect(page.get_by_role("heading", level=1)).to_have_text("제2회 투자심의위원회")
    expect(page.get_by_text("2026년 12월 10일(목) · AX-ROLLING")).to_be_visible()
    for company in (MAKER, CLINIC, LENDER, CARRIER):
        # 2,160 h and 1,200 h were asked for, and 1.0억 won, which the fund has.
        expect(row_of(page, company.name)).to_contain_text("1.0억")
        expect(row_of(page, company.name)).to_contain_text("3,360 GPU시간")


def test_five_of_eight_vote_and_the_first_count_stands(enter: Enter, agenda: Agenda) -> None:
    ballot = agenda.ballots[MAKER.name]
    chair = enter("chair")
    open_meeting(chair, ballot)
    chair.get_by_role("link", name="개표하기").click()
    expect(chair.get_by_text("정족수에 5명 모자랍니다")).to_be_visible()
    counting = chair.url

    choices = {"member1": "찬성", "member3": "찬성", "member4": "반대", "member5": "기권"}
    for member, choice in choices.items():
        page = enter(member)
        vote(page, ballot, choice)
        expect(page.locator(".votebar button")).to_have_count(0)
    vote(chair, ballot, "찬성")
    expect(chair.get_by_role("heading", name="투표 5/8")).to_be_visible()
    expect(chair.get_by_text(ARITHMETIC)).to_have_count(0)

    second = enter("chair")
    for page in (chair, second):
        page.goto(counting)
        expect(page.get_by_text("아직 3명이 투표하지 않았습니다")).to_be_visible()
    chair.get_by_role("button", name="개표하기").click()
    expect(chair.get_by_text("개표했습니다.")).to_be_visible()
    expect(chair.get_by_text(ARITHMETIC)).to_be_visible()
    second.get_by_role("button", name="개표하기").click()
    expect(second.get_by_text("이미 개표한 안건입니다.")).to_be_visible()
    expect(second.get_by_text(ARITHMETIC)).to_be_visible()

    late = enter("member6")
    open_meeting(late, ballot)
    expect(late.locator(".votebar")).to_have_count(0)
    expect(late.get_by_text(ARITHMETIC)).to_be_visible()
    expect(late.get_by_text("내 표:")).to_have_count(0)
