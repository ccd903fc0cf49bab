"""Questions of the fund to applicants, asked behind the browser's back for the journeys that answer them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions import ask_applicant, post_comment
from fundapp.committee.queries import load_viewer
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Membership


def ask_for_tables(home: Path, email: str, place: int) -> str:
    """Ask about tables of an application in review that somebody now acts for; return where they answer.

    Args:
        home: The instance's folder.
        email: Of somebody with an account.
        place: Which application in review, from the last one on.
    """
    database = Database(f"sqlite:///{home / 'fund.sqlite3'}")

    def work(session: Session) -> uuid.UUID:
        people = {one.email: one.id for one in session.scalars(select(Person))}
        analyst = load_viewer(session, people["analyst@axfund.example"])
        eligible = select(Application).where(Application.state == "eligible").order_by(Application.number.desc())
        application = session.scalars(eligible.offset(place).limit(1)).one()
        session.add(Membership(company_id=application.company_id, person_id=people[email]))
        at = datetime.now(UTC)
        comment = post_comment(
            session,
            application_id=application.id,
            text="표가 계획서와 다릅니다",
            kind="question",
            visibility="staff",
            named=(),
            reply_to=None,
            key=uuid.uuid4().hex,
            actor=analyst,
            at=at,
        )
        return ask_applicant(
            session,
            comment_id=comment,
            text="핵심 인력과 GPU 신청량을 바로잡아 주세요.",
            due_on=None,
            key=uuid.uuid4().hex,
            actor=analyst,
            at=at,
            questions=["team", "gpu", "solution_title"],
        )

    try:
        return f"/portal/inquiries/{database.transaction(work)}"
    finally:
        database.dispose()
