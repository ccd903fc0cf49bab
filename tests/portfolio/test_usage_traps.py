"""The traps of usage exports, each by its name, and files that nobody should take for good."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fund_factory import HOUR, Use, write_usage
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from usage_scene import AUGUST, DATA, GRANT, LATER, USED, edit, hours, load, set_up, transfer_count

from fundapp.core.access import SYSTEM
from fundapp.core.errors import InputFileError
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books
from fundapp.ledger.queries import find_balance, transfers, verify
from fundapp.portfolio.actions import import_usage
from fundapp.portfolio.queries import list_owners, list_suspense, list_unmapped
from fundapp.portfolio.tables import UsageDay, UsageImport
from fundapp.portfolio.usage import map_owner
from fundapp.reporting.checks import freeze_checks

# ---- the ten traps ----


def test_trap_1_sponsored_subscriptions_without_an_export_come_as_a_list_of_hours(db: Database, tmp_path: Path) -> None:
    set_up(db)
    path = tmp_path / "hours.csv"
    path.write_text(
        "사업자등록번호,GPU종류,사용일(UTC),GPU시간\n123-45-67891,H100,2026-08-03,7.5\n", encoding="utf-8-sig"
    )
    result = import_usage(db, path, actor=SYSTEM, at=LATER)
    assert (result.version, result.posted, hours(db, USED), hours(db, GRANT)) == (
        "hours",
        1,
        Decimal("7.5"),
        Decimal("92.5"),
    )
    path.write_text("company,sku,utc_date,gpu_hours\n1234567891,h100,2026-08-04,2\n", encoding="utf-8")
    assert import_usage(db, path, actor=SYSTEM, at=LATER).posted == 2
    assert hours(db, USED) == 2


def test_trap_2_credits_make_cost_nought_so_quantity_is_metered_and_valued_by_the_rate_card(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    path = edit(write_usage(tmp_path / "u.csv", [Use(AUGUST, "10")]), BilledCost="0", EffectiveCost="999", ListCost="0")
    import_usage(db, path, actor=SYSTEM, at=LATER)
    with db.read() as session:
        value = find_balance(session, USED, "KRW-IMPUTED")
    assert value is not None
    assert value.posted == 10 * 5200 * 10_000


def test_trap_3_negative_usage_counts_with_its_sign_and_credits_not_at_all(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST, "-2.5")])
    assert hours(db, USED) == Decimal("7.5")
    for category in ("Credit", "Adjustment", "Tax", "Purchase"):
        path = edit(
            write_usage(tmp_path / "c.csv", [Use(AUGUST, "5", account="/subscriptions/c")]), ChargeCategory=category
        )
        assert import_usage(db, path, actor=SYSTEM, at=LATER).usage_rows == 0
    assert hours(db, USED) == Decimal("7.5")


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/focus is absent")
def test_trap_3_the_negative_usage_rows_of_azures_sample_are_taken(db: Database) -> None:
    set_up(db)
    result = import_usage(db, DATA / "focus-1.0-sample" / "focus_sample.csv", actor=SYSTEM, at=LATER)
    assert (result.rows, result.usage_rows, result.rejected, result.version) == (1000, 0, [], "1.0")


def test_trap_4_rows_have_no_id_so_a_bill_is_restated_and_never_matched_row_by_row(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "3"), Use(AUGUST, "3"), Use(AUGUST, "4")])
    again = load(db, tmp_path, [Use(AUGUST, "4"), Use(AUGUST, "6", tag_key="ax-company")])
    assert (again.posted, again.unchanged, hours(db, USED)) == (0, 1, 10)


def test_trap_5_month_to_date_restatements_post_the_difference_and_overlapping_scopes_are_refused(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "4")])
    assert load(db, tmp_path, [Use(AUGUST, "4"), Use(AUGUST + timedelta(days=1), "2")]).posted == 1
    before = transfer_count(db)
    other = edit(write_usage(tmp_path / "b.csv", [Use(AUGUST, "9")]), BillingAccountId="billing/two")
    with pytest.raises(
        InputFileError, match=r"/subscriptions/one 2026-08 is already covered by usage\.csv .*billing/one"
    ):
        import_usage(db, other, actor=SYSTEM, at=LATER)
    assert (transfer_count(db), hours(db, USED)) == (before, 6)
    import_usage(db, other, actor=SYSTEM, at=LATER, take_over=True)
    assert hours(db, USED) == 9


def test_trap_6_block_pricing_changes_nothing_and_localised_units_are_read(db: Database, tmp_path: Path) -> None:
    set_up(db)
    path = edit(
        write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")]),
        PricingQuantity="0.0005",
        PricingUnit="10000 Hours",
        ConsumedUnit="小时",
    )
    import_usage(db, path, actor=SYSTEM, at=LATER)
    assert hours(db, USED) == 5


def test_trap_7_days_are_utc_so_a_korean_quarter_is_cut_at_midnight_utc(db: Database, tmp_path: Path) -> None:
    set_up(db)
    path = edit(
        write_usage(tmp_path / "u.csv", [Use(date(2026, 9, 30), "24")]),
        ChargePeriodStart="2026-10-01T00:00:00+09:00",
        ChargePeriodEnd="2026-10-02T00:00:00+09:00",
    )
    import_usage(db, path, actor=SYSTEM, at=LATER)
    assert (hours(db, GRANT), hours(db, "overage:AW-2026-0001:h100:koreacentral:2026Q4")) == (91, -15)


def test_trap_8_dirty_dates_nulls_tag_keys_and_ids_are_cleaned(db: Database, tmp_path: Path) -> None:
    set_up(db)
    path = edit(
        write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")]),
        ChargePeriodStart="2026-08-03 00:00:00",
        ChargePeriodEnd="2026-08-04",
        CommitmentDiscountStatus="NULL",
        AvailabilityZone="6.98",
        Tags='{" AX-Company": "123-45-67891"}',
        SubAccountId="/Subscriptions/ONE",
    )
    assert import_usage(db, path, actor=SYSTEM, at=LATER).suspense_rows == 0
    with db.read() as session:
        assert session.scalars(select(UsageDay.scope)).all() == ["/subscriptions/one"]
    assert hours(db, USED) == 5


def test_trap_9_late_meters_correct_an_earlier_day_in_the_open_period(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "5")])
    db.transaction(lambda s: close_books(s, through=date(2026, 8, 31), actor=SYSTEM, at=LATER))
    load(db, tmp_path, [Use(AUGUST, "2", billed=date(2026, 9, 1)), Use(date(2026, 9, 9), "1")])
    assert (hours(db, USED), hours(db, GRANT)) == (8, 92)
    with db.read() as session:
        late = [row.effective_on for row in transfers(session, kind="drawdown", from_date=date(2026, 9, 1))]
        days = session.scalars(select(UsageDay.utc_day).where(UsageDay.effective_on == date(2026, 9, 1))).all()
    assert (sorted(set(late)), days) == ([date(2026, 9, 1), date(2026, 9, 9)], [AUGUST])


def test_trap_10_unmapped_rows_wait_in_suspense_and_block_the_close_until_they_are_mapped(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "4", tag=""), Use(AUGUST, "1")])
    from fundapp.core.quarters import Quarter  # noqa: PLC0415 - beside its one use

    def suspended() -> bool:
        with db.read() as session:
            return not next(check for check in freeze_checks(session, Quarter(2026, 3)) if check.key == "suspense").ok

    assert suspended()
    with db.read() as session:
        row = list_unmapped(session, SYSTEM)[0]
    assert (row.owner, row.hours_by_sku, row.likely and row.likely.number, row.likely and row.likely.by) == (
        "one",
        (("h100", 4 * HOUR),),
        "AW-2026-0001",
        "subscription",
    )

    def answer(session: Session) -> int:
        mapped = map_owner(
            session, name="one", award="AW-2026-0001", valid_from=date(2026, 7, 1), actor=SYSTEM, at=LATER
        )
        return mapped.hours_e4

    assert [db.transaction(answer), db.transaction(answer)] == [4 * HOUR, 0]
    assert not suspended()
    assert (hours(db, "suspense:h100"), hours(db, "unmapped:one:h100"), hours(db, USED), hours(db, GRANT)) == (
        0,
        0,
        5,
        95,
    )
    assert load(db, tmp_path, [Use(AUGUST, "4", tag=""), Use(AUGUST, "1")]).posted == 0
    with db.read() as session:
        assert [(row.name, row.version, row.current) for row in list_owners(session, SYSTEM)] == [("one", 1, True)]
        assert verify(session).ok


# ---- bad input: a clear message, nothing half posted ----


@pytest.mark.parametrize(
    ("changes", "row", "field", "code"),
    [
        ({"ConsumedQuantity": "9" * 1_000_000}, 2, "ConsumedQuantity", "not_a_number"),
        ({"ConsumedQuantity": "NaN"}, 2, "ConsumedQuantity", "not_a_number"),
        ({"ChargePeriodStart": "1900-01-01T00:00:00Z"}, 2, "ChargePeriodStart", "date_out_of_range"),
        ({"SkuPriceDetails": '{"InstanceType": "Standard_ND512_X900_v9"}'}, 2, "SkuPriceDetails", "unknown_gpu_size"),
        ({"BillingCurrency": "JPY"}, 2, "BillingCurrency", "unknown_currency"),
    ],
)
def test_a_bad_cell_is_refused_by_row_and_column_and_nothing_of_it_is_posted(
    db: Database, tmp_path: Path, changes: dict[str, str], row: int, field: str, code: str
) -> None:
    set_up(db)
    before = transfer_count(db)
    path = edit(write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")]), **changes)
    result = import_usage(db, path, actor=SYSTEM, at=LATER)
    assert [(one.row, one.field, one.code) for one in result.rejected] == [(row, field, code)]
    assert len(result.rejected[0].message_ko) < 200
    assert (result.posted, transfer_count(db)) == (0, before)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace(b",", b";"), "separated by ';'"),
        (lambda text: text.replace(b"\n", b"\n\xb0\xa1,", 2), "not UTF-8"),
        (lambda text: text.rsplit(b'"', 1)[0], "broken CSV after row 2"),
        (lambda _: b"", "empty"),
        (lambda _: b"x" * (2 << 20), "row 1 does not end"),
    ],
)
def test_a_damaged_file_is_refused_as_a_whole(db: Database, tmp_path: Path, damage: object, message: str) -> None:
    set_up(db)
    before = transfer_count(db)
    path = write_usage(tmp_path / "u.csv", [Use(AUGUST, "5"), Use(AUGUST, "6")])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InputFileError, match=message):
        import_usage(db, path, actor=SYSTEM, at=LATER)
    assert transfer_count(db) == before


def test_a_day_that_adds_up_to_less_than_nothing_is_named_and_waits_in_suspense(db: Database, tmp_path: Path) -> None:
    set_up(db)
    result = load(db, tmp_path, [Use(AUGUST, "3"), Use(AUGUST, "-5")])
    assert [(one.owner, one.sku, one.utc_day, one.hours_e4) for one in result.negative] == [
        ("AW-2026-0001", "h100", AUGUST, -2 * HOUR)
    ]
    assert (hours(db, USED), hours(db, GRANT), hours(db, "suspense:h100")) == (0, 100, 2)
    with db.read() as session:
        assert [(row.kind, row.hours_e4) for row in list_suspense(session, SYSTEM)] == [("negative", -2 * HOUR)]


def test_a_dry_run_says_what_it_would_post_and_posts_nothing(db: Database, tmp_path: Path) -> None:
    set_up(db, hours=4)
    before = transfer_count(db)
    result = load(db, tmp_path, [Use(AUGUST, "5")], dry_run=True)
    assert [(one.owner, one.hours_e4, one.granted_e4, one.overage_e4) for one in result.effects] == [
        ("AW-2026-0001", 5 * HOUR, 4 * HOUR, HOUR)
    ]
    assert transfer_count(db) == before
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(UsageImport)) == 0


_BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from fundapp.portfolio.focus import FocusFileError, read_usage
try:
    print("read", read_usage(sys.argv[1]).read)
except FocusFileError as error:
    print(error.code)
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(("kind", "says"), [("line", "too_long"), ("quote", "csv"), ("rows", "read 200000")])
def test_a_file_of_hundreds_of_megabytes_is_read_in_bounded_memory(tmp_path: Path, kind: str, says: str) -> None:
    path = write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")])
    head, row = path.read_bytes().split(b"\r\n")[:2]
    with path.open("wb") as file:
        file.write(head + b"\n" + row + b"\n")
        if kind == "line":
            file.seek(200 << 20, os.SEEK_CUR)
            file.write(b"x")
        elif kind == "quote":
            file.write(b'1,"' + row.replace(b'"', b"") + b"\n")
            file.writelines([row.replace(b'"', b"") + b"\n"] * 100_000)
        else:
            file.writelines([row + b"\n"] * 199_999)
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    said, peak = done.stdout.splitlines()
    assert said == says
    assert int(peak) < 1024
