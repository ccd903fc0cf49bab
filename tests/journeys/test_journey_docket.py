"""The docket by the keyboard alone: rows, marks, comparison, views, the board, and letters switched off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from visits import Enter

pytestmark = pytest.mark.browser


def focused(page: Page) -> str:
    """Return what the focused row, card or field is."""
    return str(
        page.evaluate("document.activeElement.querySelector('th a, a')?.textContent || document.activeElement.name")
    )


def test_a_member_goes_through_the_docket_without_a_mouse(enter: Enter) -> None:
    page = enter("member7")
    page.goto("/committee/?call=AX-2026-1")
    names = page.locator("tbody th a").all_text_contents()
    page.locator("tbody tr").first.focus()
    page.keyboard.press("j")
    assert focused(page) == names[1]
    page.keyboard.press("k")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("2")
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    for key in ("x", "k", "x", "c"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", level=1)).to_have_text("안건 비교")
    assert page.locator("thead th a").all_text_contents() == names[:2]


def test_views_search_and_the_own_list_are_a_key_away(enter: Enter) -> None:
    page = enter("member7")
    page.goto("/committee/?call=AX-2026-1")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.press("j")
    assert page.locator("input[type=search]").input_value() == "j"  # letters are letters in a field
    page.locator("tbody tr").first.focus()
    page.keyboard.press("6")
    expect(page).to_have_url(re.compile("view=decided"))
    page.locator("tbody tr").first.focus()
    page.keyboard.press("l")
    expect(page).to_have_url(re.compile("view=waiting"))


def test_letters_can_be_switched_off_and_stay_off(enter: Enter) -> None:
    page = enter("member7")
    page.goto("/committee/?call=AX-2026-1")
    names = page.locator("tbody th a").all_text_contents()
    page.get_by_role("button", name="글자 단축키").press("Enter")
    page.reload()
    expect(page.get_by_role("button", name="글자 단축키")).to_have_attribute("aria-pressed", "false")
    page.locator("tbody tr").first.focus()
    page.keyboard.press("j")
    assert focused(page) == names[0]
    page.keyboard.press("ArrowDown")
    assert focused(page) == names[1]
    page.get_by_role("button", name="글자 단축키").press("Enter")


def test_arrows_move_between_the_cards_of_the_board(enter: Enter) -> None:
    page = enter("chair")
    page.goto("/committee/?call=AX-2026-1&layout=board")
    columns = page.locator(".kb-col").filter(has=page.locator("[data-card]"))
    first = columns.nth(0).locator("[data-card] > a").all_text_contents()
    page.locator("[data-board]").focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == first[0]
    page.keyboard.press("ArrowDown")
    assert focused(page) == first[1]
    if columns.count() > 1:
        page.keyboard.press("ArrowRight")
        assert focused(page) in columns.nth(1).locator("[data-card] > a").all_text_contents()
