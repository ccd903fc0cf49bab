"""Forty hostile texts through every way that an applicant's words take: pages, receipt, sheets, mails, calendars."""

from __future__ import annotations

import csv
import io
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import Any, cast

import openpyxl
import pypdfium2
import pytest
from flask import Flask
from hostile_texts import BREAKING, MARKUP, what_acts_in
from jinja2 import FileSystemBytecodeCache
from portal_people import CALL, FIRST_NUMBER, Browser, Portal, make_portal
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from fundapp import create_app, mail
from fundapp.committee.actions import ask_applicant, post_comment, save_letter_rules
from fundapp.committee.rules.discussion import clean_words
from fundapp.committee.rules.letters import LetterRule
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.calendar import CalendarEvent, calendar_text
from fundapp.core.errors import FundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.intake.actions import invite_member
from fundapp.intake.documents.kinds import display_name
from fundapp.intake.exporting import export_applications
from fundapp.web.shell import security

HALVES = (MARKUP[:19], MARKUP[19:])
UNSEEN = "\x00\x07\x1b\u202e\u2066"


@dataclass(frozen=True)
class Desk:
    """An applicant at an application that lacks nothing, and the fund's analyst."""

    portal: Portal
    browser: Browser
    analyst: Browser
    person: uuid.UUID
    application: str

    def save(self, section: str, fields: dict[str, str]) -> dict[str, Any]:
        page = f"{self.application}/sections/{section}"
        hidden = self.browser.hidden(page)
        answer = self.browser.client.post(
            f"{page}/autosave",
            json={"revision": hidden["revision"], "fields": fields, "bases": {}},
            headers={"X-CSRFToken": hidden["csrf_token"]},
        )
        return cast("dict[str, Any]", answer.get_json())


@pytest.fixture(scope="module")
def desk(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Desk]:
    """What a text means elsewhere does not depend on the database: one of them, and one application, for all."""
    home = tmp_path_factory.mktemp("texts")
    shutil.copy(sqlite_template, home / "fund.db")
    database = Database(f"sqlite:///{home / 'fund.db'}")
    app: Flask = create_app(
        Settings.from_environment({"FUND_HOME": str(home), "FUND_SECRET_KEY": "of a test"}), database
    )
    app.jinja_env.bytecode_cache = compiled_templates
    portal = make_portal(database, app)
    person = portal.person("a@example.com")
    portal.person("analyst@example.com", Role.ANALYST)
    application = portal.complete_draft(person, portal.company(person, FIRST_NUMBER, MARKUP[2]))
    browser, analyst = portal.browser("a@example.com"), portal.browser("analyst@example.com")
    yield Desk(portal, browser, analyst, person, f"/portal/applications/{application}")
    security.limiter.reset()
    database.dispose()


def fill(desk: Desk, texts: tuple[str, ...]) -> None:
    rows = json.dumps([{"name": text, "stage": "pilot", "amount_krw": "1"} for text in texts], ensure_ascii=False)
    told = desk.save("traction", {"a_customers": rows})
    assert told["unsaved"] == [], told
    told = desk.save("solution", {"a_solution_title": texts[0], "a_solution_summary": "\n".join(texts)})
    assert told["unsaved"] == [], told


