"""Closing a quarter: one person goes through it, another confirms, and the last signature never closes it alone."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fund_factory import SIGNED_AT, Use, add_person, add_pool, decide, found_fund, write_usage
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, LedgerRefusedError, TransitionRefusedError
from fundapp.core.quantities import won
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books, hold, post
from fundapp.ledger.rules import Leg
from fundapp.ledger.tables import Period
from fundapp.portfolio.actions import disburse_tranche, import_usage, prepare_tranche, sign_award
from fundapp.portfolio.tables import Tranche, UsageDay
from fundapp.reporting.actions import (
    confirm_close,
    explain_line,
    freeze_quarter,
    load_index,
    prepare_close,
    sign_report,
    withdraw_close,
)
from fundapp.reporting.close_checks import close_lines, closed_through
from fundapp.reporting.close_pages import close_page, list_closes
from fundapp.reporting.close_rules import CloseRefusedError, Line, Missing

Q3 = Quarter(2026, 3)
AFTER = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
LAST = date(2026, 9, 30)


class Fund:
    """A fund with one award, half paid, whose use of the third quarter is on record; earlier quarters are closed."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db

        def work(session: Session) -> tuple[object, Viewer, Viewer, dict[str, Viewer]]:
            found_fund(session)
            case = decide(session, hours=[(add_pool(session), 400)])
            one, two = (add_person(session, name, "finance") for name in ("Han", "Seo"))
            partners = {code: add_person(session, code, "partner", investor=code) for code in ("kt", "microsoft")}
            return case.decision_id, one, two, partners

        decision, self.one, self.two, self.partners = db.transaction(work)

        def sign(session: Session) -> None:
            options = {"instrument": "RCPS", "key": "s", "actor": SYSTEM, "at": SIGNED_AT}
            sign_award(session, decision_id=decision, signed_on=date(2026, 7, 1), **options)  # type: ignore[arg-type]

        db.transaction(sign)
        with db.read() as session:
            first = session.scalars(select(Tranche.id).where(Tranche.number == 1)).one()
        paid = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
        db.transaction(lambda s: prepare_tranche(s, tranche_id=first, evidence="x", actor=self.one, at=paid))
        db.transaction(lambda s: disburse_tranche(s, tranche_id=first, key="d", actor=self.two, at=paid))
        rows = [Use(date(2026, 8, 3), "12"), Use(LAST, "3")]
        import_usage(db, write_usage(folder / "usage.csv", rows), actor=SYSTEM, at=AFTER)
        db.transaction(lambda s: close_books(s, through=date(2026, 6, 30), actor=SYSTEM, at=AFTER))

    def freeze(self) -> None:
        self.db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER))

    def sign_all(self) -> None:
        for side, actor in [("fund", self.one), *self.partners.items()]:
            self.db.transaction(
                lambda s, side=side, actor=actor: sign_report(  # type: ignore[misc]
                    s, quarter=Q3, version=1, side=side, actor=actor, at=AFTER
                )
            )

    def explain(self, item: str) -> None:
        self.db.transaction(lambda s: explain_line(s, quarter=Q3, item=item, note="첫 분기", actor=self.one, at=AFTER))

    def prepare(self, actor: Viewer) -> None:
        self.db.transaction(lambda s: prepare_close(s, quarter=Q3, actor=actor, at=AFTER))

    def confirm(self, actor: Viewer) -> bool:
        return self.db.transaction(lambda s: confirm_close(s, quarter=Q3, actor=actor, at=AFTER))

    def open_lines(self) -> list[str]:
        with self.db.read() as session:
            return [line.key for line in close_lines(session, Q3, at=AFTER) if not line.ok]

    def closed(self) -> date | None:
        with self.db.read() as session:
            return closed_through(session)


@pytest.fixture
def fund(db: Database, tmp_path: Path) -> Fund:
    return Fund(db, tmp_path)


def test_a_quarter_closes_when_two_people_and_all_three_sides_have_said_yes(fund: Fund) -> None:
    assert fund.open_lines() == ["marks", "report"]
    with pytest.raises(CloseRefusedError, match="AW-2026-0001 has no mark for 2026Q3"):
        fund.prepare(fund.one)
    fund.explain("marks")
    fund.freeze()
    fund.prepare(fund.one)
    with pytest.raises(FourEyesError):
        fund.confirm(fund.one)
    assert fund.confirm(fund.two) is False
    assert fund.closed() == date(2026, 6, 30)
    fund.sign_all()
    assert fund.closed() == LAST
    with fund.db.read() as session:
        page = close_page(session, fund.one, Q3, at=AFTER)
        sealed = session.scalars(select(Period.sha256).where(Period.ends_on == LAST)).one()
    assert [step.step for step in page.steps] == ["prepared", "confirmed", "closed"]
    assert (page.row.state, page.row.sha256) == ("closed", sealed)


