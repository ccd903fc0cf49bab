"""Pages that are drawn once for as long as nobody commits anything: shown again they are what a fresh one would be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
from portfolio import grant_scenes
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Company

Enter = Callable[..., FlaskClient]
GRANTS, POOLS = "/operations/grants", "/operations/pools"
KEY = re.compile(r'key"[^>]*value="([0-9a-f]{32})"')
QUOTA_KEY = re.compile(r'name="quota-key"[^>]*value="([0-9a-f]{32})"')
TOKEN = re.compile(r'csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    def make(*roles: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, investor=investor))
        return client

    return make


@pytest.fixture
def fund(db: Database) -> Database:
    """A fund with an award of 400 hours."""
    grant_scenes.set_up(db)
    return db


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def without_gaps(page: str) -> str:
    return KEY.sub("key", TOKEN.sub("token", page))


def rename(db: Database, name: str) -> None:
    """What another process does, by a connection of its own."""
    other = Database(db.url.render_as_string(hide_password=False))
    other.transaction(lambda session: session.execute(update(Company).values(name=name)))
    other.dispose()


def test_a_page_opened_again_asks_only_who_looks(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    first = client.get(GRANTS).text
    with counted(fund) as sent:
        again = client.get(GRANTS).text
    assert (len(sent), without_gaps(again)) == (1, without_gaps(first))


def test_what_another_process_commits_is_seen_at_the_next_look(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    before = client.get(GRANTS).text
    rename(fund, "이름을바꾼회사")
    after = client.get(GRANTS).text
    assert ("이름을바꾼회사" in before, "이름을바꾼회사" in after) == (False, True)


def test_nobody_is_shown_less_than_was_committed_before_they_looked(
    fund: Database, app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> None:
    """Four threads count up in a company's name and read it back: each sees its own number or a later one."""
    rename(fund, "회사000000")
    email, browsers = person("finance"), [app.test_client() for _ in range(4)]
    for browser in browsers:
        sign_in(browser, email)

    def count_up(session: Session) -> int:
        number = int(str(session.scalar(select(Company.name)))[2:]) + 1
        session.execute(update(Company).values(name=f"회사{number:06d}"))
        return number

    def play(browser: FlaskClient) -> list[tuple[int, int]]:
        seen = []
        for _ in range(12):
            number = fund.transaction(count_up)
            page = browser.get(GRANTS).text
            seen.append((number, int(re.findall(r"회사(\d{6})", page)[0])))
        return seen

    with ThreadPoolExecutor(len(browsers)) as pool:
        seen = [pair for pairs in pool.map(play, browsers) for pair in pairs]
    assert [pair for pair in seen if pair[1] < pair[0]] == []
    assert sorted(number for number, _ in seen) == list(range(1, 49))


def test_nobody_is_shown_what_was_drawn_for_another_or_for_another_address(fund: Database, enter: Enter) -> None:
    finance, auditor = enter("finance"), enter("auditor")
    pages = {
        without_gaps(client.get(address).text)
        for client in (finance, auditor)
        for address in (GRANTS, f"{GRANTS}?verdict=idle", f"{GRANTS}?lang=en", f"{GRANTS}?theme=dark")
    }
    assert len(pages) == 8


def test_a_language_and_a_theme_chosen_before_are_kept_apart(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    korean = client.get(GRANTS).text
    client.get("/operations/awards?lang=en&theme=dark")
    english = client.get(GRANTS).text
    assert ('lang="ko"' in korean, 'data-bs-theme="light"' in korean) == (True, True)
    assert ('lang="en"' in english, 'data-bs-theme="dark"' in english) == (True, True)


def test_two_browsers_of_one_person_have_tokens_and_keys_of_their_own(
    fund: Database, app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> None:
    email, browsers = person("finance"), [app.test_client(), app.test_client()]
    for browser in browsers:
        sign_in(browser, email)
    pages = [browser.get(POOLS).text for browser in browsers]
    pages += [browser.get(POOLS).text for browser in browsers]
    keys = [key for page in pages for key in KEY.findall(page)]
    assert len(keys) == len(set(keys)) == 4 * len(KEY.findall(pages[0])) > 0
    assert len({token for page in pages for token in TOKEN.findall(page)}) >= 2
    assert len({without_gaps(page) for page in pages}) == 1


def test_a_form_of_a_page_shown_again_is_accepted_and_its_answer_is_seen(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    client.get(POOLS)
    with counted(fund) as sent:
        page = client.get(POOLS).text
    assert len(sent) == 1
    fields = {
        "csrf_token": token_in(page),
        "quota-key": QUOTA_KEY.findall(page)[0],
        "quota-subscription": "/subscriptions/a-new-one",
        "quota-region": "koreacentral",
        "quota-vm_family": "Standard NCadsH100v5 Family",
        "quota-sku": "H100",
        "quota-vcpus": "640",
        "quota-state": "approved",
        "quota-dated_on": "2026-07-01",
        "quota-source": "지원 요청",
    }
    assert client.post(f"{POOLS}/quota", data=fields).status_code == 302
    assert "/subscriptions/a-new-one" not in page
    assert "/subscriptions/a-new-one" in client.get(POOLS).text


def test_a_message_is_shown_once(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    client.get(GRANTS)
    with client.session_transaction() as browser:
        browser["_flashes"] = [("ok", "적었습니다.")]
    shown = ["적었습니다." in client.get(GRANTS).text for _ in range(3)]
    assert shown == [True, False, False]


def test_who_was_let_in_before_is_kept_out_at_once(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    assert client.get(GRANTS).status_code == 200
    fund.transaction(lambda session: session.execute(text("DELETE FROM person_role")))
    assert client.get(GRANTS).status_code == 404
    fund.transaction(lambda session: session.execute(update(Person).values(active=False)))
    assert client.get(GRANTS).status_code == 302


def test_a_download_is_made_each_time(fund: Database, enter: Enter) -> None:
    client = enter("finance")
    files = [client.get(f"{GRANTS}?form=csv").data for _ in range(2)]
    assert files[0] == files[1] != b""


def test_whatever_a_request_has_committed_itself_it_also_shows(own_app: Flask, fund: Database, enter: Enter) -> None:
    """A guard that writes before the page is drawn: the state that was read beforehand no longer counts."""
    client = enter("finance")
    client.get(GRANTS)
    names = iter(("첫째", "둘째"))

    def write(session: Session) -> None:
        session.execute(update(Company).values(name=next(names)))

    client.application.before_request_funcs.setdefault("operations", []).append(lambda: fund.transaction(write))
    try:
        assert ["첫째" in client.get(GRANTS).text, "둘째" in client.get(GRANTS).text] == [True, True]
    finally:
        client.application.before_request_funcs["operations"].pop()
