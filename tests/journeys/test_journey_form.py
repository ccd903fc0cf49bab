"""Nobody loses a word of an application: not by a closed browser, a dead network, an ended session or a second tab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import visits
from playwright.sync_api import Browser, BrowserContext, Page, expect
from running import run_fund, served

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
WIDTHS = ({"width": 360, "height": 740}, {"width": 1440, "height": 900})
COMPANY = visits.Company("해오름제조", "2148844721", "제조")
PERSON = ("윤가온", "gaon@haeoreum.example", "나무를 심는 사람들")
SUMMARY = "하역 기록과 기상 자료로 다음 날의 순서를 추천합니다."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served instance of its own with one call that is open."""
    home = tmp_path_factory.mktemp("form") / "instance"
    for arguments in (["init"], ["call", "open", str(ROOT / "examples" / "calls" / "rolling.toml")]):
        done = run_fund(home, *arguments)
        assert done.returncode == 0, done.stderr
    with served(home) as address:
        yield address


@pytest.fixture(scope="module")
def application(site: str, browser: Browser) -> str:
    """The address of an application that one person has started."""
    with open_browser(browser, site) as context:
        page = context.new_page()
        visits.register(page, PERSON[0], PERSON[1])
        return visits.start(page, COMPANY)


@pytest.fixture
def context(browser: Browser, site: str, application: str) -> Iterator[BrowserContext]:
    """A fresh browser of that person."""
    del application
    with open_browser(browser, site) as made:
        visits.sign_in(made.new_page(), PERSON[1], PERSON[2])
        yield made


def open_browser(browser: Browser, site: str, **options: object) -> BrowserContext:
    given = {"base_url": site, "locale": "ko-KR", "viewport": WIDTHS[1]} | options
    made = browser.new_context(**given)  # type: ignore[arg-type]
    made.set_default_timeout(15_000)
    return made


