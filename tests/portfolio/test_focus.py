"""FOCUS import: meaning of a row, totals, traps seen in real exports, and hostile files."""

import csv
import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from fundapp.portfolio.focus import FocusFileError, FocusMapping, load_mapping, read_usage
from fundapp.portfolio.focus.pieces import CsvPieces
from fundapp.portfolio.focus.rows import Rules, UsageRow, read_row
from fundapp.portfolio.focus.statement import hours_of_company
from fundapp.portfolio.focus.unpacking import unpacked

H100 = {
    "BillingAccountId": "/Providers/Billing/1",
    "BillingPeriodStart": "2026-07-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-07-01T00:00:00Z",
    "ChargePeriodEnd": "2026-07-02T00:00:00Z",
    "CommitmentDiscountStatus": "",
    "ConsumedQuantity": "24",
    "ConsumedUnit": "Hours",
    "PricingQuantity": "0.24",
    "RegionId": "KoreaCentral",
    "ResourceId": "/Subscriptions/AAAA/VM1",
    "ResourceType": "Virtual machine",
    "ServiceName": "Virtual Machines",
    "SkuMeter": "ND96isr H100 v5",
    "SkuPriceDetails": json.dumps({"InstanceType": "Standard_ND96isr_H100_v5"}),
    "SubAccountId": " /Subscriptions/AAAA ",
    "Tags": json.dumps({"ax-company": "C-001"}),
}
DAY = date(2026, 7, 1)
KEY = ("c-001", "h100", "koreacentral", DAY)


def write(path: Path, *rows: dict[str, str], drop: tuple[str, ...] = ()) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, [c for c in H100 if c not in drop], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def hours_of(tmp_path: Path, *rows: dict[str, str]) -> dict[tuple[str | None, str, str, date], int]:
    file = read_usage(write(tmp_path / "usage.csv", *rows))
    assert file.rejected == []
    return hours_of_company(file.totals.items())


def refusal(tmp_path: Path, **changes: str) -> tuple[int, str, str]:
    file = read_usage(write(tmp_path / "usage.csv", H100, H100 | changes))
    assert (file.read, file.usage_rows, len(file.rejected)) == (2, 1, 1)
    row = file.rejected[0]
    return row.row, row.field, row.code


def test_a_machine_day_counts_hours_times_gpus(tmp_path: Path) -> None:
    assert hours_of(tmp_path, H100) == {KEY: 24 * 8 * 10_000}


def test_a_row_is_normalised() -> None:
    assert read_row(H100, Rules()) == UsageRow(
        start=datetime(2026, 7, 1, tzinfo=UTC),
        end=datetime(2026, 7, 2, tzinfo=UTC),
        sub_account="/subscriptions/aaaa",
        billed_in=date(2026, 7, 1),
        account="/providers/billing/1",
        company="c-001",
        region="koreacentral",
        sku="h100",
        gpu_hours=Fraction(192),
    )


def test_negative_usage_is_summed_with_its_sign(tmp_path: Path) -> None:
    assert hours_of(tmp_path, H100, H100 | {"ConsumedQuantity": "-23.5"}) == {KEY: 40_000}


@pytest.mark.parametrize(
    "changes",
    [
        {"ChargeCategory": "Purchase"},
        {"ChargeCategory": "Credit"},
        {"ChargeCategory": "Adjustment"},
        {"CommitmentDiscountStatus": "Unused"},
        {
            "SkuPriceDetails": '{"InstanceType": "Standard_D8s_v5"}',
            "SkuMeter": "D8s v5",
            "ConsumedUnit": "GB",
        },
    ],
)
def test_what_is_no_gpu_usage_counts_nothing(tmp_path: Path, changes: dict[str, str]) -> None:
    assert hours_of(tmp_path, H100 | changes) == {}


def test_a_used_commitment_counts(tmp_path: Path) -> None:
    assert hours_of(tmp_path, H100 | {"CommitmentDiscountStatus": "Used"}) == {KEY: 1_920_000}


def test_rounding_happens_once_on_the_total(tmp_path: Path) -> None:
    # three rows of 0.00004 h × 1 GPU: each alone rounds to 0, together 0.00012 h is one ten-thousandth
    row = H100 | {
        "ConsumedQuantity": "0.00004",
        "SkuPriceDetails": '{"InstanceType": "Standard_NC40ads_H100_v5"}',
    }
    assert hours_of(tmp_path, row) == {KEY: 0}
    assert hours_of(tmp_path, row, row, row) == {KEY: 1}


