"""Half now and half after a progress report; three figures kept apart; decisions that nobody signs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from fund_factory import AT, Case, add_person, decide, found_fund
from fund_factory import add_pool as make_pool
from grant_scenes import MID_QUARTER, Q3, World, assert_settled, hours_on, pool_rows, set_up, use
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Submission, Transition
from fundapp.portfolio.actions import (
    FiledReport,
    accept_progress_report,
    expire_grants,
    file_progress_report,
    release_unsigned,
    remind_applicants,
    return_progress_report,
    sign_award,
)
from fundapp.portfolio.queries import award_page, list_progress_reports
from fundapp.portfolio.tables import Award, Grant

UNRELEASED = "unreleased:AW-2026-0001:h100:koreacentral:2026Q3"


def file(db: Database, world: World, key: str = "r1") -> FiledReport:
    return db.transaction(
        lambda s: file_progress_report(
            s, award=world.award, text="학습 절반을 마쳤습니다.", key=key, actor=world.company, at=MID_QUARTER
        )
    )


def test_at_signing_half_is_granted_and_half_waits(db: Database) -> None:
    world = set_up(db, release="half")
    assert (hours_on(db, world.account()), hours_on(db, UNRELEASED)) == (200, 200)
    row = pool_rows(db)["h100", Q3]
    assert (row.granted, row.unreleased, row.promised, row.free) == (2_000_000, 2_000_000, 4_000_000, 6_000_000)
    assert_settled(db)


def test_accepting_the_report_releases_the_second_half_once(db: Database) -> None:
    world = set_up(db, release="half")
    use(db, world.award, 150, date(2026, 7, 20))
    first, again = file(db, world), file(db, world)
    assert first == again
    with db.read() as session:
        report = list_progress_reports(session, world.company)[0]
        assert list_progress_reports(session, world.stranger) == []
    assert (report.statement[0]["used_e4"], report.statement[0]["granted_e4"]) == (1_500_000, 2_000_000)
    released = db.transaction(
        lambda s: accept_progress_report(s, report_id=report.id, note="", actor=world.staff, at=MID_QUARTER)
    )
    assert released == 2_000_000
    assert (hours_on(db, world.account()), hours_on(db, UNRELEASED)) == (250, 0)
    with pytest.raises(TransitionRefusedError):
        db.transaction(
            lambda s: accept_progress_report(s, report_id=report.id, note="", actor=world.staff, at=MID_QUARTER)
        )
    assert_settled(db)


def test_a_report_is_returned_with_a_reason_and_can_be_filed_again(db: Database) -> None:
    world = set_up(db, release="half")
    file(db, world)
    with db.read() as session:
        report = list_progress_reports(session, world.staff, state="filed")[0]

    def give_back(reason: str) -> None:
        db.transaction(
            lambda s: return_progress_report(s, report_id=report.id, reason=reason, actor=world.staff, at=MID_QUARTER)
        )

    with pytest.raises(InvalidInputError):
        give_back(" ")
    give_back("사용 내역이 없습니다")
    assert hours_on(db, UNRELEASED) == 200
    file(db, world, "r2")
    with db.read() as session:
        assert {one.number: one.state for one in list_progress_reports(session, world.staff)} == {
            1: "returned",
            2: "filed",
        }
        mails = session.scalars(select(OutboxMessage.recipient)).all()
    assert mails == ["han@example.org"]


def test_a_missing_report_is_spoken_of_before_the_last_usable_day_and_a_filed_one_is_not(db: Database) -> None:
    world = set_up(db, release="half")
    with db.read() as session:
        last = session.scalars(select(Grant.usable_until)).one()

    def told(days_before: int) -> int:
        at = datetime(last.year, last.month, last.day, 0, 30, tzinfo=UTC) - timedelta(days=days_before)
        return db.transaction(lambda s: remind_applicants(s, actor=SYSTEM, at=at, public_url="https://fund.example"))[
            "reports"
        ]

    assert [told(days) for days in (15, 14, 14, 4)] == [0, 1, 0, 0]
    file(db, world)
    assert told(3) == 0
    with db.read() as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("report-due:"))).one()
    assert (sent.recipient, sent.subject) == ("han@example.org", "[AW-2026-0001] 진행 보고 기한이 14일 뒤입니다")
    assert "https://fund.example/portal/grants/AW-2026-0001/report" in sent.body
    assert f"DTSTART;VALUE=DATE:{last:%Y%m%d}\r\n" in (sent.calendar or "")


def test_another_company_cannot_file_and_nobody_accepts_their_own_report(db: Database) -> None:
    world = set_up(db, release="half")
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda s: file_progress_report(
                s, award=world.award, text="x", key="r9", actor=world.stranger, at=MID_QUARTER
            )
        )
    file(db, world)
    with db.read() as session:
        report = list_progress_reports(session, world.staff)[0]
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda s: accept_progress_report(s, report_id=report.id, note="", actor=world.company, at=MID_QUARTER)
        )


def test_nobody_answers_a_report_they_filed(db: Database) -> None:
    world = set_up(db, release="half")
    both = replace(world.company, roles=world.company.roles | {"finance"})
    db.transaction(
        lambda s: file_progress_report(s, award=world.award, text="보고", key="r1", actor=both, at=MID_QUARTER)
    )
    with db.read() as session:
        report = list_progress_reports(session, world.staff)[0]
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: accept_progress_report(s, report_id=report.id, note="", actor=both, at=MID_QUARTER))


def test_unreleased_hours_lapse_with_their_grant(db: Database) -> None:
    world = set_up(db, release="half")
    after = datetime(2026, 10, 2, tzinfo=UTC)
    done = db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=after))
    again = db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=after))
    assert (done.grants, done.hours_e4, again.grants) == (1, {"h100": 4_000_000}, 0)
    assert (hours_on(db, UNRELEASED), hours_on(db, world.account()), hours_on(db, "expired:microsoft:h100")) == (
        0,
        0,
        400,
    )
    assert pool_rows(db)["h100", Q3].expired == 4_000_000
    assert_settled(db)


def test_requested_and_awarded_stand_side_by_side_and_a_grant_without_a_plan_has_no_recommendation(
    db: Database,
) -> None:
    def work(session: Session) -> str:
        found_fund(session)
        pool = make_pool(session)
        case = decide(session, hours=[(pool, 400)])
        session.add(
            Submission(
                application_id=case.application_id,
                version=1,
                answers={"gpu_h100_2026Q3": "1200.5", "gpu_h100_2026Q4": "9"},
                sha256="0" * 64,
                submitted_at=AT,
                submitted_by="test",
            )
        )
        session.flush()
        return sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="k",
            actor=SYSTEM,
            at=datetime(2026, 7, 1, 3, tzinfo=UTC),
            signed_on=date(2026, 6, 20),
        ).number

    number = db.transaction(work)
    with db.read() as session:
        grant = award_page(session, SYSTEM, number).grants[0]
    assert (grant.requested_e4, grant.recommended_e4, grant.awarded_e4) == (12_005_000, None, 4_000_000)


def test_a_decision_that_nobody_signs_gives_its_hours_back_and_ends_the_application(db: Database) -> None:
    def work(session: Session) -> tuple[Case, Viewer, Viewer]:
        found_fund(session)
        case = decide(session, hours=[(make_pool(session), 400)])
        return case, add_person(session, "Chair", "chair"), add_person(session, "Analyst", "analyst")

    case, chair, analyst = db.transaction(work)
    assert pool_rows(db)["h100", Q3].held == 4_000_000

    def lapse(actor: Viewer, reason: str = "기업이 협약을 원하지 않음") -> int:
        return db.transaction(
            lambda s: release_unsigned(s, decision_id=case.decision_id, reason=reason, actor=actor, at=MID_QUARTER)
        )

    with pytest.raises(NotFoundError):
        lapse(analyst)
    with pytest.raises(InvalidInputError):
        lapse(chair, " ")
    assert lapse(chair) == 1
    row = pool_rows(db)["h100", Q3]
    assert (row.held, row.free) == (0, 10_000_000)
    with db.read() as session:
        assert session.scalars(select(Application.state)).one() == "withdrawn"
        last = session.scalars(select(Transition).order_by(Transition.at.desc())).first()
        assert last is not None
        assert (last.verb, last.reason) == ("lapse", "기업이 협약을 원하지 않음")
        assert session.scalars(select(Award)).all() == []
    with pytest.raises(TransitionRefusedError):
        lapse(chair)
    assert_settled(db)
