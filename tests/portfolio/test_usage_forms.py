"""The forms that an export comes in, draws on several grants, and reading by column."""

from __future__ import annotations

import csv
import gzip
import json
import uuid
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from fund_factory import Use, write_usage
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import select
from sqlalchemy.orm import Session
from usage_scene import AUGUST, GRANT, LATER, USED, edit, hours, load, set_up

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InputFileError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import import_usage
from fundapp.portfolio.focus import FocusFileError, FocusMapping, Rules, blocks, read_usage
from fundapp.portfolio.focus.rows import read_row
from fundapp.portfolio.focus.statement import Tally
from fundapp.portfolio.gpu_sizes import BUILT_IN, GpuSizes
from fundapp.portfolio.rules import Source, divide
from fundapp.portfolio.tables import Grant
from fundapp.portfolio.usage import add_size, redivide


def test_the_parts_of_an_export_are_one_import(db: Database, tmp_path: Path) -> None:
    set_up(db)
    folder = tmp_path / "20260801-20260831"
    folder.mkdir()
    write_usage(folder / "part_0_0001.csv", [Use(AUGUST, "5")])
    two = write_usage(tmp_path / "two.csv", [Use(AUGUST, "6")])
    (folder / "part_0_0002.csv.gz").write_bytes(gzip.compress(two.read_bytes()))
    with two.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = {name: pa.array([row[name] for row in rows], pa.large_string()) for name in rows[0]}
    parquet.write_table(pa.table(texts), folder / "part_0_0003.parquet")
    manifest = {
        "exportConfig": {
            "dataVersion": "1.2-preview",
            "resourceId": "/subscriptions/x/providers/Microsoft.CostManagement/exports/e",
        },
        "runInfo": {"runId": "run-1"},
        "dataRowCount": 3,
        "blobs": [{"blobName": f"a/b/part_0_000{n}"} for n in (1, 2, 3)],
    }
    for blob, name in zip(manifest["blobs"], (".csv", ".csv.gz", ".parquet"), strict=True):  # type: ignore[arg-type]
        blob["blobName"] += name  # type: ignore[index]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = import_usage(db, folder, actor=SYSTEM, at=LATER)
    assert (result.rows, result.posted, result.version, hours(db, USED)) == (3, 1, "1.2-preview", 17)
    (folder / "part_0_0002.csv.gz").unlink()
    with pytest.raises(InputFileError, match=r"part_0_0002\.csv\.gz"):
        import_usage(db, folder, actor=SYSTEM, at=LATER)


def test_the_same_part_twice_in_one_export_is_refused(tmp_path: Path) -> None:
    one = write_usage(tmp_path / "one.csv", [Use(AUGUST, "5")])
    two = tmp_path / "two.csv"
    two.write_bytes(one.read_bytes())
    with pytest.raises(FocusFileError, match=r"one\.csv and two\.csv are the same"):
        read_usage([one, two])