@pytest.mark.parametrize(("quantity", "expected"), [("0.00005", 0), ("0.00015", 2), ("0.00025", 2)])
def test_a_half_rounds_to_even(tmp_path: Path, quantity: str, expected: int) -> None:
    row = H100 | {
        "ConsumedQuantity": quantity,
        "SkuPriceDetails": '{"InstanceType": "Standard_NC40ads_H100_v5"}',
    }
    assert hours_of(tmp_path, row) == {KEY: expected}


def test_shared_cards_add_up_without_loss(tmp_path: Path) -> None:
    row = H100 | {
        "ConsumedQuantity": "1",
        "SkuPriceDetails": '{"InstanceType": "Standard_NV6ads_A10_v5", "GpuCount": 1}',
    }
    assert hours_of(tmp_path, *[row] * 6) == {("c-001", "a10", "koreacentral", DAY): 10_000}


@pytest.mark.parametrize(
    ("unit", "e4"),
    [
        ("Hour", 1_920_000),
        ("1 Hour", 1_920_000),
        ("10 Hours", 19_200_000),
        ("小时", 1_920_000),
        ("시간", 1_920_000),
        ("1 hora", 1_920_000),
        ("Minutes", 32_000),
    ],
)
def test_units_of_time_are_understood_in_any_language(tmp_path: Path, unit: str, e4: int) -> None:
    assert hours_of(tmp_path, H100 | {"ConsumedUnit": unit}) == {KEY: e4}


@pytest.mark.parametrize(
    "changes",
    [
        {"SkuPriceDetails": '{"x_Other": 1, "InstanceType": "Standard_ND96isr_H100_v5", "GpuCount": 8}'},
        {"SkuPriceDetails": "NULL", "SkuMeter": "ND96isr H100 v5 Spot"},
        {"SkuPriceDetails": "", "SkuMeter": "ND96isr H100 v5/ND96is H100 v5"},
        {"SkuPriceDetails": "", "SkuMeter": "", "ResourceType": "standard_nd96isr_h100_v5"},
    ],
)
def test_the_machine_is_found_wherever_it_is_written(tmp_path: Path, changes: dict[str, str]) -> None:
    assert hours_of(tmp_path, H100 | changes) == {KEY: 1_920_000}


def test_the_machine_is_found_in_azures_own_details(tmp_path: Path) -> None:
    row = {k: v for k, v in H100.items() if not k.startswith("Sku")}
    row["x_SkuDetails"] = '{"ServiceType": "Standard_ND96isr_H200_v5"}'
    path = tmp_path / "usage.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert hours_of_company(read_usage(path).totals.items()) == {("c-001", "h200", "koreacentral", DAY): 1_920_000}


@pytest.mark.parametrize(
    "tags",
    [
        '{" AX-Company ": "C-001"}',
        '"ax-company":"C-001","env":"prod"',
        '{"ax-award": "C-001", "ax-company": "other"}',
        '{" ax-company": "stale", "ax-company": "C-001"}',
    ],
)
def test_tags_are_read_in_every_spelling(tmp_path: Path, tags: str) -> None:
    assert hours_of(tmp_path, H100 | {"Tags": tags}) == {KEY: 1_920_000}


def test_usage_that_names_nobody_has_no_company(tmp_path: Path) -> None:
    assert hours_of(tmp_path, H100 | {"Tags": "NULL", "RegionId": "NULL"}) == {
        (None, "h100", "unknown", DAY): 1_920_000
    }


def test_a_date_without_zone_is_utc_and_an_offset_is_converted(tmp_path: Path) -> None:
    seoul = {"ChargePeriodStart": "2026-07-01T09:00:00+09:00", "ChargePeriodEnd": "2026-07-02T09:00:00+09:00"}
    bare = {"ChargePeriodStart": "2026-07-01 00:00:00", "ChargePeriodEnd": "2026-07-02"}
    assert hours_of(tmp_path, H100 | seoul, H100 | bare) == {KEY: 2 * 1_920_000}