def state(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#save-state")).to_contain_text(text)


SAVED = re.compile(r"저장됨 \d\d:\d\d:\d\d")


def test_what_is_typed_is_on_the_server_before_a_browser_that_dies(
    browser: Browser, site: str, application: str
) -> None:
    first = open_browser(browser, site, viewport=WIDTHS[0])
    visits.sign_in(page := first.new_page(), PERSON[1], PERSON[2])
    page.goto(f"{application}sections/solution")
    page.get_by_label("솔루션개요").fill(SUMMARY)
    state(page, "이 기기에만 있음")
    state(page, SAVED)
    first.close()
    with open_browser(browser, site, viewport=WIDTHS[0]) as second:
        visits.sign_in(page := second.new_page(), PERSON[1], PERSON[2])
        page.goto(f"{application}sections/solution")
        expect(page.get_by_label("솔루션개요")).to_have_value(SUMMARY)


def test_a_page_closed_before_it_saved_is_restored_from_the_device(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    context.set_offline(True)
    page.get_by_label("담당자").fill("문새봄")
    state(page, "이 기기에만 있음")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    expect(page.get_by_label("담당자")).to_have_value("문새봄")
    state(page, "이 기기에 있던 내용을 되살렸습니다")
    state(page, SAVED)
    assert page.evaluate("Object.keys(localStorage)") == []


def test_without_a_network_the_device_keeps_it_and_sends_it_later(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    context.set_offline(True)
    page.get_by_label("연락처").fill("051-000-0000")
    state(page, "이 기기에만 있음 · 연결되면 저장합니다")
    assert "051-000-0000" in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_label("연락처")).to_have_value("051-000-0000")
    context.set_offline(False)
    state(page, SAVED)
    page.reload()
    expect(page.get_by_label("연락처")).to_have_value("0510000000")


def test_another_page_of_the_application_sends_what_was_left(context: BrowserContext, application: str) -> None:
    context.route("**/autosave", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    page.get_by_label("이메일").fill("left@haeoreum.example")
    state(page, "이 기기에만 있음")
    page.close()
    page = context.new_page()
    page.goto(application)
    expect(page.locator("[data-kept]").get_by_role("link", name="담당자")).to_be_visible()
    expect(page.locator("[data-all-saved]")).to_have_text("이 기기에만 있는 내용이 있습니다")
    context.unroute("**/autosave")
    with page.expect_response("**/autosave"):
        page.reload()
    expect(page.locator("[data-kept]")).to_be_hidden()
    page.goto(f"{application}sections/contact")
    expect(page.get_by_label("이메일")).to_have_value("left@haeoreum.example")


def test_a_session_that_ends_while_somebody_types_costs_nothing(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/solution")
    context.clear_cookies()
    page.get_by_label("솔루션명").fill("항만 하역 순서 추천")
    state(page, "로그인이 끝났습니다")
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_label("솔루션명")).to_have_value("항만 하역 순서 추천")
    address = str(page.get_by_role("link", name="다시 로그인").get_attribute("href"))
    page.goto(address)
    page.get_by_label("이메일").fill(PERSON[1])
    page.get_by_label("비밀번호").fill(PERSON[2])
    page.get_by_role("button", name="로그인").click()
    page.wait_for_url("**/sections/solution")
    expect(page.get_by_label("솔루션명")).to_have_value("항만 하역 순서 추천")
    state(page, SAVED)


def test_a_sign_in_in_another_window_lets_the_open_page_go_on(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/traction")
    context.clear_cookies()
    page.get_by_label("유료 고객 수").fill("7")
    state(page, "로그인이 끝났습니다")
    visits.sign_in(context.new_page(), PERSON[1], PERSON[2])
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    state(page, SAVED)
    page.reload()
    expect(page.get_by_label("유료 고객 수")).to_have_value("7")


def test_two_tabs_that_disagree_are_settled_answer_by_answer(context: BrowserContext, application: str) -> None:
    one, two = context.new_page(), context.new_page()
    for page in (one, two):
        page.goto(f"{application}sections/traction")
    two.get_by_label("유료 고객 수").fill("12")
    two.get_by_label("납품을 마친 과제 수").fill("3")
    state(two, SAVED)
    one.get_by_label("유료 고객 수").fill("15")
    one.get_by_label("연간 반복 매출").fill("1000")
    state(one, "다르게 고친 답이 있습니다")
    box = one.locator('[data-clash="a_paying_customers"]')
    expect(box.locator("[data-theirs]")).to_have_text("12")
    expect(one.get_by_label("유료 고객 수")).to_have_value("15")
    expect(one.locator("[data-clash]")).to_have_count(1)
    box.get_by_role("button", name="내가 적은 답 쓰기").click()
    state(one, SAVED)
    one.reload()
    expect(one.get_by_label("유료 고객 수")).to_have_value("15")
    expect(one.get_by_label("납품을 마친 과제 수")).to_have_value("3")
    expect(one.get_by_label("연간 반복 매출")).to_have_value("1000")
    two.get_by_label("유료 고객 수").fill("99")
    two.locator('[data-clash="a_paying_customers"]').get_by_role("button", name="먼저 저장된 답 쓰기").click()
    expect(two.get_by_label("유료 고객 수")).to_have_value("15")
    state(two, "모두 저장됨")


def test_signing_out_takes_what_is_kept_off_the_device(context: BrowserContext, application: str) -> None:
    context.route("**/autosave", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    page.get_by_label("담당자").fill("남기지 않을 이름")
    state(page, "이 기기에만 있음")
    page.goto("/portal/")
    assert len(page.evaluate("Object.keys(localStorage)")) == 1
    page.locator("summary.who").click()
    page.get_by_role("button", name="로그아웃").click()
    expect(page.get_by_text("로그아웃했습니다.")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []


def test_without_scripts_a_session_that_ended_hands_every_word_back(
    browser: Browser, site: str, application: str
) -> None:
    with open_browser(browser, site, java_script_enabled=False, viewport=WIDTHS[0]) as context:
        visits.sign_in(page := context.new_page(), PERSON[1], PERSON[2])
        page.goto(f"{application}sections/solution")
        page.get_by_label("솔루션개요").fill("두 줄로\n적은 개요")
        context.clear_cookies()
        page.get_by_role("button", name="저장하고 계속").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("다시 로그인")
        with context.expect_page() as opened:
            page.get_by_role("link", name="새 창에서 로그인하기").click()
        visits.sign_in(opened.value, PERSON[1], PERSON[2])
        page.get_by_role("button", name="로그인했습니다. 이어서 저장").click()
        expect(page.get_by_label("솔루션개요")).to_have_value("두 줄로\n적은 개요")
        page.get_by_role("button", name="나중에 이어서 하기").click()
        expect(page.get_by_text("에 저장했습니다.")).to_be_visible()
        page.goto(f"{application}sections/solution")
        expect(page.get_by_label("솔루션개요")).to_have_value("두 줄로\n적은 개요")


def test_without_scripts_two_versions_are_chosen_on_a_page(browser: Browser, site: str, application: str) -> None:
    with open_browser(browser, site, java_script_enabled=False) as context:
        visits.sign_in(one := context.new_page(), PERSON[1], PERSON[2])
        two = context.new_page()
        for page in (one, two):
            page.goto(f"{application}sections/contact")
        two.get_by_label("담당자").fill("둘째 창")
        two.get_by_role("button", name="나중에 이어서 하기").click()
        one.get_by_label("담당자").fill("첫째 창")
        one.get_by_label("연락처").fill("02-555-0100")
        one.get_by_role("button", name="나중에 이어서 하기").click()
        expect(one.get_by_role("heading", level=1)).to_have_text("두 내용이 다릅니다: 담당자")
        expect(one.locator("main fieldset")).to_have_count(1)
        one.get_by_role("radio", name="먼저 저장된 내용").check()
        one.get_by_role("button", name="고른 대로 저장").click()
        one.goto(f"{application}sections/contact")
        expect(one.get_by_label("담당자")).to_have_value("둘째 창")
        expect(one.get_by_label("연락처")).to_have_value("025550100")