@pytest.mark.parametrize(
    ("column", "version"),
    [("ServiceProviderName", "1.3"), ("PricingCurrency", "1.2"), ("ServiceSubcategory", "1.1"), ("SkuId", "1.1")],
)
def test_the_version_is_told_by_the_columns(tmp_path: Path, column: str, version: str) -> None:
    assert read_usage(edit(write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")]), **{column: ""})).version == version


def test_a_share_of_a_split_resource_counts_once_and_for_whom_it_was_allocated_to(db: Database, tmp_path: Path) -> None:
    set_up(db)
    path = edit(
        write_usage(tmp_path / "u.csv", [Use(AUGUST, "5", tag="someone-else")]),
        AllocatedMethodId="even",
        AllocatedTags='{"ax-company": "1234567891"}',
    )
    import_usage(db, path, actor=SYSTEM, at=LATER)
    assert hours(db, USED) == 5


def test_sizes_of_the_funds_own_add_to_the_table_from_their_day_on(db: Database, tmp_path: Path) -> None:
    set_up(db)

    def record(session: Session) -> None:
        add_size(
            session, name="Standard_NC9x_Z1_v1", valid_from=date(2026, 8, 1), sku="H100", gpus="3", memory_gb=80,
            source="size table of August", actor=SYSTEM, at=LATER,
        )  # fmt: skip

    db.transaction(record)
    size = "Standard_NC9x_Z1_v1"
    result = load(db, tmp_path, [Use(AUGUST, "2", size=size), Use(date(2026, 7, 31), "2", size=size)])
    assert [(row.row, row.code) for row in result.rejected] == [(3, "unknown_gpu_size")]
    assert hours(db, USED) == 6
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda s: add_size(
                s,
                name="x",
                valid_from=AUGUST,
                sku="A",
                gpus="1",
                memory_gb=1,
                source="",
                at=LATER,
                actor=Viewer(None, roles=frozenset({"committee"})),
            )
        )


def test_every_family_of_the_table_is_found_by_its_size_and_meter_name() -> None:
    sizes = GpuSizes()
    for line in BUILT_IN:
        day = line.valid_from
        assert sizes.find(f"Standard_{line.name}", day) == sizes.find(line.name.replace("_", " "), day) == line.size
        assert sizes.find(line.name, day - timedelta(days=1)) is None
    assert {line.size.sku for line in BUILT_IN} >= {"K80", "P100", "P40", "M60", "MI25", "T4", "V100", "A100", "A10"}


# ---- draws ----

DAY_TOTALS = st.dictionaries(st.integers(0, 183), st.integers(-50, 300), max_size=8)


@given(
    steps=st.lists(DAY_TOTALS, min_size=1, max_size=6), capacities=st.tuples(st.integers(0, 500), st.integers(0, 500))
)
@settings(max_examples=200, deadline=None)
def test_the_same_totals_end_in_the_same_division_however_they_were_reached(
    steps: list[dict[int, int]], capacities: tuple[int, int]
) -> None:
    first = date(2026, 7, 1)
    sources = [
        Source("q3", first, date(2026, 10, 31), capacities[0]),  # extended into the next quarter
        Source("q4", date(2026, 10, 1), date(2026, 12, 31), capacities[1]),
    ]
    days = {first + timedelta(days=at): total for at, total in steps[-1].items()}
    division = divide(days, sources)
    assert divide(dict(reversed(days.items())), list(reversed(sources))) == division
    assert sum(division.granted.values()) + sum(division.overage.values()) == sum(max(0, use) for use in days.values())
    assert all(division.granted.get(source.account, 0) <= source.capacity for source in sources)
    early = sum(max(0, use) for day, use in days.items() if day <= date(2026, 9, 30))
    both = sum(max(0, use) for day, use in days.items() if date(2026, 9, 30) < day <= date(2026, 10, 31))
    late = sum(max(0, use) for day, use in days.items() if day > date(2026, 10, 31))
    # The most that can be covered, by counting: late use only by the second grant, early use only by the first.
    least = max(
        0,
        early - capacities[0],
        late - capacities[1],
        max(0, early - capacities[0]) + max(0, late - capacities[1]),
        early + both + late - sum(capacities),
        max(0, early - capacities[0]) + both + late - capacities[1] if early > capacities[0] else 0,
        max(0, late - capacities[1]) + both + early - capacities[0] if late > capacities[1] else 0,
    )
    assert sum(division.overage.values()) == least


def test_use_after_an_extension_draws_on_the_older_grant_first_and_a_correction_gives_it_back(
    db: Database, tmp_path: Path
) -> None:
    set_up(db, hours=10, quarters=("2026Q3", "2026Q4"))
    later = "grant:AW-2026-0001:h100:koreacentral:2026Q4"

    def extend(session: Session) -> None:
        session.scalars(select(Grant).where(Grant.quarter == "2026Q3")).one().usable_until = date(2026, 10, 31)

    october = date(2026, 10, 2)
    load(db, tmp_path, [Use(october, "14")])
    assert (hours(db, GRANT), hours(db, later)) == (10, 0)
    db.transaction(extend)

    def again(session: Session) -> int:
        award = session.scalars(select(Grant.award_id)).first() or uuid.UUID(int=0)
        return redivide(session, [("AW-2026-0001", award, "h100", "koreacentral")], actor=SYSTEM, at=LATER)

    assert [db.transaction(again), db.transaction(again)] == [1, 0]
    assert (hours(db, GRANT), hours(db, later), hours(db, USED)) == (0, 6, 14)
    load(db, tmp_path, [Use(october, "9")])
    assert (hours(db, GRANT), hours(db, later)) == (1, 10)
    load(db, tmp_path, [Use(october, "25")])
    assert (hours(db, GRANT), hours(db, later), hours(db, USED)) == (0, 0, 25)
    assert hours(db, "overage:AW-2026-0001:h100:koreacentral:2026Q4") == -5


# ---- the fast way and the slow way ----

CELLS = {
    "ChargePeriodStart": ["2026-07-01T00:00:00Z", "2026-07-01", "2026-06-30T18:00:00Z", "7/1/26", "", "1899-01-01"],
    "ChargePeriodEnd": ["2026-07-02T00:00:00Z", "2026-07-01T12:30:00Z", "2026-07-04", "NULL"],
    "ChargeCategory": ["Usage", " usage ", "Credit", "NULL"],
    "CommitmentDiscountStatus": ["", "Used", "Unused"],
    "ConsumedQuantity": ["24", "-0.00005", "1.123456789012345678", "1e3", " 2 ", "+5", "NaN", "", "1,0", "1234567.5"],
    "ConsumedUnit": ["Hours", "Minutes", "1/Hour", "100 Hours", ""],
    "RegionId": ["KoreaCentral", "NULL"],
    "BillingPeriodStart": ["2026-07-01T00:00:00Z", "", "x"],
    "BillingCurrency": ["KRW", "", "JPY"],
    "SubAccountId": ["/S/1", "/s/2", ""],
    "Tags": ['{"ax-company": "C1"}', '"AX-Company":"C2"', "NULL", "{broken", '{"other": "a,b\\"c"}'],
    "SkuPriceDetails": [
        "",
        '{"InstanceType": "Standard_ND96isr_H100_v5"}',
        '{"InstanceType": "Standard_D4s_v5"}',
        "[1]",
    ],
    "SkuMeter": ["NV6ads A10 v5", "D4s v5", "ND9 X1 v1", ""],
}
ROWS = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CELLS.items()}), max_size=12)


