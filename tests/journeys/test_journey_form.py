"""Nobody loses a word of an application: not by a closed browser, a dead network, an ended session or a second tab."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import visits
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect
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
    page.get_by_role("button", name="로그인", exact=True).click()
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


def test_words_that_are_too_long_stay_on_the_device_and_a_resident_number_does_not(
    context: BrowserContext, application: str
) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/contact")
    name = page.get_by_label("담당자")
    kept = "Object.values(localStorage).join()"
    name.fill("긴" * 201)
    state(page, "저장하지 못한 답이 있습니다")
    assert "긴" * 201 in page.evaluate(kept)
    page.reload()
    expect(name).to_have_value("긴" * 201)
    # The button sends it once more and is refused: the page that says so keeps it, too, and the next one has it back.
    page.get_by_role("button", name="저장하고 계속").last.click()
    expect(page.locator(".errsum")).to_be_visible()
    state(page, "저장하지 못한 답이 있습니다")
    assert "긴" * 201 in page.evaluate(kept)
    page.goto(f"{application}sections/contact")
    expect(name).to_have_value("긴" * 201)
    name.fill("900101-1234567")
    state(page, "저장하지 못한 답이 있습니다")
    page.wait_for_function(f"!{kept}.includes('1234567')")


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


def test_rows_are_added_moved_and_removed_by_keyboard_and_summed_live(
    context: BrowserContext, application: str
) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/traction")
    rows = page.get_by_role("group", name=re.compile("^고객"))
    add = rows.get_by_role("button", name="행 더하기")
    name, amount = '[name="a_customers-{}-name"]', '[name="a_customers-{}-amount_krw"]'
    for place, (customer, won) in enumerate([("한빛항만", "120,000,000"), ("두레물류", "30000000"), ("솔길", "1")]):
        if place:
            add.press("Enter")
            expect(rows.locator(name.format(place))).to_be_focused()
        rows.locator(name.format(place)).fill(customer)
        rows.locator(f'[name="a_customers-{place}-stage"]').select_option("pilot")
        rows.locator(amount.format(place)).fill(won)
    expect(rows.locator("[data-total-of]")).to_have_text("150,000,001")
    rows.get_by_role("button", name="2행 위로 옮기기").press("Enter")
    expect(rows.locator(name.format(0))).to_have_value("두레물류")
    rows.get_by_role("button", name="3행 지우기").press("Enter")
    expect(rows.locator("[data-rows-said]")).to_have_text("3행을 지웠습니다")
    expect(rows.locator("[data-total-of]")).to_have_text("150,000,000")
    state(page, SAVED)
    page.reload()
    expect(rows.locator(name.format(0))).to_have_value("두레물류")
    expect(rows.locator(name.format(1))).to_have_value("한빛항만")
    expect(rows.locator("[data-lines] [data-row]")).to_have_count(2)


def test_a_row_that_cannot_be_read_is_named_with_its_column(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/traction")
    people = page.get_by_role("group", name=re.compile("^핵심 인력"))
    people.locator('[name="a_team-0-name"]').fill("남궁하늘")
    people.locator('[name="a_team-0-experience_years"]').fill("많이")
    page.get_by_role("button", name="저장하고 계속").click()
    said = ["1행 경력(년): 정수로 적습니다.", "1행 역할: 답이 필요합니다."]
    for text in said:
        expect(people.get_by_text(text).first).to_be_visible()
    expect(people.locator('[name="a_team-0-experience_years"]')).to_have_attribute("aria-invalid", "true")
    people.locator('[name="a_team-0-experience_years"]').fill("9")
    people.locator('[name="a_team-0-role"]').fill("대표")
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("에 저장했습니다.")).to_be_visible()
    page.goto(f"{application}check")
    team = page.get_by_role("region", name="핵심 인력").get_by_role("row")
    expect(team.last).to_have_text("남궁하늘대표9")


def test_a_question_comes_and_goes_with_the_answer_it_depends_on(context: BrowserContext, application: str) -> None:
    page = context.new_page()
    page.goto(f"{application}sections/korean_ai")
    plan = page.get_by_label("한국어 모델로 옮길 계획")
    expect(plan).to_be_hidden()
    page.get_by_label("국외 모델").check()
    plan.fill("다음 분기에 바꿉니다.")
    state(page, SAVED)
    page.get_by_label("쓰지 않음").check()
    expect(plan).to_be_hidden()
    state(page, SAVED)
    page.goto(f"{application}check")
    expect(page.get_by_text("다음 분기에 바꿉니다.")).to_have_count(0)
    page.goto(f"{application}sections/korean_ai")
    page.get_by_label("공개 모델").check()
    expect(plan).to_have_value("다음 분기에 바꿉니다.")


def test_without_scripts_rows_and_further_questions_work_too(browser: Browser, site: str, application: str) -> None:
    with open_browser(browser, site, java_script_enabled=False, viewport=WIDTHS[0]) as context:
        visits.sign_in(page := context.new_page(), PERSON[1], PERSON[2])
        page.goto(f"{application}sections/request")
        page.get_by_role("radio", name="100,000,000원").check()
        rows = page.get_by_role("group", name=re.compile("^현금을 쓸 곳"))
        for place, (item, won) in enumerate([("인건비", "60,000,000"), ("장비", "30000000")]):
            if place:
                rows.get_by_role("button", name="행 더하기").click()
            rows.locator(f'[name="a_use_of_funds-{place}-purpose"]').fill(item)
            rows.locator(f'[name="a_use_of_funds-{place}-amount_krw"]').fill(won)
        rows.get_by_role("button", name="2행 위로 옮기기").click()
        expect(rows.locator('[name="a_use_of_funds-0-purpose"]')).to_have_value("장비")
        page.get_by_label("H100 2027년 2분기 GPU시간").fill("2160")
        page.get_by_role("button", name="저장하고 계속").click()
        gap = "금액(원) 합계 90,000,000이 신청금액 100,000,000과 같아야 합니다. 차이 10,000,000."
        expect(rows.get_by_text(gap)).to_be_visible()
        rows.locator('[name="a_use_of_funds-0-amount_krw"]').fill("40000000")
        page.get_by_role("button", name="저장하고 계속").click()
        expect(page.get_by_text("에 저장했습니다.")).to_be_visible()
        page.goto(f"{application}sections/spc")
        page.get_by_role("group", name="기밀 컴퓨팅이 필요합니까?").get_by_label("예").check()
        page.get_by_role("group", name="국외에서만 처리하는 데이터가 있습니까?").get_by_label("아니오").check()
        page.get_by_role("button", name="저장하고 계속").click()
        expect(page.get_by_text("답에 따라 물을 것이 더 있습니다.")).to_be_visible()
        page.get_by_label("기밀 컴퓨팅이 필요한 까닭").fill("환자 자료입니다.")
        page.get_by_role("button", name="저장하고 계속").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("한국적 AI 연계")


def test_a_section_weighs_little_and_asks_for_little(browser: Browser, site: str, application: str) -> None:
    with open_browser(browser, site) as context:
        visits.sign_in(context.new_page(), PERSON[1], PERSON[2])
        state_kept = context.storage_state()
    with open_browser(browser, site, storage_state=state_kept) as context:
        page = context.new_page()
        answers: list[Response] = []
        # A bound method of a list cannot be told apart by the library that calls it.
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108
        page.goto(f"{application}sections/request", wait_until="networkidle")
        assert [answer.url for answer in answers if not answer.url.startswith(site)] == []
        assert len(answers) <= 8
        assert sum(len(gzip.compress(answer.body())) for answer in answers) < 150_000
