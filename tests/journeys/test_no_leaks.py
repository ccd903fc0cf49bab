"""Every page that a role can reach by following links, searched for what that role may not know."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from running import Demonstration

from config import Settings
from fundapp import create_app
from fundapp.committee.queries import list_conflicts
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.demonstration.scenario import read_scenario
from fundapp.identity.actions import issue_token
from fundapp.identity.queries import find_person_by_email
from fundapp.intake.queries import get_application, list_applications
from fundapp.web.shell.clock import now

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCENARIO = read_scenario(EXAMPLES)
PAGES = 90
STARTS = (
    "/", "/portal/", "/committee/", "/operations/", "/partners/",
    "/committee/?q={word}", "/operations/?q={word}", "/operations/ledger", "/committee/meetings",
    "/api/v1/me", "/api/v1/calls", "/api/v1/applications", "/api/v1/awards", "/api/v1/pools", "/api/v1/reports",
)  # fmt: skip
LINK = re.compile(r'href="([^"#]+)"')
OWN_WORDS = "/committee/interests"
"""Where a member reads what they have declared of themselves, the company's name and number included."""
KEEP_OUT = ("/account/", "/static/", "/bootstrap/", "lang=", "theme=")


@pytest.fixture(scope="module")
def site(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Database]]:
    home = tmp_path_factory.mktemp("leaks") / "home"
    shutil.copytree(demonstration.home, home)
    settings = Settings.from_environment({"FUND_HOME": str(home)})
    database = Database(settings.database_url)
    yield create_app(settings, database), database
    database.dispose()


def sign_in(app: Flask, demonstration: Demonstration, email: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/account/login").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    fields = {"csrf_token": token[1], "email": email, "password": demonstration.password(email)}
    assert client.post("/account/login", data=fields).status_code == 302
    return client


def crawl(client: FlaskClient, word: str, headers: dict[str, str]) -> dict[str, str]:
    """Follow links breadth first from every room; return the pages by address."""
    waiting = [start.format(word=word) for start in STARTS]
    seen: dict[str, str] = {}
    shapes: dict[str, int] = {}
    while waiting and len(seen) < PAGES:
        address = waiting.pop(0)
        # A few pages of one shape (one application's, one award's) say what the hundredth would.
        shape = re.sub(r"[0-9a-f-]{36}|\d+", "*", address)
        shapes[shape] = shapes.get(shape, 0) + 1
        if address in seen or shapes[shape] > 4:
            continue
        answer = client.get(address, headers=headers if address.startswith("/api/") else {})
        assert answer.status_code < 500, f"{address}: {answer.status_code}"
        text = unescape(answer.get_data(as_text=True)) if "text" in answer.mimetype or "json" in answer.mimetype else ""
        seen[address] = text if answer.status_code == 200 else ""
        for link in LINK.findall(seen[address]):
            target = urljoin(address, unescape(link))
            if not urlsplit(target).netloc and not any(part in target for part in KEEP_OUT):
                waiting.append(target)
    return seen


def bearer(database: Database, email: str) -> dict[str, str]:
    with database.read() as session:
        person = find_person_by_email(session, email, now())
    assert person is not None
    issued = database.transaction(lambda s: issue_token(s, actor=SYSTEM, at=now(), person_id=person.id, label="crawl"))
    token = issued if isinstance(issued, str) else issued.token
    return {"Authorization": f"Bearer {token}"}


def secrets_of(database: Database, numbers: set[str]) -> dict[str, set[str]]:
    """Return what identifies each of these applications: number, company, business number, solution, contact."""
    found = {}
    with database.read() as session:
        for row in list_applications(session, SYSTEM, SCENARIO.call):
            if row.number in numbers:
                view = get_application(session, SYSTEM, row.id)
                words = {
                    row.number, row.company_name, view.identifier, row.solution_title,
                    str(view.answers.get("contact_email")), str(row.id),
                }  # fmt: skip
                found[row.number] = {word for word in words if len(word) > 3}
    return found


def leaks(pages: dict[str, str], secrets: dict[str, set[str]], word: str) -> list[str]:
    found = []
    for address, text in pages.items():
        if address.startswith(OWN_WORDS):
            continue
        asked = unescape(address)
        for number, words in secrets.items():
            found += [f"{address}: {number} by {w!r}" for w in words if w in text and w not in asked and w != word]
    return found


@pytest.mark.parametrize("email", sorted({conflict.email for conflict in SCENARIO.conflicts}))
def test_a_recused_member_finds_no_trace_of_the_application(
    site: tuple[Flask, Database], demonstration: Demonstration, email: str
) -> None:
    app, database = site
    with database.read() as session:
        rows = list_conflicts(session, SYSTEM, SCENARIO.call)
    name = next(person.name for person in SCENARIO.people if person.email == email)
    numbers = {row.application_number for row in rows if row.person == name}
    assert numbers
    secrets = secrets_of(database, numbers)
    word = next(conflict.company for conflict in SCENARIO.conflicts if conflict.email == email)
    pages = crawl(sign_in(app, demonstration, email), word, bearer(database, email))
    assert len([text for text in pages.values() if text]) > 15
    assert leaks(pages, secrets, word) == []


def test_an_applicant_finds_no_other_company(site: tuple[Flask, Database], demonstration: Demonstration) -> None:
    app, database = site
    email = SCENARIO.one("applicant").email
    client, headers = sign_in(app, demonstration, email), bearer(database, email)
    with database.read() as session:
        rows = list_applications(session, SYSTEM, SCENARIO.call)
    pages = crawl(client, rows[40].company_name, headers)
    own = {row.number for row in rows if any(row.number in text for text in pages.values())}
    assert len(own) == 1
    secrets = secrets_of(database, {row.number for row in rows} - own)
    assert leaks(pages, secrets, rows[40].company_name) == []


@pytest.mark.parametrize("investor", ["kt", "microsoft"])
def test_a_partner_finds_no_company_that_was_not_funded(
    site: tuple[Flask, Database], demonstration: Demonstration, investor: str
) -> None:
    app, database = site
    email = SCENARIO.one("partner", investor).email
    with database.read() as session:
        rows = list_applications(session, SYSTEM, SCENARIO.call)
    unfunded = {row.number for row in rows if row.state != "awarded"}
    word = next(row.company_name for row in rows if row.state != "awarded")
    pages = crawl(sign_in(app, demonstration, email), word, bearer(database, email))
    assert len([text for text in pages.values() if text]) > 8
    assert leaks(pages, secrets_of(database, unfunded), word) == []


@pytest.mark.parametrize("role", ["analyst", "finance", "chair", "auditor", "admin"])
def test_no_page_of_any_role_breaks(site: tuple[Flask, Database], demonstration: Demonstration, role: str) -> None:
    app, database = site
    email = SCENARIO.one(role).email
    pages = crawl(sign_in(app, demonstration, email), "AI", bearer(database, email))
    assert len([text for text in pages.values() if text]) >= 5


def test_without_signing_in_no_application_is_named(site: tuple[Flask, Database]) -> None:
    app, database = site
    with database.read() as session:
        rows = list_applications(session, SYSTEM, SCENARIO.call)
    pages = crawl(app.test_client(), rows[0].company_name, {})
    assert leaks(pages, secrets_of(database, {row.number for row in rows}), rows[0].company_name) == []
