"""A small invented committee: people, a call, applications with frozen answers and scorecards."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee import actions
from fundapp.committee.queries import load_viewer, members
from fundapp.committee.rules import CRITERIA, Choice, GpuLine, ProposedCondition, Rating
from fundapp.committee.tables import Assignment, MeetingPledge
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person, Role
from fundapp.intake.listing import list_submissions
from fundapp.intake.tables import Application, Call, Company, Membership, Submission
from fundapp.screening.tables import RubricVersion, Scorecard

AT = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
MEETING_DAY = date(2026, 6, 4)
CALL = "AX-T"
T = TypeVar("T")


def do(db: Database, work: Callable[[Session], T]) -> T:
    """Run one transaction."""
    return db.transaction(work)


def add_person(session: Session, name: str, *roles: str) -> uuid.UUID:
    rows = []
    for role in roles:
        row = session.scalars(select(Role).where(Role.name == role)).one_or_none()
        if row is None:
            row = Role(name=role)
            session.add(row)
            session.flush()
        rows.append(row)
    person = Person(email=f"{name.lower()}@example.org", name=name, created_at=AT, confirmed_at=AT, roles=rows)
    session.add(person)
    session.flush()
    return person.id


def person(db: Database, name: str, *roles: str) -> Viewer:
    """Add somebody and return them as they come through the door."""
    person_id = do(db, lambda s: add_person(s, name, *roles))
    return look(db, person_id)


def look(db: Database, person_id: uuid.UUID | None) -> Viewer:
    """Return a person as they come through the door now."""
    assert person_id is not None
    with db.read() as session:
        return load_viewer(session, person_id)


def committee(db: Database, count: int) -> list[Viewer]:
    """Add a chair and members: `count` seats in all."""
    seats = [person(db, "Chair", "chair")]
    return seats + [person(db, f"Member{n}", "committee") for n in range(1, count)]


def open_call(session: Session, **document: object) -> uuid.UUID:
    known = session.scalars(select(Call).where(Call.code == CALL)).one_or_none()
    if known is not None:
        return known.id
    call = Call(
        code=CALL,
        title_ko="시험 공모",
        title_en="Test call",
        opens_at=AT - timedelta(days=60),
        closes_at=AT - timedelta(days=20),
        document=document,
        document_sha256="0" * 64,
        created_at=AT,
    )
    session.add(call)
    session.flush()
    return call.id


def add_application(
    session: Session,
    ordinal: int,
    *,
    name: str | None = None,
    state: str = "eligible",
    score: int | None = 700,
    company_class: str = "sme",
    **answers: object,
) -> uuid.UUID:
    """Add an application with its frozen submission and, unless `score` is None, a scorecard."""
    call_id = open_call(session)
    company = Company(identifier=f"{ordinal:010d}", name=name or f"회사{ordinal}", region="경기도", created_at=AT)
    session.add(company)
    session.flush()
    content = {"solution_title": f"과제{ordinal}", "sector": "제조", "region": "경기도", **answers}
    application = Application(
        number=f"{CALL}-{ordinal:04d}",
        call_id=call_id,
        company_id=company.id,
        state=state,
        answers=content,
        created_at=AT,
        updated_at=AT,
    )
    session.add(application)
    session.flush()
    submission = Submission(
        application_id=application.id,
        version=1,
        answers=content,
        sha256="1" * 64,
        submitted_at=AT,
        submitted_by="applicant",
    )
    session.add(submission)
    session.flush()
    if score is not None:
        add_score(session, application.id, submission.id, score, company_class=company_class)
    list_submissions(session, [application.id])
    return application.id


def add_version(session: Session, application_id: uuid.UUID, **changes: object) -> None:
    """Freeze one more version of an application, with some answers changed."""
    application = session.get_one(Application, application_id)
    session.add(
        Submission(
            application_id=application_id,
            version=2,
            answers={**application.answers, **changes},
            sha256="4" * 64,
            submitted_at=AT,
            submitted_by="applicant",
        )
    )
    session.flush()


def add_score(
    session: Session, application_id: uuid.UUID, submission_id: uuid.UUID, score: int, *, company_class: str
) -> None:
    if session.get(RubricVersion, "2" * 64) is None:
        session.add(RubricVersion(sha256="2" * 64, version="t", text="t", first_used_at=AT))
        session.flush()
    session.add(
        Scorecard(
            application_id=application_id,
            submission_id=submission_id,
            version=1,
            total_tenths=score,
            verdict="pass",
            document={},
            facts={"company_class": company_class},
            inputs_sha256="3" * 64,
            rubric="t",
            rubric_sha256="2" * 64,
            code_version="t",
            scored_at=AT,
            actor="system",
        )
    )
    session.flush()


def application(db: Database, ordinal: int, **options: object) -> uuid.UUID:
    return do(db, lambda s: add_application(s, ordinal, **options))


def assign(db: Database, application_id: uuid.UUID, *reviewers: Viewer) -> None:
    def work(session: Session) -> None:
        for reviewer in reviewers:
            assert reviewer.person_id is not None
            session.add(
                Assignment(application_id=application_id, person_id=reviewer.person_id, assigned_by="test", at=AT)
            )

    do(db, work)


def join(db: Database, application_id: uuid.UUID, who: Viewer) -> None:
    """Make somebody act for the applicant company."""

    def work(session: Session) -> None:
        assert who.person_id is not None
        company_id = session.get_one(Application, application_id).company_id
        session.add(Membership(company_id=company_id, person_id=who.person_id))

    do(db, work)


def ratings(points: int | None = 4, reason: str = "근거를 확인함") -> list[Rating]:
    return [Rating(criterion.key, points, reason) for criterion in CRITERIA]


def review(
    db: Database, who: Viewer, application_id: uuid.UUID, points: int | None = 4, *, key: str | None = None
) -> None:
    do(
        db,
        lambda s: actions.file_review(
            s,
            actor=who,
            application_id=application_id,
            ratings=ratings(points),
            note=None,
            key=key or f"review:{who.person_id}:{application_id}",
            at=AT,
        ),
    )


def recuse(db: Database, application_id: uuid.UUID, who: Viewer) -> Viewer:
    """Let somebody recuse themselves and return them as they come through the door afterwards."""
    assert who.person_id is not None
    person_id = who.person_id
    do(
        db,
        lambda s: actions.declare_conflict(
            s,
            application_id=application_id,
            person_id=person_id,
            route="self_recusal",
            reason="이전 직장",
            actor=who,
            at=AT,
        ),
    )
    return look(db, person_id)


def meeting(db: Database) -> uuid.UUID:
    return do(
        db,
        lambda s: actions.schedule_meeting(
            s, call_code=CALL, title="제1회 투자심의위원회", held_on=MEETING_DAY, actor=SYSTEM, at=AT
        ),
    )


def ballot(
    db: Database,
    application_id: uuid.UUID,
    *,
    krw: int = 100_000_000,
    lines: tuple[GpuLine, ...] = (),
    conditions: tuple[str | ProposedCondition, ...] = (),
    hold_key: str | None = None,
    pledged: bool = True,
) -> uuid.UUID:
    """Put an application to the vote; everybody who is in office by then has signed for it."""
    meeting_id = meeting(db)

    def work(session: Session) -> uuid.UUID:
        ballot_id = actions.propose(
            session,
            meeting_id=meeting_id,
            application_id=application_id,
            krw=krw,
            gpu_lines=lines,
            conditions=[ProposedCondition(one) if isinstance(one, str) else one for one in conditions],
            hold_key=hold_key,
            actor=SYSTEM,
            at=AT,
        )
        if pledged:
            session.add_all(
                MeetingPledge(
                    meeting_id=meeting_id, person_id=seat.person_id, application_id=application_id, signed_at=AT
                )
                for seat in members(session)
                if not session.scalar(
                    select(MeetingPledge.id).where(
                        MeetingPledge.person_id == seat.person_id, MeetingPledge.application_id == application_id
                    )
                )
            )
        return ballot_id

    return do(db, work)


def vote(
    db: Database,
    ballot_id: uuid.UUID,
    who: Viewer,
    choice: Choice,
    *,
    reason: str = "근거가 약함",
    secret: str | None = None,
    at: datetime = AT,
) -> None:
    do(
        db,
        lambda s: actions.cast_vote(
            s,
            ballot_id=ballot_id,
            choice=choice,
            key=f"vote:{ballot_id}:{who.person_id}",
            actor=who,
            at=at,
            reason=reason if choice != "yes" and not secret else "",
            secret=secret,
        ),
    )


def close(db: Database, ballot_id: uuid.UUID, who: Viewer, *, key: str = "close") -> actions.DecisionSummary:
    return do(db, lambda s: actions.close_ballot(s, ballot_id=ballot_id, key=key, actor=who, at=AT))


def tell(db: Database, stager: Viewer, approver: Viewer) -> None:
    """Send the letters about everything that has been decided."""

    def work(session: Session) -> None:
        batch = actions.stage_letters(
            session, call_code=CALL, outcomes=["carried", "rejected"], key="tell", actor=stager, at=AT
        )
        actions.approve_batch(session, batch_id=batch, actor=approver, at=AT)
        actions.send_batch(session, batch_id=batch, key="told", actor=stager, at=AT)

    do(db, work)
