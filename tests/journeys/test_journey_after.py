"""After an application: a question of the fund is answered, on a telephone and at a desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked import ask_for_tables
from playwright.sync_api import Page, expect
from visits import Enter, register

pytestmark = pytest.mark.browser

SIZES = ({"width": 360, "height": 740}, {"width": 1440, "height": 900})


def fits(page: Page) -> None:
    """Hold a page at both widths to not scrolling sideways; leave it as narrow as a telephone."""
    for size in reversed(SIZES):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize(("place", "size"), [(2, SIZES[0]), (3, SIZES[1])], ids=("narrow", "wide"))
def test_a_question_unlocks_what_it_asks_about_and_shows_before_and_after(
    enter: Enter, served_home: Path, place: int, size: dict[str, int]
) -> None:
    email = f"after{place}@example.com"
    page = enter("")
    page.set_viewport_size(size)  # type: ignore[arg-type]
    register(page, "남가람", email)
    page.goto(ask_for_tables(served_home, email, place))
    expect(page.get_by_role("heading", level=1)).to_have_text("심사 질문")
    opened = page.locator('main [name^="a_"]').evaluate_all("all => all.map(one => one.name.split('-')[0])")
    assert {name for name in opened if not name.startswith("a_gpu_")} == {"a_team", "a_solution_title"}
    page.get_by_role("button", name="답 보내기").last.click()
    expect(page.locator(".errsum")).to_be_focused()
    before = page.locator('[name="a_solution_title"]').input_value()
    page.locator('[name="a_solution_title"]').fill("야간 점검 순서 추천")
    page.get_by_label("답변").fill("이름을 바로잡았습니다.")
    page.get_by_role("button", name="답 보내기").last.click()
    expect(page.get_by_text("답을 보냈습니다.")).to_be_visible()
    expect(page.locator("main del")).to_have_text([before])
    expect(page.locator("main ins")).to_have_text(["야간 점검 순서 추천"])
    fits(page)
