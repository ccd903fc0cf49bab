"""The applicant's task list and one autosave, beside the barest route that runs the very same statements.

The floor is a Flask route without session, form or template that sends the statements that the product sent, with their
parameters, through the same driver: what remains is what the product adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from measuring import Case, clock
from page_cases import PASSWORD, TOKEN, signed_in
from sqlalchemy import event
from sqlalchemy.orm import Session
from stores import Store, copied

from config import Settings
from fundapp import create_app
from fundapp.committee.queries import load_viewer
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.intake.actions import open_call, register_company, start_application
from fundapp.intake.call_file import read_call_file

CALL_FILE = Path(__file__).parents[1] / "examples" / "calls" / "rolling.toml"
EMAIL = "founder@example.com"
SECTION = "solution"
_TEMPLATE = "drafted"
Statement = tuple[str, Any]


def keep_drafted(store: Store) -> None:
    """Keep a template with one applicant and one draft in an open call."""
    store.keep(_TEMPLATE, lambda database: database.transaction(_draft))


def _draft(session: Session) -> None:
    at = datetime.now(UTC)
    ensure_roles(session)
    file = read_call_file(CALL_FILE)
    hours = {"opens": (at - timedelta(days=1)).isoformat(), "closes": (at + timedelta(days=365)).isoformat()}
    open_call(session, actor=SYSTEM, at=at, document=file.document | hours, text=file.text)
    person = create_person(
        session,
        actor=SYSTEM,
        at=at,
        email=EMAIL,
        name="윤가온",
        roles=["applicant"],
        password_hash=hash_password(PASSWORD),
    )
    actor = load_viewer(session, person)
    company = register_company(session, actor=actor, at=at, name="해오름제조", business_number="2148844721")
    owner = load_viewer(session, person)
    start_application(session, actor=owner, at=at, call_code=str(file.document["code"]), company_id=company)


@contextmanager
def portal_pages(store: Store, folder: Path, repetitions: int) -> Iterator[list[Case]]:
    """Open a draft as its applicant; yields cases that live as long as the context."""
    keep_drafted(store)
    with copied(store, _TEMPLATE) as database:
        settings = Settings.from_environment({"FUND_HOME": str(folder / "portal")})
        client = signed_in(create_app(settings, database), EMAIL)
        home = client.get("/portal/").text
        tasks = "/portal/applications/" + home.partition("/portal/applications/")[2].partition("/")[0] + "/"
        client.get(tasks)  # templates are compiled once in a process's life
        saver = _Saver(client, f"{tasks}sections/{SECTION}")
        saver()
        yield [
            _case(store, database, "open the task list", partial(open_page, client, tasks), repetitions),
            _case(store, database, "save while typing", saver, repetitions),
        ]


class _Saver:
    """Saves one field, another text each time, over what was saved before."""

    def __init__(self, client: FlaskClient, section: str) -> None:
        found = TOKEN.search(client.get(section).text)
        assert found is not None, section
        self.client, self.address = client, f"{section}/autosave"
        self.headers = {"X-CSRFToken": found[1]}
        self.count, self.revision, self.marks = 0, "0", {"a_solution_summary": ""}

    def __call__(self) -> None:
        """Save once."""
        self.count += 1
        sent = {"a_solution_summary": f"하역 순서를 {self.count}번째로 고쳐 적습니다."}
        body = {"revision": self.revision, "fields": sent, "bases": self.marks}
        answer = self.client.post(self.address, json=body, headers=self.headers)
        assert answer.status_code == HTTPStatus.OK, answer.text
        self.revision, self.marks = str(answer.json["revision"]), answer.json["marks"]


def open_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == HTTPStatus.OK, (path, answer.status)


def _case(store: Store, database: Database, what: str, act: Callable[[], None], repetitions: int) -> Case:
    bare = bare_site(database, statements(database, act))
    return Case(
        what=what,
        store=store.name,
        n=1,
        unit="ms",
        run=lambda: clock(act),
        floors={"a bare route": lambda: clock(partial(open_page, bare, "/"))},
        repetitions=repetitions,
    )


def statements(database: Database, act: Callable[[], None]) -> list[Statement]:
    """Return the statements that one act sends; a row that it adds is only looked for by the floor."""
    sent: list[Statement] = []

    def note(*said: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own order: connection, cursor, statement, parameters
        statement, parameters = said[2], said[3]
        if not statement.startswith("PRAGMA"):
            sent.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    act()
    event.remove(database.engine, "before_cursor_execute", note)
    return sent


def bare_site(database: Database, statements: list[Statement]) -> FlaskClient:
    """Return the barest route with as many statements: reads and updates as they were, an insert as a read."""
    app = Flask("bare")
    read = next(one for one in statements if one[0].startswith("SELECT"))
    sent = [read if "INSERT INTO" in statement else (statement, parameters) for statement, parameters in statements]

    @app.get("/")
    def route() -> str:
        def work(session: Session) -> int:
            connection = session.connection()
            rows = [connection.exec_driver_sql(statement, parameters) for statement, parameters in sent]
            return sum(len(one.fetchall()) for one in rows if one.returns_rows)

        return str(database.transaction(work))

    return app.test_client()