def test_a_row_over_several_days_is_spread_by_time(tmp_path: Path) -> None:
    row = H100 | {
        "ChargePeriodStart": "2026-06-30T18:00:00Z",
        "ChargePeriodEnd": "2026-07-01T06:00:00Z",
        "ConsumedQuantity": "12",
    }
    june = ("c-001", "h100", "koreacentral", date(2026, 6, 30))
    assert hours_of(tmp_path, row) == {june: 480_000, KEY: 480_000}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"ConsumedQuantity": "NaN"}, "ConsumedQuantity", "not_a_number"),
        ({"ConsumedQuantity": "inf"}, "ConsumedQuantity", "not_a_number"),
        ({"ConsumedQuantity": "1_0"}, "ConsumedQuantity", "not_a_number"),
        ({"ConsumedQuantity": "1,000"}, "ConsumedQuantity", "not_a_number"),
        ({"ConsumedQuantity": "1e400"}, "ConsumedQuantity", "too_large"),
        ({"ConsumedQuantity": "1e12"}, "ConsumedQuantity", "too_large"),
        ({"ConsumedQuantity": ""}, "ConsumedQuantity", "missing"),
        ({"ConsumedUnit": "NULL"}, "ConsumedUnit", "missing"),
        ({"ConsumedUnit": "Core Hours"}, "ConsumedUnit", "not_hours"),
        ({"ConsumedUnit": "1/Hour"}, "ConsumedUnit", "not_hours"),
        ({"ChargePeriodStart": "7/1/26"}, "ChargePeriodStart", "not_a_date"),
        ({"ChargePeriodStart": "2026-07-01T30:00:00Z"}, "ChargePeriodStart", "not_a_date"),
        ({"ChargePeriodStart": "0001-01-01T00:00:00+09:00"}, "ChargePeriodStart", "not_a_date"),
        ({"ChargePeriodStart": ""}, "ChargePeriodStart", "missing"),
        ({"ChargePeriodEnd": "2026-07-01T00:00:00Z"}, "ChargePeriodEnd", "period_order"),
        ({"ChargePeriodEnd": "2036-07-01"}, "ChargePeriodEnd", "period_too_long"),
        ({"ChargeCategory": "NULL"}, "ChargeCategory", "missing"),
        ({"Tags": "{broken"}, "Tags", "not_json"),
        ({"SkuPriceDetails": "[1]"}, "SkuPriceDetails", "not_json"),
        (
            {"SkuPriceDetails": '{"InstanceType": "Standard_ND256isr_X900_v9"}', "SkuMeter": ""},
            "SkuPriceDetails",
            "unknown_gpu_size",
        ),
        (
            {"SkuPriceDetails": '{"InstanceType": "Standard_ND96isr_H100_v5", "GpuCount": 4}'},
            "SkuPriceDetails",
            "gpu_count_conflict",
        ),
    ],
)
def test_a_hostile_row_is_refused_by_row_and_field(
    tmp_path: Path, changes: dict[str, str], field: str, code: str
) -> None:
    assert refusal(tmp_path, **changes) == (3, field, code)


def test_a_vanishing_quantity_counts_nothing(tmp_path: Path) -> None:
    assert hours_of(tmp_path, H100 | {"ConsumedQuantity": "1e-9999"}) == {KEY: 0}


def test_a_refusal_speaks_both_languages(tmp_path: Path) -> None:
    row = read_usage(write(tmp_path / "usage.csv", H100 | {"ConsumedQuantity": "NaN"})).rejected[0]
    assert row.message_ko == "ConsumedQuantity - 유한한 숫자가 아닙니다: NaN"
    assert row.message_en == "ConsumedQuantity - not a finite number: NaN"


