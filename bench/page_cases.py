"""The docket page, and the quarterly report's files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from importlib import resources
from pathlib import Path

import typst
from flask import Flask
from flask.testing import FlaskClient
from intake_cases import AT, CALL, Sheet, take_in
from measuring import Case, clock
from sqlalchemy.orm import Session
from stores import SqliteStore, copied

from config import Settings
from fundapp import create_app
from fundapp.committee.actions import assign_reviewers
from fundapp.committee.queries import docket, load_viewer
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.identity.queries import find_person_by_email
from fundapp.intake.queries import list_applications
from fundapp.reporting.actions import find_frozen
from fundapp.reporting.documents import from_document
from fundapp.screening.actions import judge_knockout, screen_call
from reports import build, preview

# The report's own document and fonts: the floor is the typesetter on exactly what the product gives it.
from reports.pdf import _document
from reports.typesetting import STANDARDS, _fonts, _printable

MEMBERS = 6
REVIEWERS_EACH = 3
PASSWORD = "four words and a comma, say"  # noqa: S105 - of nobody, in a database that lives for seconds
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def keep_docket(store: SqliteStore, sheet: Sheet) -> None:
    """Keep a template in which a committee has a docket: applications screened and reviewers assigned."""

    def prepare(database: Database) -> None:
        take_in(database, sheet)
        screen_call(database, CALL, actor=SYSTEM, at=AT)
        database.transaction(ensure_roles)
        hashed = hash_password(PASSWORD)
        for number in range(MEMBERS):
            person = {"email": _email(number), "name": f"위원 {number}", "roles": ["committee"]}
            database.transaction(
                lambda s, person=person: create_person(s, actor=SYSTEM, at=AT, password_hash=hashed, **person)  # type: ignore[misc]
            )
        database.transaction(_release)
        terms = {"per_application": REVIEWERS_EACH, "max_load": sheet.rows}
        database.transaction(lambda s: assign_reviewers(s, call_code=CALL, actor=SYSTEM, at=AT, **terms))

    store.keep("docket", prepare, base="called")


def _email(number: int) -> str:
    return f"member{number}@example.com"


def _release(session: Session) -> None:
    """Let everything that a knock-out stopped go on to the committee."""
    for row in list_applications(session, SYSTEM, CALL, states=["on_hold"]):
        judge_knockout(session, application_id=row.id, outcome="released", reason="benchmark", actor=SYSTEM, at=AT)


@contextmanager
def docket_page(store: SqliteStore, folder: Path, sheet: Sheet, repetitions: int) -> Iterator[Case]:
    """Show the docket to a member who has signed in; yields a case that lives as long as the context."""
    keep_docket(store, sheet)
    settings = Settings.from_environment({"FUND_HOME": str(folder / "site")})
    with copied(store, "docket") as database:
        client = signed_in(create_app(settings, database), _email(0))
        with database.read() as session:
            member = find_person_by_email(session, _email(0), AT)
            assert member is not None
            viewer = load_viewer(session, member.id)
            assert len(docket(session, viewer, CALL)) == sheet.rows
        _open(client)  # templates are compiled once in a process's life

        def query() -> None:
            with database.read() as session:
                docket(session, viewer, CALL)

        yield Case(
            what="docket page",
            store=store.name,
            n=sheet.rows,
            unit="ms",
            run=lambda: clock(lambda: _open(client)),
            floors={"docket query": lambda: clock(query)},
            repetitions=repetitions,
        )


def signed_in(app: Flask, email: str) -> FlaskClient:
    """Return a browser of somebody whose password is `PASSWORD`."""
    client = app.test_client()
    form = _TOKEN.search(client.get("/account/login").text)
    assert form is not None
    fields = {"csrf_token": form[1], "email": email, "password": PASSWORD}
    answer = client.post("/account/login", data=fields)
    assert answer.status_code == HTTPStatus.FOUND, answer.status
    return client


def _open(client: FlaskClient) -> None:
    answer = client.get("/committee/")
    assert answer.status_code == HTTPStatus.OK, answer.status
    assert "AX-2026-1" in answer.text


def report(store: SqliteStore, folder: Path, quarter: str, repetitions: int) -> Case:
    """Build all files of the demonstration's frozen quarter: PDF, workbook, JSON and CSV."""
    with copied(store, "demonstration") as database, database.read() as session:
        frozen = find_frozen(session, Quarter.parse(quarter))
        assert frozen is not None, "the demonstration has no report"
        rows = from_document(frozen.inputs)
    seen = preview(rows)
    document = _printable(
        _document(seen.figures, seen.sections, dict(seen.charts), seen.inputs_sha256, "ko"),
    )
    words = json.dumps(document, ensure_ascii=False, sort_keys=True)
    template = resources.files("reports").joinpath("templates", "report.typ").read_bytes()

    def typeset() -> None:
        made = typst.compile(
            template,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"report": words},
            format="pdf",
            pdf_standards=list(STANDARDS),
        )
        assert made.startswith(b"%PDF")

    return Case(
        what="build a quarterly report",
        store="",
        n=1,
        unit="s",
        run=lambda: clock(lambda: build(rows, folder / "report")),
        floors={"typst compile": lambda: clock(typeset)},
        repetitions=repetitions,
    )
