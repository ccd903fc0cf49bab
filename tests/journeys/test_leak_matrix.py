"""Every address of the product, for every role, over an application of every state: nothing of it shows.

The matrix is made from the application's own map of addresses and from the tables, so that what is added tomorrow is
covered without being named. Pages, partials, files, the API, searches and orders are searched for words that every
free text of the hidden applications carries; whatever names a hidden object answers as if it did not exist, with the
same bytes, after the same statements.
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from zipfile import ZipFile, is_zipfile

import pytest
from canaries import Marked, hide, words_in
from flask import Flask
from flask.testing import FlaskClient
from running import Demonstration
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config import Settings
from fundapp import create_app
from fundapp.core.access import SYSTEM, Role
from fundapp.core.orm import Base
from fundapp.core.sessions import Database
from fundapp.identity.actions import issue_token
from fundapp.identity.queries import list_people
from fundapp.intake.rules import STATES
from fundapp.web.shell import security
from fundapp.web.shell.clock import now
from fundapp.web.shell.navigation import ROOMS

LEAST_CHECKS = 10_000
SERVER_ERROR = 500
OUTSIDE = frozenset({"static", "bootstrap", "account", "landing"})
"""Blueprints that show nothing of the fund's."""
ABSENT = uuid.UUID("00000000-0000-7000-8000-000000000000")
FIELDS = {
    "key": "0" * 32, "answer": "none", "reason": "이유", "choice": "yes", "sure": "yes", "evidence": "x", "note": "x",
    "person": str(ABSENT), "route": "challenge", "outcome": "released", "state": "met", "step": "approve",
}  # fmt: skip
"""What a form that any of the unsafe addresses takes might hold."""
VARIANTS = re.compile(r'href="(\?[^"]*(?:download=csv|sort=)[^"]*)"')
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Site:
    """The copy of the demonstration, who looks at it, who is recused from nothing, and what was asked of it so far."""

    app: Flask
    database: Database
    marked: Marked
    free: str
    clients: dict[Role, FlaskClient]
    tokens: dict[Role, str]
    forms: dict[Role, dict[str, str]] = field(default_factory=dict)
    absent: dict[tuple[Role, str, str], tuple[int, str, list[str]]] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    checks: int = 0
    leaks: list[str] = field(default_factory=list)

    def ask(self, role: Role, method: str, address: str) -> tuple[TestResponse, list[str]]:
        """Ask as somebody; return the answer with the statements that it took."""
        before = len(self.statements)
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if address.startswith("/api/") else {}
        answer = self.clients[role].open(
            address, method=method, headers=headers, data=self.forms[role] if method == "POST" else None
        )
        return answer, self.statements[before:]

    def ask_absent(self, role: Role, method: str, address: str) -> tuple[int, str, list[str]]:
        """Ask for something that does not exist; return status, text and statements. Asked once."""
        key = (role, method, address)
        if key not in self.absent:
            answer, statements = self.ask(role, method, address)
            self.absent[key] = (answer.status_code, plain(text_of(answer), address, "NONE-1"), statements)
        return self.absent[key]

    def search(self, role: Role, address: str, answer: TestResponse) -> str:
        """Look for every hidden word in an answer; return its text."""
        text = text_of(answer)
        self.checks += len(self.marked.words)
        self.leaks += [f"{role} {address}: {place}" for place in words_in(text, self.marked, address)]
        return text


def text_of(answer: TestResponse) -> str:
    """Return what an answer says, that of the parts of a workbook included."""
    content = answer.get_data()
    if is_zipfile(BytesIO(content)):
        with ZipFile(BytesIO(content)) as parts:
            return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return unescape(content.decode("utf-8", "replace"))