def test_a_row_cut_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "usage.csv", H100, H100)
    path.write_bytes(path.read_bytes()[:-60].rsplit(b",", 1)[0])
    file = read_usage(path)
    assert [(r.row, r.code) for r in file.rejected] == [(3, "field_count")]
    assert file.usage_rows == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        ("ChargeCategory,\uac00".encode("cp949"), "encoding"),
        ("ChargeCategory".encode("utf-16"), "encoding"),
        (b"a,b\n1,2\n", "columns"),
        (b'ChargeCategory,ChargePeriodStart,ChargePeriodEnd\nUsage,"2026', "csv"),
        (b"ChargeCategory,chargecategory,ChargePeriodStart,ChargePeriodEnd\n", "columns"),
        (b"PAR1 and nothing more", "parquet"),
        (b"\x1f\x8b\x08\x00 cut off", "unreadable"),
    ],
)
def test_a_file_that_is_none_raises_one_clear_error(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    with pytest.raises(FocusFileError) as caught:
        read_usage(path)
    assert caught.value.code == code


def test_an_absent_file_raises_the_same_error(tmp_path: Path) -> None:
    with pytest.raises(FocusFileError) as caught:
        read_usage(tmp_path / "absent.csv")
    assert caught.value.code == "unreadable"


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    plain = write(tmp_path / "usage.csv", H100)
    packed = tmp_path / "usage.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert hours_of_company(read_usage(packed).totals.items()) == {KEY: 1_920_000}


def test_a_gzipped_file_is_read_as_fast_as_a_plain_one(tmp_path: Path) -> None:
    """The strict reader, which is slow, is only for files in which something is out of the ordinary."""
    plain = write(tmp_path / "usage.csv", H100)
    packed = tmp_path / "usage.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with unpacked(packed) as laid_out:
        assert laid_out.read_bytes() == plain.read_bytes()
        pieces = CsvPieces(laid_out)
        places = [place for place, _ in pieces.frames({"ChargeCategory": 0}, lambda table: table.num_rows)]
    assert [place.numbers for place in places] == [None]
    assert not laid_out.exists()


def test_a_file_that_unpacks_to_more_than_the_limit_is_refused_by_name(tmp_path: Path) -> None:
    bomb = tmp_path / "usage.csv.gz"
    with gzip.open(bomb, "wb") as stream:
        for _ in range(64):
            stream.write(bytes(1 << 20))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(FocusFileError, match=r"more than 0\.03125 GB") as caught, unpacked(bomb, most=32 << 20):
        pytest.fail("it was unpacked")
    assert "0.03125 GB보다" in caught.value.message_ko


def test_a_gzipped_file_that_was_cut_off_is_refused_whole(tmp_path: Path) -> None:
    plain = write(tmp_path / "usage.csv", *[H100] * 200)
    packed = tmp_path / "usage.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes())[:-20])
    with pytest.raises(FocusFileError) as caught:
        read_usage(packed)
    assert caught.value.code == "unreadable"


def test_parquet_gives_the_same_totals_as_csv(tmp_path: Path) -> None:
    native = {
        "ChargeCategory": ["Usage", "Usage"],
        "ChargePeriodStart": pa.array([datetime(2026, 7, 1, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC")),
        "ChargePeriodEnd": pa.array([datetime(2026, 7, 2)] * 2, pa.timestamp("ms")),  # noqa: DTZ001
        "ConsumedQuantity": pa.array([Decimal("24.0000"), Decimal("-1.5000")], pa.decimal128(20, 4)),
        "ConsumedUnit": ["Hours", "Hours"],
        "RegionId": ["koreacentral"] * 2,
        "SkuPriceDetails": [{"InstanceType": "Standard_ND96isr_H100_v5"}] * 2,
        "Tags": pa.array([[("ax-company", "C-001")]] * 2, pa.map_(pa.string(), pa.string())),
    }
    parquet.write_table(pa.table(native), tmp_path / "usage.parquet")
    assert hours_of_company(read_usage(tmp_path / "usage.parquet").totals.items()) == {KEY: 180 * 10_000}


def test_a_parquet_row_with_nan_is_refused(tmp_path: Path) -> None:
    columns = {k: [v, v] for k, v in H100.items()} | {"ConsumedQuantity": [24.0, float("nan")]}
    parquet.write_table(pa.table(columns), tmp_path / "usage.parquet")
    file = read_usage(tmp_path / "usage.parquet")
    assert [(r.row, r.field, r.code) for r in file.rejected] == [(2, "ConsumedQuantity", "not_a_number")]


def test_a_mapping_file_renames_columns_and_names_companies(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(
        '[columns]\n"사용량" = "ConsumedQuantity"\n'
        '[company]\ntag = "customer"\nsub_accounts = {"/Subscriptions/AAAA" = "1234567890"}\n',
        encoding="utf-8",
    )
    path = write(tmp_path / "usage.csv", H100)
    path.write_text(path.read_text("utf-8-sig").replace("ConsumedQuantity", "사용량"), encoding="utf-8")
    assert hours_of_company(read_usage(path, tmp_path / "map.toml").totals.items()) == {
        ("1234567890", "h100", "koreacentral", DAY): 1_920_000
    }


def test_a_mapping_to_an_unknown_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('[columns]\na = "Nothing"\n', encoding="utf-8")
    with pytest.raises(FocusFileError, match="Nothing"):
        load_mapping(tmp_path / "map.toml")


def test_a_tag_outranks_the_subscription(tmp_path: Path) -> None:
    mapping = FocusMapping(sub_accounts={"/subscriptions/aaaa": "other"})
    assert hours_of_company(read_usage(write(tmp_path / "usage.csv", H100), mapping).totals.items()) == {KEY: 1_920_000}


def test_months_and_scopes_are_listed(tmp_path: Path) -> None:
    august = {"BillingPeriodStart": "2026-08-01", "BillingAccountId": "NULL"}
    file = read_usage(write(tmp_path / "usage.csv", H100, H100 | august))
    assert (file.periods, file.accounts) == (("2026-07", "2026-08"), ("/providers/billing/1",))


def test_a_file_without_quantities_is_read_but_its_gpu_rows_are_refused(tmp_path: Path) -> None:
    file = read_usage(write(tmp_path / "usage.csv", H100, drop=("ConsumedQuantity",)))
    assert [(r.row, r.field, r.code) for r in file.rejected] == [(2, "ConsumedQuantity", "missing")]
