"""People, companies and browsers for the tests of portal and API."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from documents_made import attach_plan
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.committee.queries import load_viewer
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, issue_token
from fundapp.intake import actions
from fundapp.intake.call_file import read_call_file
from fundapp.intake.queries import get_call
from fundapp.intake.rules import PURPOSES

CALL = "AX-2026-1"
PASSWORD = "four words make one"
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""With the least work it can name: a thousand tests sign in, a few test that it is hard."""
FIRST_NUMBER = "2208162517"  # two business numbers with right check digits, worked out by hand
SECOND_NUMBER = "1248100998"
ROOT = Path(__file__).parents[2]

ANSWERS = {
    "corporate_number": "1301110006246",
    "founded_on": "2021-03-02",
    "ksic": "J58222",
    "region": "경기도",
    "employees": "24",
    "revenue_krw_y1": "1,200,000,000",
    "assets_krw": "3,000,000,000",
    "contact_name": "김도윤",
    "contact_email": "contact@example.com",
    "contact_phone": "02-555-0100",
    "solution_title": "공장 결함 검출",
    "solution_summary": "생산 현장의 영상으로 결함을 찾습니다.",
    "sector": "제조",
    "foreign_processing_only": "no",
    "spc_link": "SPC에서 추론 서버를 운영합니다.",
    "requested_krw": "600000000",
    "tax_arrears": "no",
    "sanctions": "no",
    "conflict_cleared": "yes",
}


@dataclass(frozen=True)
class Portal:
    """An application on a database, with one call that is open now."""

    app: Flask
    db: Database
    opens_at: datetime
    closes_at: datetime

    def person(self, email: str, *roles: str, investor: str | None = None) -> uuid.UUID:
        return self.db.transaction(
            lambda session: create_person(
                session,
                actor=SYSTEM,
                at=datetime.now(UTC),
                email=email,
                name=email.partition("@")[0],
                roles=roles or (Role.APPLICANT,),
                password_hash=PASSWORD_HASH,
                investor=investor,
            )
        )

    def viewer(self, person_id: uuid.UUID) -> Viewer:
        with self.db.read() as session:
            return load_viewer(session, person_id)

    def company(self, person_id: uuid.UUID, number: str = FIRST_NUMBER, name: str = "온결비전") -> uuid.UUID:
        actor = self.viewer(person_id)
        return self.db.transaction(
            lambda session: actions.register_company(
                session, actor=actor, at=datetime.now(UTC), name=name, business_number=number
            )
        )

    def draft(self, person_id: uuid.UUID, company_id: uuid.UUID, **answers: str) -> uuid.UUID:
        actor, at = self.viewer(person_id), datetime.now(UTC)

        def work(session: Session) -> uuid.UUID:
            key = actions.start_application(session, actor=actor, at=at, call_code=CALL, company_id=company_id)
            if answers:
                actions.save_answers(
                    session, actor=actor, at=at, application_id=key, answers=answers, expected_revision=1
                )
            return key

        return self.db.transaction(work)

    def complete_draft(self, person_id: uuid.UUID, company_id: uuid.UUID, **changes: str) -> uuid.UUID:
        """A draft that lacks nothing, consents and plan included."""
        hours = dict.fromkeys(self.gpu_keys()[:1], "24000")
        key = self.draft(person_id, company_id, **ANSWERS | hours | changes)
        actor, at = self.viewer(person_id), datetime.now(UTC)

        def agree(session: Session) -> None:
            for purpose in PURPOSES:
                actions.record_consent(
                    session, actor=actor, at=at, application_id=key, purpose=purpose.key, given=purpose.required
                )

        self.db.transaction(agree)
        self.db.transaction(lambda session: attach_plan(session, actor, at, company_id, key))
        return key

    def submitted(self, person_id: uuid.UUID, company_id: uuid.UUID, **changes: str) -> uuid.UUID:
        key = self.complete_draft(person_id, company_id, **changes)
        actor, at = self.viewer(person_id), datetime.now(UTC)
        self.db.transaction(
            lambda session: actions.submit_application(
                session, actor=actor, at=at, application_id=key, key=uuid.uuid4().hex
            )
        )
        return key

    def gpu_keys(self) -> list[str]:
        with self.db.read() as session:
            form = get_call(session, CALL).form
        return [part.key for question in form.questions for part in question.parts]

    def close_call(self, ago: timedelta = timedelta(seconds=1)) -> datetime:
        """Move the call's end into the past; return it."""
        closed = datetime.now(UTC).replace(microsecond=0) - ago
        open_example_call(self.db, self.opens_at, closed)
        return closed

    def browser(self, email: str) -> Browser:
        browser = Browser(self.app.test_client())
        browser.post("/account/login", {"email": email, "password": PASSWORD}, page="/account/login")
        return browser

    def token(self, person_id: uuid.UUID, at: datetime | None = None) -> str:
        return self.db.transaction(
            lambda session: issue_token(
                session, actor=SYSTEM, at=at or datetime.now(UTC), person_id=person_id, label="test"
            )
        )

    def api(self, token: str, path: str) -> TestResponse:
        return self.app.test_client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"})


@dataclass(frozen=True)
class Browser:
    """A client that fills in the CSRF token and the hidden fields of the page that a form stands on."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        return self.client.get(path).get_data(as_text=True)

    def hidden(self, page: str) -> dict[str, str]:
        html = self.text(page)
        found = {}
        for name in ("csrf_token", "key", "revision"):
            for tag in re.findall(rf'<input[^>]*name="{name}"[^>]*>', html):
                match = re.search(r'value="([^"]*)"', tag)
                if match:
                    found[name] = match[1]
        return found

    def post(self, path: str, fields: dict[str, str], *, page: str | None = None) -> TestResponse:
        return self.client.post(path, data=self.hidden(page or path) | fields)


def open_example_call(db: Database, opens_at: datetime, closes_at: datetime) -> None:
    file = read_call_file(ROOT / "examples" / "calls" / "2026-1.toml")
    document = file.document | {"opens": opens_at.isoformat(), "closes": closes_at.isoformat()}
    text = f"{file.text}{closes_at.isoformat()}"
    at = datetime.now(UTC)
    db.transaction(lambda session: actions.open_call(session, actor=SYSTEM, at=at, document=document, text=text))


def make_portal(db: Database, app: Flask) -> Portal:
    opens_at = datetime.now(UTC) - timedelta(days=20)
    closes_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=11, hours=1, minutes=30)
    open_example_call(db, opens_at, closes_at)
    return Portal(app, db, opens_at, closes_at)