def test_signatures_alone_are_kept_but_close_nothing_until_a_second_person_confirms(fund: Fund) -> None:
    fund.freeze()
    fund.sign_all()
    assert fund.closed() == date(2026, 6, 30)
    assert fund.open_lines() == ["marks"]
    fund.explain("marks")
    fund.prepare(fund.one)
    assert fund.confirm(fund.two) is True
    assert fund.closed() == LAST


def test_a_note_counts_only_while_the_same_things_are_missing(fund: Fund) -> None:
    fund.explain("marks")
    assert fund.open_lines() == ["report"]

    def wait(session: Session) -> None:
        legs = [Leg("pool:kt", "bank:fund", won(1))]
        hold(session, key="h", kind="reserve", legs=legs, effective_on=LAST, actor=SYSTEM, at=AFTER)

    fund.db.transaction(wait)
    assert fund.open_lines() == ["holds", "report"]
    fund.explain("holds")

    def another(session: Session) -> None:
        legs = [Leg("pool:kt", "bank:fund", won(2))]
        hold(session, key="h2", kind="reserve", legs=legs, effective_on=LAST, actor=SYSTEM, at=AFTER)

    fund.db.transaction(another)
    assert fund.open_lines() == ["holds", "report"]


def test_use_of_nobody_known_cannot_be_explained_away(fund: Fund, tmp_path: Path) -> None:
    rows = [Use(date(2026, 8, 3), "12"), Use(LAST, "3"), Use(date(2026, 8, 4), "5", tag="")]
    import_usage(fund.db, write_usage(tmp_path / "more.csv", rows), actor=SYSTEM, at=AFTER)
    assert fund.open_lines() == ["suspense", "marks", "report"]
    with pytest.raises(InvalidInputError):
        fund.explain("suspense")


def usage_gaps(fund: Fund) -> list[str]:
    with fund.db.read() as session:
        line = next(line for line in close_lines(session, Q3, at=AFTER) if line.key == "usage")
    return [one.text_en for one in line.missing]


def test_a_month_that_an_account_misses_in_the_middle_blocks_the_close_by_name(fund: Fund, tmp_path: Path) -> None:
    """The second account has July and September; the first, and the award's newest day, are complete."""
    for month, rows in {
        "july": [Use(date(2026, 7, 20), "1", account="/subscriptions/two")],
        "september": [Use(LAST, "3"), Use(date(2026, 9, 2), "1", account="/subscriptions/two")],
    }.items():
        import_usage(fund.db, write_usage(tmp_path / f"{month}.csv", rows), actor=SYSTEM, at=AFTER)
    assert usage_gaps(fund) == ["no usage record of /subscriptions/two (AW-2026-0001) for 2026-08"]
    assert fund.open_lines() == ["usage", "marks", "report"]
    late = [Use(date(2026, 8, 9), "1", account="/subscriptions/two"), Use(date(2026, 8, 3), "12")]
    import_usage(fund.db, write_usage(tmp_path / "august.csv", late), actor=SYSTEM, at=AFTER)
    assert usage_gaps(fund) == []


def test_an_account_is_covered_as_far_as_any_of_its_export_is(fund: Fund, tmp_path: Path) -> None:
    """Nothing was used by the second account on the quarter's last day, and its export says so."""
    rows = [Use(LAST, "3"), Use(date(2026, 9, 2), "1", account="/subscriptions/two")]
    import_usage(fund.db, write_usage(tmp_path / "both.csv", rows), actor=SYSTEM, at=AFTER)
    assert usage_gaps(fund) == []


def test_an_account_that_the_newest_bills_no_longer_name_is_not_taken_for_idle(fund: Fund, tmp_path: Path) -> None:
    rows = [Use(date(2026, 8, 3), "12"), Use(date(2026, 8, 9), "1", account="/subscriptions/two")]
    import_usage(fund.db, write_usage(tmp_path / "august.csv", rows), actor=SYSTEM, at=AFTER)
    assert usage_gaps(fund) == ["no usage record of /subscriptions/two (AW-2026-0001) for 2026-09"]


def test_a_month_stated_before_it_was_over_waits_for_a_later_export(fund: Fund, tmp_path: Path) -> None:
    july = [Use(date(2026, 7, 9), "1")]
    early = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
    import_usage(fund.db, write_usage(tmp_path / "early.csv", july), actor=SYSTEM, at=early)
    assert usage_gaps(fund) == [
        "usage of /subscriptions/one (AW-2026-0001) for 2026-07 was stated before the month was over"
    ]
    july.append(Use(date(2026, 7, 31), "1"))
    import_usage(fund.db, write_usage(tmp_path / "whole.csv", july), actor=SYSTEM, at=AFTER)
    assert usage_gaps(fund) == []


def test_books_that_changed_after_the_freeze_ask_for_a_new_one(fund: Fund) -> None:
    fund.freeze()
    fund.sign_all()

    def late(session: Session) -> None:
        legs = [Leg("pool:kt", "bank:fund", won(1))]
        post(session, key="late", kind="fee", legs=legs, effective_on=LAST, actor=SYSTEM, at=AFTER)

    fund.db.transaction(late)
    with fund.db.read() as session:
        report = next(line for line in close_lines(session, Q3, at=AFTER) if line.key == "report")
    assert [one.text_en for one in report.missing] == ["the books have changed since: freeze the report again"]


