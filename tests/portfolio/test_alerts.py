"""Watching grants: when alerts open, worsen and settle, and who is told of them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from booked_use import book_use, cover
from fund_factory import SIGNED, SIGNED_AT, add_person, add_pool, decide, found_fund
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Conflict, Recusal
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.identity.actions import ensure_roles
from fundapp.identity.tables import Role, person_role
from fundapp.intake.tables import Membership
from fundapp.portfolio.actions import acknowledge_alert, sign_award, watch_grants
from fundapp.portfolio.queries import GrantFilter, count_verdicts, list_alerts, list_grants
from fundapp.portfolio.tables import Award, GrantAlert, GrantForecast, MeteringSource, UsageDay, UtilisationDay

FIRST = date(2026, 7, 1)
HOUR = 10_000


@pytest.fixture
def people(db: Database) -> dict[str, Viewer]:
    """An award of 1,000 hours in the third quarter; staff, somebody of the company, and a recused analyst."""

    def work(session: Session) -> dict[str, Viewer]:
        ensure_roles(session)
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 1000)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="none",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )
        made = {
            "Finance": add_person(session, "Finance", "finance"),
            "Recused": add_person(session, "Recused", "analyst"),
            "Owner": add_person(session, "Owner", "applicant"),
            "Stranger": add_person(session, "Stranger", "applicant"),
            "Member": add_person(session, "Member", "committee"),
        }
        roles = {role.name: role.id for role in session.scalars(select(Role))}
        for viewer in made.values():
            session.execute(
                person_role.insert().values(person_id=viewer.person_id, role_id=roles[next(iter(viewer.roles))])
            )
        session.add(Membership(company_id=case.company_id, person_id=made["Owner"].person_id))
        session.add(
            Recusal(
                application_id=case.application_id,
                person_id=made["Recused"].person_id,
                route="self_recusal",
                reason="친족",
                declared_by="test",
                at=SIGNED_AT,
            )
        )
        return made

    return db.transaction(work)


def bill(db: Database, hours_a_day: float, days: int) -> datetime:
    """Book so much use on each of so many days from the first of July; return noon of the day after."""
    at = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) + timedelta(days=days, seconds=hours_a_day)
    use = {FIRST + timedelta(days=day): int(hours_a_day * HOUR) for day in range(days)}
    db.transaction(lambda s: book_use(s, "AW-2026-0001", use, at=at))
    return at


def watch(db: Database, at: datetime) -> tuple[int, int, int, int]:
    found = db.transaction(lambda s: watch_grants(s, actor=SYSTEM, at=at))
    return (found.opened, found.worsened, found.resolved, found.mails)


def alerts(db: Database) -> list[tuple[str, str, str]]:
    with db.read() as session:
        return [(row.kind, row.severity, row.state) for row in list_alerts(session, SYSTEM, with_resolved=True)]


def mails(db: Database) -> list[str]:
    with db.read() as session:
        return sorted(session.scalars(select(OutboxMessage.recipient)))


def test_an_alert_opens_once_worsens_once_and_settles_by_itself(db: Database, people: dict[str, Viewer]) -> None:
    # 20 hours a day: of 1,000 hours 700 are left after 15 days, gone on 20 August, six weeks before the end.
    at = bill(db, 20, 15)
    assert watch(db, at) == (1, 0, 0, 2)
    assert alerts(db) == [("runs_out", "warning", "open")]
    assert watch(db, at + timedelta(hours=1)) == (0, 0, 0, 0)
    # 60 a day: 100 left after 15 days, which is critical.
    at = bill(db, 60, 15)
    assert watch(db, at) == (0, 1, 0, 2)
    assert alerts(db) == [("runs_out", "critical", "open")]
    # The bill is corrected to 10.5 a day: all but a little is used by the end.
    at = bill(db, 10.5, 15)
    assert watch(db, at) == (0, 0, 1, 0)
    assert alerts(db) == [("runs_out", "critical", "resolved")]
    assert len(mails(db)) == 4


def test_staff_and_the_company_are_told_and_a_recused_person_never(db: Database, people: dict[str, Viewer]) -> None:
    watch(db, bill(db, 20, 15))
    assert mails(db) == ["finance@example.org", "owner@example.org"]
    with db.read() as session:
        letter = session.scalars(select(OutboxMessage)).first()
    assert letter is not None
    assert letter.subject == "AX 전략펀드: GPU 배정 알림 1건"
    assert "가온시험 AW-2026-0001 H100 2026Q3: 만료 41일 전에 바닥납니다." in letter.body
    assert "runs out 41 days early; at 20 hours a day nothing is left on 2026-08-20." in letter.body


def test_several_grants_make_one_letter(db: Database, people: dict[str, Viewer]) -> None:
    def second(session: Session) -> None:
        case = decide(
            session, business_number="1248100998", name="나래시험", hours=[(add_pool(session, sku="a100"), 500)]
        )
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="none",
            key="sign-2",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )

    db.transaction(second)
    at = bill(db, 20, 15)
    use = {FIRST + timedelta(days=day): HOUR for day in range(15)}
    db.transaction(lambda s: book_use(s, "AW-2026-0002", use, at=at, sku="a100", scope="/subscriptions/two"))
    assert watch(db, at) == (2, 0, 0, 3)
    with db.read() as session:
        found = {row.recipient: row for row in session.scalars(select(OutboxMessage))}
    assert found["finance@example.org"].subject.endswith("2건")
    assert found["owner@example.org"].subject.endswith("1건")
    assert "가온시험" not in found["recused@example.org"].body  # recused from that one, not from the other


def test_what_exceeds_the_grant_is_a_critical_alert(db: Database, people: dict[str, Viewer]) -> None:
    watch(db, bill(db, 70, 15))  # 1,050 hours of 1,000
    assert alerts(db) == [("over", "critical", "open")]
    with db.read() as session:
        assert list_alerts(session, SYSTEM)[0].figures["overage_e4"] == 50 * HOUR
        assert count_verdicts(session, SYSTEM) == {"over": 1}
        row = list_grants(session, SYSTEM, GrantFilter(verdict="over"))[0]
    assert (row.remaining_e4, row.granted_e4, row.overage_e4) == (0, 1000 * HOUR, 50 * HOUR)


def test_a_grant_without_a_bill_raises_nothing(db: Database, people: dict[str, Viewer]) -> None:
    assert watch(db, datetime(2026, 8, 20, tzinfo=UTC)) == (0, 0, 0, 0)
    with db.read() as session:
        assert count_verdicts(session, SYSTEM) == {"waiting": 1}


def test_a_company_without_use_is_idle_as_far_as_the_export_of_its_scope_reaches(
    db: Database, people: dict[str, Viewer]
) -> None:
    """Used for two days in July; others in the same export used GPUs until the 20th, and its own bill is in it."""
    at = datetime(2026, 7, 21, 12, tzinfo=UTC)
    own = {FIRST: HOUR, FIRST + timedelta(days=1): HOUR}

    def work(session: Session) -> None:
        book_use(session, "AW-2026-0001", own, at=at)
        session.add(
            UsageDay(
                owner="other",
                sku="h100",
                region="koreacentral",
                utc_day=date(2026, 7, 20),
                scope="/subscriptions/two",
                billing_month=FIRST,
                effective_on=FIRST,
                posting=1,
                posted_e4=HOUR,
            )
        )

    def judged(account: str) -> tuple[date | None, int]:
        db.transaction(lambda s: cover(s, {account: {FIRST}}, at=at))
        watch(db, at)
        with db.read() as session:
            row = session.scalars(select(GrantForecast)).one()
        return row.data_through, row.pace_days

    db.transaction(work)
    assert judged("/subscriptions/three") == (date(2026, 7, 2), 2)
    assert judged("/subscriptions/two") == (date(2026, 7, 20), 20)


def test_gpus_that_are_billed_and_do_not_work_are_an_alert_until_they_do(
    db: Database, people: dict[str, Viewer]
) -> None:
    at = bill(db, 10.5, 15)

    def measure(session: Session, idle_hours: int) -> None:
        session.execute(delete(UtilisationDay))
        source = session.scalar(select(MeteringSource)) or MeteringSource(
            name="lab",
            base_url="https://example.org",
            query="DCGM_FI_DEV_GPU_UTIL",
            unit="percent",
            step_seconds=300,
            auth="none",
            award_label="namespace",
            awards={},
            models={},
            changed_by="test",
            changed_at=at,
        )
        session.add(source)
        session.flush()
        award_id = session.scalars(select(Award.id)).one()
        for day in range(8, 15):  # the week that ends with the bill
            session.add(
                UtilisationDay(
                    source_id=source.id,
                    award_id=award_id,
                    sku="h100",
                    utc_day=FIRST + timedelta(days=day),
                    gpus=1,
                    observed_e4=24 * HOUR,
                    busy_permille=300,
                    idle_e4=idle_hours * HOUR,
                    recorded_at=at,
                )
            )

    db.transaction(lambda s: measure(s, 2))  # 14 of 73.5 billed hours: over a tenth
    watch(db, at)
    assert alerts(db) == [("gpu_idle", "warning", "open")]
    db.transaction(lambda s: measure(s, 1))  # 7 of 73.5: under a tenth
    watch(db, at + timedelta(hours=1))
    assert alerts(db) == [("gpu_idle", "warning", "resolved")]


def test_an_acknowledged_alert_keeps_quiet_until_it_gets_worse(db: Database, people: dict[str, Viewer]) -> None:
    at = bill(db, 20, 15)
    watch(db, at)
    with db.read() as session:
        alert_id = session.scalars(select(GrantAlert.id)).one()
    actor = people["Finance"]
    db.transaction(lambda s: acknowledge_alert(s, alert_id=alert_id, reason="학습 일정대로", actor=actor, at=at))
    watch(db, at + timedelta(hours=1))
    assert alerts(db) == [("runs_out", "warning", "acknowledged")]
    watch(db, bill(db, 60, 15))
    assert alerts(db) == [("runs_out", "critical", "open")]


def test_only_staff_who_may_see_the_award_acknowledge_with_a_reason(db: Database, people: dict[str, Viewer]) -> None:
    at = bill(db, 20, 15)
    watch(db, at)
    with db.read() as session:
        alert = session.scalars(select(GrantAlert.id)).one()
        application = session.scalars(select(Conflict.application_id)).one()
    recused = Viewer(uuid.uuid4(), roles=frozenset({"analyst"}), recused_from=frozenset({application}))
    for actor, reason, error in (
        (people["Owner"], "x", ForbiddenError),
        (recused, "x", NotFoundError),
        (people["Finance"], " ", InvalidInputError),
    ):
        with pytest.raises(error):
            db.transaction(lambda s, a=actor, r=reason: acknowledge_alert(s, alert_id=alert, reason=r, actor=a, at=at))  # type: ignore[misc]
    with db.read() as session:
        assert list_alerts(session, recused) == []
        assert list_alerts(session, people["Stranger"]) == []
