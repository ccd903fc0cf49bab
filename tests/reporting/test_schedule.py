"""The calendar: drafts on the first business day, reminders before the sixtieth day, word of an approval."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fund_factory import Use, add_person, add_pool, decide, found_fund, write_usage
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from fundapp import jobs
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FourEyesError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.identity.tables import Role as RoleRow
from fundapp.portfolio.actions import import_usage
from fundapp.reporting.actions import draft_report, freeze_quarter, remind_delivery, sign_report, tell_approved
from fundapp.reporting.calendar import delivery_day, draft_day, is_business_day, mailing_day, reminder_of
from fundapp.reporting.tables import FrozenQuarter, ReportFile

Q3 = Quarter(2026, 3)
URL = "https://fund.example"


@pytest.mark.parametrize(
    ("quarter", "day"),
    [
        # 1 October 2026 is an ordinary Thursday; 1 January is a holiday and 2 January 2027 a Saturday.
        (Quarter(2026, 3), date(2026, 10, 1)),
        (Quarter(2026, 4), date(2027, 1, 4)),
        # 1 April 2028 is a Saturday; 1 July 2028 as well.
        (Quarter(2028, 1), date(2028, 4, 3)),
        (Quarter(2028, 2), date(2028, 7, 3)),
    ],
)
def test_the_draft_is_due_on_the_first_korean_business_day_after_the_quarter(quarter: Quarter, day: date) -> None:
    assert draft_day(quarter) == day


def test_holidays_of_the_korean_calendar_are_known() -> None:
    # The Day of Foundation 2026 is a Saturday and moves to Monday the 5th; Chuseok 2026 is 24 to 26 September.
    assert [is_business_day(date(2026, 10, day)) for day in (2, 3, 5, 6, 9)] == [True, False, False, True, False]
    assert not any(is_business_day(date(2026, 9, day)) for day in (24, 25, 26))
    assert not is_business_day(date(2026, 5, 1))


@pytest.mark.parametrize(
    ("schedule", "today", "due"),
    [
        ("monday", date(2026, 10, 1), date(2026, 9, 28)),
        # Monday 5 October 2026 stands in for the Day of Foundation; Chuseok of 2025 closes Monday to Thursday.
        ("monday", date(2026, 10, 5), date(2026, 10, 6)),
        ("monday", date(2025, 10, 8), date(2025, 10, 10)),
        ("month", date(2026, 5, 20), date(2026, 5, 4)),
        ("month", date(2027, 1, 1), date(2027, 1, 4)),
        ("quarter", date(2028, 5, 1), date(2028, 4, 3)),
    ],
)
def test_a_mail_by_the_calendar_is_due_on_the_first_business_day(schedule: str, today: date, due: date) -> None:
    assert mailing_day(schedule, today) == due


def test_delivery_is_sixty_days_after_the_quarter() -> None:
    assert delivery_day(Q3) == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("day", "which"),
    [
        ("2026-11-14", None),
        ("2026-11-15", "14"),
        ("2026-11-25", "14"),
        ("2026-11-26", "3"),
        ("2026-11-29", "3"),
        ("2026-11-30", "overdue"),
    ],
)
def test_reminders_come_as_the_day_does(day: str, which: str | None) -> None:
    assert reminder_of(Q3, date.fromisoformat(day)) == which


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_PUBLIC_URL": URL})


def at(day: str) -> datetime:
    """Noon in Seoul."""
    return datetime.fromisoformat(f"{day}T03:00:00+00:00").astimezone(UTC)


def hold_role(session: Session, name: str, role: str, investor: str | None = None) -> Viewer:
    viewer = add_person(session, name, role, investor=investor)
    person = session.get_one(Person, viewer.person_id)
    row = session.scalars(select(RoleRow).where(RoleRow.name == role)).one_or_none() or RoleRow(name=role)
    person.roles.append(row)
    session.flush()
    return viewer


def people(db: Database) -> tuple[Viewer, Viewer, Viewer]:
    """A fund, and somebody of finance and of each partner."""

    def work(session: Session) -> tuple[Viewer, Viewer, Viewer]:
        found_fund(session)
        decide(session, hours=[(add_pool(session), 400)])
        return (
            hold_role(session, "Han", "finance"),
            hold_role(session, "Kim", "partner", "kt"),
            hold_role(session, "Lee", "partner", "microsoft"),
        )

    return db.transaction(work)


def letters(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.dedupe_key))
        return [(row.recipient, row.dedupe_key.split(":", 2)[2]) for row in rows]


def bodies(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(OutboxMessage.body)))


def test_the_clock_drafts_the_quarter_builds_its_files_and_tells_finance(db: Database, settings: Settings) -> None:
    people(db)
    assert jobs.run_job(db, settings, "draft-report", at("2027-01-03")).result == {"drafted": None}
    done = jobs.run_job(db, settings, "draft-report", at("2027-01-04"))
    assert done.result == {"drafted": "2026Q4", "quarter": "2026Q4", "version": 1, "refused": None, "told": 1}
    assert letters(db) == [("han@example.org", "draft:han@example.org")]
    assert bodies(db)[0].endswith(f"{URL}/partners/reports/2026Q4/v1\n")
    with db.read() as session:
        assert "report-2026Q4-v1-ko.pdf" in set(session.scalars(select(ReportFile.name)))
    assert jobs.run_job(db, settings, "draft-report", at("2027-01-05")).result == {"drafted": None}


def test_a_check_in_the_way_is_told_once_and_the_next_day_tries_again(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    people(db)
    lost = write_usage(tmp_path / "lost.csv", [Use(date(2026, 8, 4), "4", tag="")])
    import_usage(db, lost, actor=SYSTEM, at=at("2026-09-01"))
    for day in ("2026-10-01", "2026-10-02"):
        result = jobs.run_job(db, settings, "draft-report", at(day)).result
        assert (result["version"], result["told"]) == (None, 1)
    assert len(letters(db)) == 1
    assert "주인을 모르는 GPU 사용" in bodies(db)[0]
    with db.read() as session:
        assert session.scalars(select(FrozenQuarter)).all() == []


def test_no_draft_is_made_while_the_quarters_last_utc_day_still_runs(db: Database) -> None:
    people(db)
    drafted = [
        db.transaction(lambda s, hour=hour: draft_report(s, actor=SYSTEM, at=hour, public_url=URL))  # type: ignore[misc]
        for hour in (datetime(2026, 9, 30, 23, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    ]
    assert [one and one.quarter for one in drafted] == [None, "2026Q3"]


def test_without_a_fund_the_clock_drafts_nothing(db: Database, settings: Settings) -> None:
    assert jobs.run_job(db, settings, "draft-report", at("2026-10-01")).result == {"drafted": None}


def test_no_draft_is_due_for_a_quarter_before_the_fund_began(db: Database, settings: Settings) -> None:
    people(db)
    assert jobs.run_job(db, settings, "draft-report", at("2026-01-15")).result == {"drafted": None}
    assert db.transaction(lambda s: remind_delivery(s, at=at("2026-03-20"), public_url=URL)) == 0


def test_those_who_have_not_signed_are_reminded_each_time_once(db: Database) -> None:
    han, kim, _ = people(db)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=at("2026-10-01")))
    for who, side in ((han, "fund"), (kim, "kt")):
        db.transaction(
            lambda s, who=who, side=side: sign_report(
                s, quarter=Q3, version=1, side=side, actor=who, at=at("2026-10-05")
            )
        )
    for day in ("2026-11-10", "2026-11-15", "2026-11-16", "2026-11-26", "2026-12-01", "2026-12-02"):
        db.transaction(lambda s, day=day: remind_delivery(s, at=at(day), public_url=URL))
    assert [key for _, key in letters(db)] == [f"due:{which}:lee@example.org" for which in ("14", "3", "overdue")]


def test_an_approved_report_reminds_nobody_and_its_approval_is_told_with_a_link(db: Database) -> None:
    everyone = people(db)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=at("2026-10-01")))
    for who, side in zip(everyone, ("fund", "kt", "microsoft"), strict=True):
        db.transaction(
            lambda s, who=who, side=side: sign_report(
                s, quarter=Q3, version=1, side=side, actor=who, at=at("2026-10-05")
            )
        )
    told = db.transaction(lambda s: tell_approved(s, quarter=Q3, version=1, at=at("2026-10-05"), public_url=URL))
    assert told == 3
    assert db.transaction(lambda s: remind_delivery(s, at=at("2026-11-15"), public_url=URL)) == 0
    assert [recipient for recipient, _ in letters(db)] == ["han@example.org", "kim@example.org", "lee@example.org"]
    assert {body.rpartition("\n\n")[2] for body in bodies(db)} == {f"{URL}/partners/reports/2026Q3/v1\n"}


def test_one_person_signs_for_one_side_only(db: Database) -> None:
    def work(session: Session) -> Viewer:
        found_fund(session)
        return add_person(session, "Both", "finance", "partner", investor="kt")

    both = db.transaction(work)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=at("2026-10-01")))
    db.transaction(lambda s: sign_report(s, quarter=Q3, version=1, side="fund", actor=both, at=at("2026-10-02")))
    with pytest.raises(FourEyesError):
        db.transaction(lambda s: sign_report(s, quarter=Q3, version=1, side="kt", actor=both, at=at("2026-10-02")))