@pytest.fixture(scope="module")
def site(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("matrix") / "home"
    shutil.copytree(demonstration.home, home)
    settings = Settings.from_environment({"FUND_HOME": str(home)})
    database = Database(settings.database_url)
    with database.read() as session:
        people = list_people(session, SYSTEM, now())
    seats = {role: min((one for one in people if role in one.roles), key=lambda one: len(one.roles)) for role in Role}
    tokens = {
        role: database.transaction(
            lambda s, p=one.id: issue_token(s, actor=SYSTEM, at=now(), person_id=p, label="matrix")  # type: ignore[misc]
        )
        for role, one in seats.items()
    }
    marked = hide(database, [one.id for one in seats.values()])
    app = create_app(settings, database)
    security.limiter.enabled = False
    taken = {one.id for one in seats.values()}
    free = next(one.email for one in people if Role.ANALYST in one.roles and one.id not in taken)
    made = Site(app, database, marked, free, {}, tokens)
    for role, one in seats.items():
        made.clients[role] = sign_in(app, one.email, demonstration.password(one.email))
        made.forms[role] = FIELDS | {"csrf_token": token_on(made.clients[role], "/account/password")}
    with counting(database, made.statements):
        yield made
    security.limiter.enabled = True
    database.dispose()


def sign_in(app: Flask, email: str, password: str) -> FlaskClient:
    client = app.test_client()
    fields = {"csrf_token": token_on(client, "/account/login"), "email": email, "password": password}
    assert client.post("/account/login", data=fields).status_code == 302
    return client


def token_on(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found[1]


@contextmanager
def counting(database: Database, statements: list[str]) -> Iterator[None]:
    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield
    event.remove(database.engine, "before_cursor_execute", note)


def chosen(variants: set[str]) -> list[str]:
    """Return the file, the search and one order of a page: the others are the same rows."""
    orders = sorted(one for one in variants if "sort=" in one)
    return sorted(variants - set(orders)) + orders[:1]


def rules(app: Flask, method: str) -> list[Rule]:
    """Return the addresses that show something of the fund's, by method."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or set()) and rule.endpoint.split(".")[0] not in OUTSIDE
    ]


def hidden_values(marked: Marked, argument: str) -> list[str]:
    """Return what names a hidden object in an address: a row of each table that the argument is called after.

    What is called after a table that hangs on no application hides nothing. An argument that is called after no table
    at all is tried with a row of a few.
    """
    if argument == "number":
        return [numbers[0] for numbers in marked.numbers.values() if numbers]
    if not argument.endswith("_id"):
        return []
    stem = argument.removesuffix("_id")
    if stem == "application":
        return [str(key) for key in marked.applications.values()]
    called = [name for name in Base.metadata.tables if name == stem or name.endswith(f"_{stem}")]
    tried = called or ["application", "ballot", "award"]
    return [str(marked.rows[name][0]) for name in tried if name in marked.rows]


def addresses(app: Flask, rule: Rule, argument: str, value: str) -> str | None:
    """Return the address with one argument filled in, and any word for the others; None if it takes no such value."""
    others = {
        name: value if name == argument else str(ABSENT) if name.endswith("_id") else "1" for name in rule.arguments
    }
    for name, converter in rule._converters.items():  # werkzeug keeps no public list of them
        words = getattr(converter, "items", None)
        if words and name != argument:
            others[name] = min(words)
    with app.test_request_context():
        try:
            return app.url_for(rule.endpoint, **others)
        except (ValueError, TypeError):
            return None


def may_enter(role: Role, rule: Rule) -> bool:
    """Say whether a role passes the door of an address's room; at the door all objects look alike."""
    room = rule.rule.split("/")[1]
    return room not in ROOMS or role in ROOMS[room]


def plain(text: str, *words: str) -> str:
    """Return an answer without identifiers and without the words that were asked for."""
    for word in words:
        text = text.replace(word, "*")
    return IDS.sub("*", text)


def test_the_matrix_hides_texts_of_many_tables_and_states(site: Site) -> None:
    tables = {place.split(".")[0] for place in site.marked.words.values()}
    assert {"company", "submission", "review", "application_transition", "scorecard", "condition"} <= tables
    assert set(site.marked.applications) == set(STATES)
    assert len(site.marked.words) > 100


@pytest.mark.parametrize("role", Role)
def test_no_page_file_search_or_order_shows_a_word_of_what_is_hidden(site: Site, role: Role) -> None:
    site.leaks.clear()
    for rule in rules(site.app, "GET"):
        if rule.arguments:
            continue
        answer, _ = site.ask(role, "GET", rule.rule)
        site.leaks += [f"{role} {rule.rule}: {answer.status_code}"] if answer.status_code >= SERVER_ERROR else []
        text = site.search(role, rule.rule, answer)
        variants = {unescape(found) for found in VARIANTS.findall(text)}
        if answer.status_code == 200:
            variants |= {"?q=ZQ"} if 'name="q"' in text else set()
        for variant in chosen(variants):
            answer, _ = site.ask(role, "GET", rule.rule + variant)
            site.search(role, rule.rule + variant, answer)
    assert site.leaks == []


@pytest.mark.parametrize("role", Role)
def test_what_names_something_hidden_answers_as_if_it_did_not_exist(site: Site, role: Role) -> None:
    site.leaks.clear()
    differing = []
    for method in ("GET", "POST"):
        for rule in rules(site.app, method):
            for argument in sorted(rule.arguments):
                values = hidden_values(site.marked, argument)
                for value in values if may_enter(role, rule) else values[:1]:
                    hidden = addresses(site.app, rule, argument, value)
                    absent = addresses(site.app, rule, argument, str(ABSENT) if argument != "number" else "NONE-1")
                    if hidden is None or absent is None:
                        continue
                    there, statements = site.ask(role, method, hidden)
                    said = plain(site.search(role, hidden, there), hidden, value)
                    status, expected, usual = site.ask_absent(role, method, absent)
                    place = f"{method} {rule.rule} {argument}"
                    if (there.status_code, said) != (status, expected):
                        differing.append(f"{place}: {there.status_code} {status}")
                    elif statements != usual:
                        differing.append(f"{place}: {len(statements)} statements, {len(usual)} for an absent one")
    assert site.leaks == []
    assert "\n".join(sorted(set(differing))) == ""


def test_the_matrix_made_its_ten_thousand_checks(site: Site) -> None:
    assert site.checks >= LEAST_CHECKS


def test_somebody_who_is_not_recused_finds_the_words(site: Site, demonstration: Demonstration) -> None:
    client = sign_in(site.app, site.free, demonstration.password(site.free))
    case = site.marked.applications["awarded"]
    page = client.get(f"/operations/applications/{case}")
    assert words_in(text_of(page), site.marked) != []