def test_an_index_loaded_after_the_freeze_leaves_the_books_as_they_were(fund: Fund) -> None:
    fund.freeze()
    fund.sign_all()
    index = b"date,close\n2026-09-29,2500\n2026-09-30,2600\n"
    fund.db.transaction(lambda s: load_index(s, content=index, name="KOSPI", source="KRX", actor=SYSTEM, at=AFTER))
    assert fund.open_lines() == ["marks"]


def test_an_earlier_quarter_and_a_running_one_stand_in_the_way(fund: Fund) -> None:
    with fund.db.read() as session:
        lines = {line.key: line for line in close_lines(session, Quarter(2026, 4), at=AFTER)}
    assert [one.ref for one in lines["earlier"].missing] == ["2026Q3"]
    assert [one.ref for one in lines["over"].missing] == ["2026Q4"]


def test_a_quarter_is_over_when_its_last_utc_day_is_and_names_that_day(fund: Fund) -> None:
    """At nine in the morning in Seoul: until then GPU time of the quarter's last UTC day is still being used."""
    found = []
    for hour in (23, 24):
        at = datetime(2026, 9, 30, 0, 0, tzinfo=UTC) + timedelta(hours=hour)
        with fund.db.read() as session:
            page = close_page(session, fund.one, Q3, at=at)
        found.append((page.row.state, [one.text_en for one in page.lines[0].missing]))
    assert found == [("running", ["the quarter ends with 2026-09-30 (UTC)"]), ("open", [])]


def test_an_award_without_use_is_named_with_the_quarters_own_last_day(db: Database) -> None:
    def work(session: Session) -> uuid.UUID:
        found_fund(session)
        return decide(session, hours=[(add_pool(session), 400)]).decision_id

    decision = db.transaction(work)
    options = {"instrument": "RCPS", "key": "s", "actor": SYSTEM, "at": SIGNED_AT}
    db.transaction(
        lambda s: sign_award(s, decision_id=decision, signed_on=date(2026, 7, 1), **options)  # type: ignore[arg-type]
    )
    with db.read() as session:
        lines = {line.key: line for line in close_lines(session, Q3, at=AFTER)}
    assert [one.text_ko for one in lines["usage"].missing] == ["AW-2026-0001 2026-09-30(UTC)까지 사용 기록 없음"]


def test_a_preparation_taken_back_starts_over(fund: Fund) -> None:
    fund.explain("marks")
    fund.prepare(fund.one)
    fund.db.transaction(lambda s: withdraw_close(s, quarter=Q3, reason="다시 볼 것", actor=fund.two, at=AFTER))
    with pytest.raises(TransitionRefusedError):
        fund.confirm(fund.two)
    fund.prepare(fund.two)
    assert fund.confirm(fund.one) is False


def test_after_the_close_late_use_lands_in_the_open_quarter_and_a_posting_is_refused(
    fund: Fund, tmp_path: Path
) -> None:
    fund.explain("marks")
    fund.prepare(fund.one)
    fund.confirm(fund.two)
    fund.freeze()
    fund.sign_all()
    rows = [Use(date(2026, 8, 3), "20"), Use(LAST, "3")]
    import_usage(fund.db, write_usage(tmp_path / "restated.csv", rows), actor=SYSTEM, at=AFTER)
    with fund.db.read() as session:
        used = session.scalars(select(UsageDay.posted_e4).where(UsageDay.utc_day == date(2026, 8, 3))).all()
        page = list_closes(session, fund.one, at=AFTER)
        late = session.execute(
            text(
                "SELECT COUNT(*) FROM ledger_txn WHERE kind IN ('drawdown','drawdown_correction') "
                "AND effective_on > '2026-09-30'"
            )
        ).scalar_one()
    assert (sum(used), late) == (200_000, 1)
    assert [(row.quarter, row.state) for row in page][:2] == [("2026Q4", "running"), ("2026Q3", "closed")]

    def back(session: Session) -> None:
        legs = [Leg("pool:kt", "bank:fund", won(1))]
        post(session, key="late", kind="fee", legs=legs, effective_on=LAST, actor=SYSTEM, at=AFTER)

    with pytest.raises(LedgerRefusedError, match="closed through 2026-09-30"):
        fund.db.transaction(back)


def test_steps_and_notes_are_kept_as_they_were_written(fund: Fund) -> None:
    fund.explain("marks")
    with pytest.raises(DBAPIError, match="append-only"):
        fund.db.transaction(lambda s: s.execute(text("UPDATE close_note SET note = 'x'")))


def test_a_line_is_met_explained_or_open() -> None:
    missing = (Missing("award", "AW-2026-0001", "가", "a"),)
    assert (Line("marks", ()).ok, Line("marks", missing).ok) == (True, False)
    assert Line("marks", missing).found != Line("marks", (*missing, *missing)).found
