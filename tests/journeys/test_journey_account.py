"""An account from its first day: registered, confirmed by mail, its password forgotten, a colleague invited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect

import pytest
from axe_rules import knowing_axe, violations_in_both_themes
from playwright.sync_api import Browser, Page, ViewportSize, expect
from running import run_fund, served
from visits import (
    ROLLING,
    Company,
    answer,
    consent,
    fill_section,
    hand_plan_in,
    register,
    sign_in,
    start,
    watch,
)

pytestmark = pytest.mark.browser

SECOND = "바다 건너 작은 섬"
SIZES: dict[str, ViewportSize] = {"telephone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}
COMPANIES = {"telephone": Company("이슬기술", "2208162517", "제조"), "desk": Company("노을연구", "1248100998", "교육")}
SECTIONS = ("company", "finance", "contact", "solution", "spc", "korean_ai", "request", "traction", "declarations")


@dataclass(frozen=True)
class Site:
    """A fund with one open call and nobody in it, served."""

    browser: Browser
    address: str
    home: Path
    faults: list[str]

    def visitor(self, size: str, *, scripts: bool = True) -> Page:
        """Somebody who has never been here, on a screen of their own."""
        made = self.browser.new_context(
            base_url=self.address,
            locale="ko-KR",
            viewport=SIZES[size],
            java_script_enabled=scripts,
            reduced_motion="reduce",  # a theme that fades in has no colours yet
        )
        knowing_axe(made)
        page = made.new_page()
        watch(page, self.faults)
        return page

    def follow_mail(self, page: Page, recipient: str, where: str) -> None:
        """Open the link of the newest mail to somebody that leads to a place."""
        with closing(connect(self.home / "fund.sqlite3")) as outbox:
            query = "SELECT body FROM outbox_message WHERE recipient = ? ORDER BY created_at, id"
            bodies = outbox.execute(query, (recipient,)).fetchall()
        links = [found[0] for (body,) in bodies if (found := re.search(rf"{where}/\S+", body))]
        page.goto(links[-1])


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("account") / "instance"
    home.mkdir()
    call = Path(__file__).parents[2] / "examples" / "calls" / "rolling.toml"
    for command in (("init",), ("call", "open", str(call))):
        done = run_fund(home, *command)
        assert done.returncode == 0, done.stderr
    with served(home) as address:
        faults: list[str] = []
        yield Site(browser, address, home, faults)
        assert faults == []


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def ask_for_a_new_password(page: Page, email: str) -> None:
    page.goto("/account/login")
    page.get_by_role("link", name="비밀번호를 잊었나요?").click()
    page.get_by_label("이메일").fill(email)
    fits(page)
    page.get_by_role("button", name="링크 받기").click()
    expect(page.get_by_text("메일함을 확인해 주세요")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_from_registering_to_a_colleague_who_signs(site: Site, size: str) -> None:
    owner, colleague, stranger = (site.visitor(size) for _ in range(3))
    email, other = f"owner.{size}@example.com", f"colleague.{size}@example.com"
    register(owner, "윤가람", email)
    expect(owner.get_by_text("메일의 링크로 주소를 확인해 주세요")).to_be_visible()
    fits(owner)
    site.follow_mail(owner, email, "/account/confirm")
    owner.get_by_role("button", name="주소 확인하기").click()
    expect(owner.get_by_text("이메일 주소를 확인했습니다.")).to_be_visible()

    ask_for_a_new_password(stranger, email)
    site.follow_mail(stranger, email, "/account/recover")
    stranger.get_by_role("textbox", name="새 비밀번호").fill(SECOND)
    stranger.get_by_role("button", name="보이기").click()
    expect(stranger.get_by_role("textbox", name="새 비밀번호")).to_have_attribute("type", "text")
    fits(stranger)
    stranger.get_by_role("button", name="비밀번호 정하기").click()
    expect(stranger.get_by_text("비밀번호를 새로 정했습니다.")).to_be_visible()
    owner.goto("/portal/")
    expect(owner.get_by_role("heading", level=1)).to_have_text("로그인")
    sign_in(owner, email, SECOND)

    application = start(owner, COMPANIES[size])
    owner.get_by_role("link", name="함께 작성할 사람 관리").click()
    owner.get_by_label("이메일").fill(other)
    fits(owner)
    owner.get_by_role("button", name="초대 메일 보내기").click()
    expect(owner.get_by_text("초대 메일을 보냈습니다.")).to_be_visible()
    register(colleague, "문보라", other)
    site.follow_mail(colleague, other, "/invitations")
    fits(colleague)
    assert violations_in_both_themes(colleague) == []
    colleague.get_by_role("button", name="초대 받아들이기").click()
    expect(colleague.get_by_text("이제 함께 작성할 수 있습니다.")).to_be_visible()
    let_sign(owner, colleague, application, COMPANIES[size])


def let_sign(owner: Page, colleague: Page, application: str, company: Company) -> None:
    """The owner writes, the colleague reads and signs, a change undoes it, and only signed again it is sent."""
    for section in SECTIONS:
        fill_section(owner, application, section, company.own_answers())
    hand_plan_in(owner, application)
    consent(owner, application)
    owner.goto(f"{application}check")
    owner.get_by_label("확인할 사람").select_option("문보라")
    fits(owner)
    owner.get_by_role("button", name="확인 부탁하기").click()
    expect(owner.get_by_text("대표자 확인을 받으면 제출할 수 있습니다.")).to_be_visible()
    expect(owner.get_by_role("button", name="제출", exact=True)).to_have_count(0)
    sign(colleague)
    owner.goto(f"{application}sections/solution")
    answer(owner, "solution_title", "고친 이름")
    owner.get_by_role("button", name="저장하고 계속").click()
    expect(owner.get_by_text("에 저장했습니다.")).to_be_visible()
    owner.goto(f"{application}check")
    expect(owner.get_by_text("서명 사라짐")).to_be_visible()
    owner.get_by_label("확인할 사람").select_option("문보라")
    owner.get_by_role("button", name="확인 부탁하기").click()
    expect(owner.get_by_text("대표자 확인을 받으면 제출할 수 있습니다.")).to_be_visible()
    sign(colleague)
    owner.goto(f"{application}check")
    owner.get_by_role("button", name="제출", exact=True).click()
    expect(owner.get_by_role("heading", level=1)).to_have_text("접수증")


def sign(page: Page) -> None:
    page.goto("/portal/")
    page.get_by_role("link", name="보고 서명하기").click()
    page.get_by_label("모든 답과 서류를 읽었고").check()
    fits(page)
    assert violations_in_both_themes(page) == []
    page.get_by_role("button", name="서명하기").click()
    expect(page.get_by_text("서명했습니다. 부탁한 사람에게 알렸습니다.")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_without_javascript_a_stranger_learns_whether_to_apply(site: Site, size: str) -> None:
    page = site.visitor(size, scripts=False)
    page.goto("/")
    page.get_by_role("link", name="AX 솔루션 상시 공모").click()
    expect(page.get_by_text("남음 · 서버 시각")).to_be_visible()
    page.get_by_role("link", name="자격 확인하기").click()
    page.get_by_role("radio", name="국내에 등기한 법인").check()
    page.get_by_label("설립일이 언제인가요?").fill("2021-03-02")
    page.get_by_role("group", name="기업 규모").get_by_role("radio", name="중견기업").check()
    page.get_by_label("자산총액은 얼마인가요?").fill("3,000,000,000")
    for question, choice in (
        ("기업집단에", "속하지 않음"), ("최다출자자", "아니오"), ("체납이", "없음"), ("참여 제한", "아니오"),
        ("국외에서만", "아니오"), ("국내 리전", "운영하고 있음"), ("무엇과", "한국적 AI"), ("특수관계", "아니오"),
    ):  # fmt: skip
        page.get_by_role("group", name=question).get_by_role("radio", name=choice, exact=True).check()
    page.get_by_role("button", name="결과 보기").click()
    expect(page.get_by_role("heading", name="신청할 수 있습니다")).to_be_visible()
    page.get_by_role("group", name="체납이").get_by_role("radio", name="있음", exact=True).check()
    page.get_by_role("button", name="다시 확인하기").click()
    expect(page.get_by_role("heading", name="이 공모에는 신청할 수 없습니다")).to_be_visible()
    page.get_by_role("group", name="체납이").get_by_role("radio", name="없음", exact=True).check()
    page.get_by_role("button", name="다시 확인하기").click()
    page.get_by_role("button", name="이 답으로 신청서 시작하기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("로그인")
    assert f"next=/portal/calls/{ROLLING}/start" in page.url
    page.context.close()