@pytest.mark.parametrize("texts", HALVES, ids=["first", "second"])
def test_words_stand_on_pages_receipt_and_lists_as_they_were_written(desk: Desk, texts: tuple[str, ...]) -> None:
    fill(desk, texts)
    here = desk.application
    pages = [f"{here}/check", f"{here}/", f"{here}/sections/traction", f"{here}/sections/solution", "/portal/"]
    check = desk.browser.text(pages[0])
    desk.browser.post(f"{here}/submit", {}, page=pages[0])
    number = 1 + HALVES.index(texts)
    seen = [(path, desk.browser.text(path)) for path in (*pages, f"{here}/receipts/{number}")]
    listed = ("/operations/applications", "/operations/companies", "/operations/outbox")
    seen += [(path, desk.analyst.text(path)) for path in listed]
    assert [(path, what_acts_in(page)) for path, page in seen if what_acts_in(page)] == []
    assert "receipts" in seen[5][0]
    assert "&lt;" in check or texts is HALVES[1]
    pdf = desk.browser.get(f"{here}/receipts/{number}.pdf")
    assert pdf.status_code == 200
    document = pypdfium2.PdfDocument(pdf.data)
    assert {tuple(round(side) for side in page.get_size()) for page in document} == {(595, 842)}
    words = "".join(page.get_textpage().get_text_bounded() for page in document)
    flat = "".join(words.replace("'", "").split())
    wanted = ["".join(text.replace("'", "").split()) for text in texts if text.isascii()]
    assert [text for text in wanted if text not in flat] == []


def test_sheets_hold_no_formula(desk: Desk, tmp_path: Path) -> None:
    fill(desk, tuple(text for text in MARKUP if text[0] in "=+-@＝'")[:19])
    viewer = desk.portal.viewer(desk.portal.person("second@example.com", Role.ANALYST))
    files = [tmp_path / name for name in ("a.csv", "a.xlsx")]
    with desk.portal.db.read() as session:
        for file in files:
            export_applications(session, viewer, CALL, file)
    cells = [cell for row in csv.reader(io.StringIO(files[0].read_text("utf-8-sig"))) for cell in row]
    assert [cell for cell in cells if cell[:1] in tuple("=+-@＝\t\r")] == []
    book = openpyxl.load_workbook(files[1])
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert found == []


@pytest.mark.parametrize("text", BREAKING, ids=["line", "nought", "direction", "escape"])
def test_what_nobody_sees_does_not_get_in(desk: Desk, text: str) -> None:
    told = desk.save("solution", {"a_solution_title": text})
    assert told["problems"] or told["unsaved"] == []
    page = desk.browser.text(f"{desk.application}/sections/solution")
    assert [sign for sign in UNSEEN if sign in page] == []
    assert [sign for sign in UNSEEN if sign in display_name(text)] == []