@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_reading_by_column_gives_what_reading_row_by_row_gives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "columns.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(CELLS))
        writer.writeheader()
        writer.writerows(rows)
    tally = Tally()
    for number, row in enumerate(rows, start=2):
        try:
            tally.add_row(read_row(row, Rules()))
        except ValueError as refusal:
            tally.rejected.append(refusal.at(number))  # type: ignore[attr-defined]
    expected, found = tally.finish(""), read_usage(path)
    assert found.totals == expected.totals
    assert found.rejected == expected.rejected
    assert (found.bills, found.usage_rows, found.read) == (expected.bills, expected.usage_rows, len(rows))


def test_row_numbers_are_right_beyond_the_first_piece_and_after_quoted_line_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 11)
    monkeypatch.setattr(blocks, "SPAN", 1 << 12)
    path = write_usage(tmp_path / "u.csv", [Use(AUGUST, "5")] * 60)
    lines = path.read_bytes().split(b"\r\n")
    lines[40] = lines[40].replace(b",5,", b",oops,")
    lines[50] = lines[50].replace(b"billing/one", b'"billing\n/one"')
    lines[55] = lines[55].replace(b",5,", b",oops,")
    path.write_bytes(b"\r\n".join(lines))
    file = read_usage(path)
    assert [row.row for row in file.rejected] == [41, 56]
    assert (file.read, file.usage_rows) == (60, 58)


def test_a_mapping_file_still_names_the_company_of_a_subscription(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(
        db,
        tmp_path,
        [Use(AUGUST, "4", tag="")],
        mapping=FocusMapping(sub_accounts={"/subscriptions/one": "1234567891"}),
    )
    assert hours(db, USED) == 4


def test_shares_of_a_card_add_up_without_loss() -> None:
    sizes = GpuSizes()
    share = sizes.find("Standard_NV6ads_A10_v5", AUGUST)
    assert share is not None
    assert share.gpus * 6 == Fraction(1)
