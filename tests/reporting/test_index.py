"""A public index is loaded whole or not at all, and reports compare the fund with it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fund_factory import Use, add_person, add_pool, decide, found_fund, write_usage
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InputFileError, InvalidInputError
from fundapp.core.quarters import Quarter
from fundapp.core.schema import downgrade_schema, upgrade_schema
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import expire_grants, import_usage, sign_award
from fundapp.reporting.actions import LoadedIndex, freeze_quarter, load_index
from fundapp.reporting.collecting import collect_rows
from fundapp.reporting.index_rules import IndexRefusedError, read_index
from fundapp.reporting.tables import FrozenQuarter, MarketIndex, ReportSignature
from reports.figures import reckon
from reports.rows import Flow, ReportRows

AT = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
TODAY = date(2026, 10, 12)
Q3 = Quarter(2026, 3)
GOOD = '일자,종가,거래량\n2026-06-30,"2,500.25",1\n2026/07/10,2600,2\n20260724,2700.5,3\n'


def load(db: Database, content: str | bytes = GOOD, name: str = "KOSPI") -> LoadedIndex:
    data = content.encode() if isinstance(content, str) else content
    return db.transaction(lambda s: load_index(s, content=data, name=name, source="한국거래소", actor=SYSTEM, at=AT))


def refused(content: str) -> str:
    with pytest.raises(IndexRefusedError) as found:
        read_index(content.encode(), TODAY)
    return found.value.message("ko")


def test_days_are_read_in_the_ways_that_exports_write_them() -> None:
    assert read_index(GOOD.encode("cp949"), TODAY) == (
        (date(2026, 6, 30), 25_002_500),
        (date(2026, 7, 10), 26_000_000),
        (date(2026, 7, 24), 27_005_000),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-07-10,2600", "3행: 2026-07-10은 2행에도 있습니다"),
        ("2026-10-13,2600", "3행: 2026-10-13은 아직 오지 않았습니다"),
        ("2026-07-11,0", "3행: 지수는 0보다 커야 합니다: 0"),
        ("2026-07-11,-5", "3행: 지수는 0보다 커야 합니다: -5"),
        ("2026-07-11,NaN", "3행: 지수는 0보다 커야 합니다: NaN"),
        ("2026-07-11,", "3행: 지수가 아닙니다: 빈칸"),
        ("2026-07-11,1.23456", "3행: 소수는 네 자리까지입니다"),
        ("2026-02-30,2600", "3행: 날짜가 아닙니다: 2026-02-30"),
        ("2026-07-25,2600", "3행: 2026-07-10 다음 15일이 비어 있습니다"),
    ],
)
def test_a_line_that_cannot_be_right_is_named_with_its_reason(line: str, reason: str) -> None:
    assert refused(f"date,close\n2026-07-10,2500\n{line}\n") == f"지수를 넣지 않았습니다. {reason}"


def test_all_wrong_lines_are_named_up_to_ten() -> None:
    lines = "".join(f"2026-07-{day:02d},0\n" for day in range(1, 13))
    said = refused(f"date,close\n{lines}")
    assert said.count("0보다 커야") == 10
    assert said.endswith("외 2행")


@pytest.mark.parametrize("content", ["", "date,close\n", "day,when\n1,2\n", "date,date,close\n", 'date,close\n"2026'])
def test_a_file_that_is_no_index_is_refused_as_a_whole(content: str) -> None:
    with pytest.raises(InputFileError):
        read_index(content.encode(), TODAY)


def test_a_refused_file_leaves_nothing(db: Database) -> None:
    with pytest.raises(IndexRefusedError):
        load(db, GOOD + "2026-07-24,1,1\n")
    with db.read() as session:
        assert session.scalars(select(MarketIndex)).all() == []


def test_the_same_index_again_is_the_same_load_and_another_is_the_next(db: Database) -> None:
    assert (load(db).version, load(db).created) == (1, False)
    assert load(db, GOOD + "2026-07-27,2710,1\n").version == 2
    assert load(db, name="KOSDAQ").version == 3


@pytest.mark.parametrize("name", ["", "   ", "지" * 81])
def test_an_index_needs_a_name(db: Database, name: str) -> None:
    with pytest.raises(InvalidInputError):
        load(db, name=name)


def test_only_finance_loads_an_index(db: Database) -> None:
    person = db.transaction(lambda s: add_person(s, "Kim", "partner", investor="kt"))
    with pytest.raises(ForbiddenError):
        db.transaction(lambda s: load_index(s, content=GOOD.encode(), name="KOSPI", source="x", actor=person, at=AT))


def award(db: Database, folder: Path, *, lapse: bool = False) -> None:
    """An award of 400 h at 5,200 won signed on 1 July, 120.5 h of it used on 3 August, the rest lapsed or not."""

    def prepare(session: Session) -> str:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, hours=[(pool, 400)])
        return sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=datetime(2026, 7, 1, 3, 0, tzinfo=UTC),
            signed_on=date(2026, 7, 1),
        ).number

    db.transaction(prepare)
    import_usage(db, write_usage(folder / "usage.csv", [Use(date(2026, 8, 3), "120.5")]), actor=SYSTEM, at=AT)
    if lapse:
        db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=AT))


def at_grant(db: Database) -> None:
    db.transaction(lambda s: s.execute(update(Fund).values(recognition="at_grant")))


def collect(db: Database, as_of: date = Q3.last_day) -> ReportRows:
    with db.read() as session:
        return collect_rows(session, Q3, as_of=as_of)


def in_kind(rows: ReportRows) -> list[tuple[str, int, str, str | None]]:
    found = [flow for flow in rows.flows if flow.basis == "in_kind"]
    return [(f.kind, f.amount_krw, f.investor, f.company) for f in sorted(found, key=_by_day)]


def _by_day(flow: Flow) -> tuple[date, str]:
    return flow.effective_on, flow.kind


def test_a_loaded_index_stands_in_the_next_version_as_far_as_it_is_needed(db: Database, tmp_path: Path) -> None:
    award(db, tmp_path)
    first = db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    load(db)
    second = db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    assert (first.version, second.version) == (1, 2)
    rows = collect(db)
    assert rows.benchmark is not None
    # The only flow is of 3 August; the last level before it serves it and the basis date alike.
    assert [level.day for level in rows.benchmark.levels] == [date(2026, 7, 24)]
    assert dict(reckon(rows).market)["total"].reason == "index_too_old"
    assert dict(reckon(collect(db, date(2026, 8, 7))).market)["total"].ks_pme == 1


def test_at_grant_a_grant_is_paid_in_and_use_turns_it_into_investment(db: Database, tmp_path: Path) -> None:
    award(db, tmp_path)
    at_grant(db)
    rows = collect(db)
    assert rows.fund.recognition_policy == "at_grant"
    assert in_kind(rows) == [
        ("contribution", 400 * 5_200, "microsoft", None),
        ("disbursement", 626_600, "", "AW-2026-0001"),
    ]
    figures = reckon(rows)
    assert figures.in_kind.multiples.paid_in_krw == figures.in_kind.multiples.nav_krw == 2_080_000
    assert rows.holdings[0].in_kind_cost_krw == rows.holdings[0].fair_value_krw == 626_600


def test_at_grant_what_lapses_is_an_expense_and_nothing_of_it_stays(db: Database, tmp_path: Path) -> None:
    award(db, tmp_path, lapse=True)
    at_grant(db)
    rows = collect(db, TODAY)
    assert in_kind(rows)[-1] == ("expense", 2_080_000 - 626_600, "", None)
    multiples = reckon(rows).in_kind.multiples
    assert (multiples.paid_in_krw, multiples.nav_krw) == (2_080_000, 626_600)


def test_another_policy_of_recognition_is_another_version_of_the_quarter(db: Database, tmp_path: Path) -> None:
    award(db, tmp_path)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    at_grant(db)
    again = db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT + timedelta(days=1)))
    assert (again.version, again.created) == (2, True)


def test_who_loads_is_named(db: Database) -> None:
    person: Viewer = db.transaction(lambda s: add_person(s, "Han", "finance"))
    db.transaction(lambda s: load_index(s, content=GOOD.encode(), name="K", source="x", actor=person, at=AT))
    with db.read() as session:
        assert session.scalars(select(MarketIndex.loaded_by)).one() == "Han"


def test_who_signed_two_sides_before_does_not_stop_the_migration_and_nobody_does_so_again(db: Database) -> None:
    def frozen_twice(session: Session) -> tuple[list[uuid.UUID], uuid.UUID | None]:
        found_fund(session)
        for quarter in (Quarter(2026, 2), Q3):
            freeze_quarter(session, quarter=quarter, actor=SYSTEM, at=AT)
        ids = session.scalars(select(FrozenQuarter.id).order_by(FrozenQuarter.quarter)).all()
        return list(ids), add_person(session, "Han", "finance").person_id

    (old, new), person = db.transaction(frozen_twice)

    def sign(frozen: uuid.UUID, side: str) -> None:
        row = ReportSignature(frozen_id=frozen, side=side, person_id=person, signed_by="Han", signed_at=AT)
        db.transaction(lambda s: s.add(row))

    downgrade_schema(db, "0049_kinship")
    sign(old, "fund")
    sign(old, "kt")
    for _ in range(2):
        upgrade_schema(db)
        with pytest.raises(IntegrityError):
            sign(old, "microsoft")
        downgrade_schema(db, "0049_kinship")
    upgrade_schema(db)
    sign(new, "fund")
    with pytest.raises(IntegrityError):
        sign(new, "kt")
