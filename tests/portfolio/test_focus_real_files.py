"""FOCUS import against public files: a real 1.0 sample, the specification's examples, Azure's unit table."""

import csv
from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from fundapp.portfolio.focus import read_usage
from fundapp.portfolio.focus.fields import hours_in_unit, key_values, quantity
from fundapp.portfolio.focus.rows import Rules, read_row
from fundapp.portfolio.gpu_sizes import GpuSizes

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "focus"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/focus is absent")


def records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [fields for fields in csv.reader(stream) if fields]


def test_the_real_sample_is_read_whole_and_holds_no_gpu_machine() -> None:
    path = DATA / "focus-1.0-sample" / "focus_sample.csv"
    file = read_usage(path)
    assert len(records(path)[0]) == 44
    assert (file.read, file.usage_rows, file.rejected, file.totals) == (1_000, 0, [], {})


def test_twelve_negative_usage_rows_of_the_real_sample_are_read_with_their_sign() -> None:
    with (DATA / "focus-1.0-sample" / "focus_sample.csv").open(encoding="utf-8-sig", newline="") as stream:
        azure = [row for row in csv.DictReader(stream) if row["SubAccountId"].startswith("/subscriptions/")]
    read = [read_row(row, Rules()) for row in azure]
    negative = [row for row in azure if (quantity("ConsumedQuantity", row["ConsumedQuantity"]) or 0) < 0]
    assert (len(read), len(negative)) == (51, 12)
    assert {(row["ChargeCategory"], row["ChargeClass"]) for row in negative} == {("Usage", "NULL")}


def test_every_tag_key_of_the_real_sample_is_clean() -> None:
    with (DATA / "focus-1.0-sample" / "focus_sample.csv").open(encoding="utf-8-sig", newline="") as stream:
        keys = {key for row in csv.DictReader(stream) for key in key_values("Tags", row["Tags"])}
    assert "org" in keys
    assert all(key == key.strip().lower() for key in keys)


def test_every_specification_example_is_read_or_refused_with_a_reason() -> None:
    paths = sorted((DATA / "focus-1.2-spec-examples").glob("*.csv"))
    assert len(paths) == 26
    codes: Counter[str] = Counter()
    for path in paths:
        file = read_usage(path)
        assert file.read == len(records(path)) - 1
        codes.update(row.code for row in file.rejected)
    # the SaaS and virtual-currency examples write 5/1/25, and two commitment rows write T30:00:00Z
    assert codes == {"not_a_date": 56 + 2}


def test_an_unused_commitment_of_the_specification_needs_no_quantity() -> None:
    file = read_usage(DATA / "focus-1.2-spec-examples" / "commitment_discount_usage_scenario_2.csv")
    assert (file.read, file.rejected, file.usage_rows) == (1, [], 0)


def test_units_agree_with_azures_own_table() -> None:
    with (DATA / "azure-open-data" / "PricingUnits.csv").open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.DictReader(stream))
    understood = [row for row in table if hours_in_unit(row["UnitOfMeasure"]) is not None]
    assert {"1 Hour", "1 hora", "1 小时", "100 Hours"} <= {row["UnitOfMeasure"] for row in understood}
    hours_in = {"Hours": Fraction(1), "Minutes": Fraction(1, 60), "Seconds": Fraction(1, 3600)}
    assert [
        row["UnitOfMeasure"]
        for row in understood
        if hours_in_unit(row["UnitOfMeasure"]) != int(row["PricingBlockSize"]) * hours_in[row["DistinctUnits"]]
    ] == []


def test_units_that_only_sound_like_hours_are_not_understood() -> None:
    assert [u for u in ("100 Core Hours", "1 Content Hours", "1 GB Hour", "1/Hour") if hours_in_unit(u)] == []


@pytest.mark.parametrize(
    ("name", "sku", "gpus"),
    [
        ("Standard_NC64as_T4_v3", "T4", "4"),
        ("Standard_NC96ads_A100_v4", "A100", "4"),
        ("Standard_ND96asr_v4", "A100", "8"),
        ("Standard_ND96amsr_A100_v4", "A100", "8"),
        ("Standard_NC80adis_H100_v5", "H100", "2"),
        ("Standard_ND96isr_H200_v5", "H200", "8"),
        ("Standard_ND128isr_NDR_GB200_v6", "GB200", "4"),
        ("Standard_NV6ads_A10_v5", "A10", "1/6"),
        ("NC24s v3 Low Priority", "V100", "4"),
    ],
)
def test_machine_sizes_hold_what_azure_documents(name: str, sku: str, gpus: str) -> None:
    size = GpuSizes().find(name, date(2026, 7, 1))
    assert size is not None
    assert (size.sku, str(size.gpus)) == (sku, gpus)
