"""A passkey from its making to its removal, in a browser whose authenticator is Chromium's own imitation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
from axe_rules import knowing_axe, violations_in_both_themes
from playwright.sync_api import Browser, Page, expect
from running import run_fund, served
from visits import register, watch

pytestmark = pytest.mark.browser

PASSWORD = "나무를 심는 사람들"
EMAIL = "gaon@example.com"


@pytest.fixture(scope="module")
def named_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An empty instance under a host's name: passkeys belong to one."""
    home = tmp_path_factory.mktemp("passkey") / "instance"
    home.mkdir()
    assert run_fund(home, "init").returncode == 0
    with served(home, host="localhost") as address:
        yield address, home


def with_authenticator(page: Page) -> None:
    """Give a page a device that knows its owner's finger (Chrome DevTools Protocol, domain WebAuthn)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def prove_address(page: Page, address: str, home: Path) -> None:
    with closing(connect(home / "fund.sqlite3")) as outbox:
        (body,) = outbox.execute("SELECT body FROM outbox_message WHERE recipient = ?", (EMAIL,)).fetchone()
    found = re.search(r"/account/confirm/\S+", body)
    assert found is not None
    page.goto(address + found[0])
    page.get_by_role("button", name="주소 확인하기").click()


def sign_out(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("button", name="모든 기기에서 로그아웃").click()
    page.goto("/account/login")


def give_password(page: Page) -> None:
    page.get_by_label("이메일").fill(EMAIL)
    page.get_by_label("비밀번호", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="로그인", exact=True).click()


def make_one(page: Page) -> list[str]:
    """Make a passkey; return the recovery codes that come with the first one."""
    page.goto("/account/passkeys")
    assert violations_in_both_themes(page) == []
    page.get_by_label("패스키 이름").fill("내 휴대전화")
    page.get_by_label("지금 비밀번호").fill(PASSWORD)
    page.get_by_role("button", name="계속").click()
    assert violations_in_both_themes(page) == []
    page.get_by_role("button", name="패스키 만들기").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("패스키를 더했습니다")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    return codes


def remove_it(page: Page) -> None:
    page.goto("/account/passkeys")
    expect(page.get_by_text("내 휴대전화", exact=True)).to_be_visible()
    assert violations_in_both_themes(page) == []
    page.get_by_role("link", name="지우기: 내 휴대전화").click()
    page.get_by_label("지금 비밀번호").fill("이것이 아니다")
    page.get_by_role("button", name="패스키 지우기").click()
    expect(page.get_by_text("지금 비밀번호가 맞지 않습니다").first).to_be_visible()
    page.get_by_label("지금 비밀번호").fill(PASSWORD)
    page.get_by_role("button", name="패스키 지우기").click()
    expect(page.get_by_text("패스키를 지웠습니다.")).to_be_visible()


def test_a_passkey_signs_in_alone_or_beside_the_password_until_it_is_removed(
    browser: Browser, named_site: tuple[str, Path]
) -> None:
    address, home = named_site
    faults: list[str] = []
    context = browser.new_context(
        base_url=address, locale="ko-KR", viewport={"width": 360, "height": 740}, reduced_motion="reduce"
    )
    knowing_axe(context)
    page = context.new_page()
    watch(page, faults)
    with_authenticator(page)
    register(page, "윤가온", EMAIL)
    prove_address(page, address, home)

    codes = make_one(page)
    page.goto("/account/password")
    expect(page.get_by_role("checkbox", name="패스키는 그대로 두기")).not_to_be_checked()
    assert violations_in_both_themes(page) == []
    sign_out(page)
    page.get_by_role("button", name="패스키로 로그인").click()
    page.wait_for_url("**/portal/")

    sign_out(page)
    give_password(page)
    page.get_by_role("button", name="패스키로 확인").click()
    page.wait_for_url("**/portal/")

    plain = browser.new_context(base_url=address, locale="ko-KR", java_script_enabled=False)
    other = plain.new_page()
    other.goto("/account/login")
    expect(other.get_by_role("button", name="패스키로 로그인")).to_be_hidden()
    give_password(other)
    other.get_by_label("인증 번호").fill(codes[0])
    other.get_by_role("button", name="로그인", exact=True).click()
    other.wait_for_url("**/portal/")

    remove_it(page)
    sign_out(page)
    page.get_by_role("button", name="패스키로 로그인").click()
    expect(page.get_by_text("패스키로 확인하지 못했습니다.")).to_be_visible()
    give_password(page)
    page.wait_for_url("**/portal/")
    plain.close()
    context.close()
    assert faults == []