def test_companies_names_reach_mails_as_one_line_or_not_at_all(desk: Desk) -> None:
    refused = 0
    for place, text in enumerate((*MARKUP, *BREAKING)):
        person = desk.portal.person(f"owner{place}@example.com")
        try:
            company = desk.portal.company(person, business_number(place), text)
        except FundError:
            refused += 1
            continue
        actor, at = desk.portal.viewer(person), datetime.now(UTC)
        desk.portal.db.transaction(
            lambda s, actor=actor, at=at, company=company: invite_member(  # type: ignore[misc]
                s, actor=actor, at=at, company_id=company, email="b@example.com", role="member", address="http://x/"
            )
        )
    assert refused == len(BREAKING)
    with desk.portal.db.read() as session:
        waiting = session.scalars(select(OutboxMessage)).all()
    post = Post()
    settings = Settings.from_environment({"FUND_HOME": "/nowhere", "FUND_SECRET_KEY": "of a test"})
    for message in waiting:
        assert mail._deliver(post, settings, message, datetime.now(UTC)) is None  # type: ignore[arg-type]
    assert len(post.sent) == len(waiting) > len(MARKUP)
    for raw in post.sent:
        found = message_from_bytes(raw, policy=default)
        assert set(found.keys()) <= {
            "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        }  # fmt: skip
        assert "\n" not in str(found["Subject"])


class Post:
    """A mail server's end of the line: it keeps what would go over the wire."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_message(self, message: EmailMessage) -> None:
        """Take one mail."""
        self.sent.append(message.as_bytes(policy=SMTP))


def business_number(serial: int) -> str:
    """A number with a right check digit: weights 1-3-7-1-3-7-1-3-5 and the carry of the ninth digit."""
    digits = f"1{serial:02d}810000"
    total = sum(int(one) * weight for one, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    total += int(digits[8]) * 5 // 10
    return f"{digits}{(10 - total % 10) % 10}"


@pytest.mark.parametrize("text", [*MARKUP, *BREAKING])
def test_a_calendar_keeps_its_lines(text: str) -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    event = CalendarEvent.of(
        uid="u", sequence=0, stamp=at, starts_at=at, ends_at=at, deadline=None, day=date(2026, 12, 1), summary=text,
        place=text, cancelled=False,
    )  # fmt: skip
    made = calendar_text(event, attendee=(text, "a@example.com"))
    lines = made.replace("\r\n ", "").split("\r\n")[:-1]
    assert [line.partition(":")[0].partition(";")[0] for line in lines] == [
        "BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "BEGIN", "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND",
        "SUMMARY", "LOCATION", "ORGANIZER", "ATTENDEE", "STATUS", "CLASS", "END", "END",
    ]  # fmt: skip
    assert all(len(line.encode()) <= 75 for line in made.split("\r\n"))
    assert not any(sign in made for sign in UNSEEN)


@pytest.mark.parametrize("texts", HALVES, ids=["first", "second"])
def test_comments_questions_names_and_texts_of_letters_act_nowhere(desk: Desk, texts: tuple[str, ...]) -> None:
    fill(desk, HALVES[0])
    desk.browser.post(f"{desk.application}/submit", {}, page=f"{desk.application}/check")
    application = uuid.UUID(desk.application.rpartition("/")[2])
    at, inquiries, half = datetime.now(UTC), list[uuid.UUID](), HALVES.index(texts)
    for place, text in enumerate(texts):
        person = desk.portal.db.transaction(
            lambda s, text=text, place=place: create_person(  # type: ignore[misc]
                s,
                actor=SYSTEM,
                at=at,
                email=f"said{half}-{place}@example.com",
                name=text,
                roles=[Role.ANALYST],
                password_hash=None,
            )
        )
        who = desk.portal.viewer(person)

        def say(session: Session, who: Viewer = who, text: str = text) -> uuid.UUID:
            comment = post_comment(
                session,
                application_id=application,
                text=text,
                kind="question",
                visibility="staff",
                named=(),
                reply_to=None,
                key=uuid.uuid4().hex,
                actor=who,
                at=at,
            )
            return ask_applicant(
                session, comment_id=comment, text=text, due_on=None, key=uuid.uuid4().hex, actor=who, at=at
            )

        inquiries.append(desk.portal.db.transaction(say))
    staff = f"/committee/applications/{application}/discussion"
    seen = [(staff, desk.analyst.text(staff))]
    own = (f"{desk.application}/", "/portal/notices", *(f"/portal/inquiries/{one}" for one in inquiries[:6]))
    seen += [(path, desk.browser.text(path)) for path in own]
    form = {"base": "0", "try": "1", "subject_ko": "제목", "subject_en": "Subject"}
    body = "\n".join(text.replace("{", "{{").replace("}", "}}") for text in texts)
    tried = desk.analyst.post("/operations/mail-texts/deadline", form | {"body_ko": body, "body_en": body}).get_data(
        as_text=True
    )
    rules = [LetterRule("any", "always", "ko", "제목", body)]
    desk.portal.db.transaction(lambda s: save_letter_rules(s, call_code=CALL, rules=rules, actor=SYSTEM, at=at))
    seen += [("text", tried), ("letters", desk.analyst.text(f"/committee/letters/texts?call={CALL}"))]
    assert "제목" in tried
    assert [(path, what_acts_in(page)) for path, page in seen if what_acts_in(page)] == []


@pytest.mark.parametrize("text", BREAKING, ids=["line", "nought", "direction", "escape"])
def test_what_nobody_sees_is_no_part_of_a_comment(text: str) -> None:
    words = clean_words(f"{text} 끝")
    assert [sign for sign in (*UNSEEN, "\r") if sign in words] == []
    assert words.endswith("끝")
