"""The usage files: FOCUS 1.2, known machine sizes, and the irregular rows that real exports bring."""

import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from example_files import Rows

Usage = Callable[[str], Rows]

# GPUs of each size as Microsoft's pages on VM sizes give them.
GPUS = {
    "Standard_NC40ads_H100_v5": ("h100", 1),
    "Standard_NC80adis_H100_v5": ("h100", 2),
    "Standard_ND96isr_H100_v5": ("h100", 8),
    "Standard_ND96isr_H200_v5": ("h200", 8),
    "Standard_NC24ads_A100_v4": ("a100", 1),
    "Standard_NC48ads_A100_v4": ("a100", 2),
    "Standard_NC96ads_A100_v4": ("a100", 4),
    "Standard_ND96asr_v4": ("a100", 8),
    "Standard_ND96amsr_A100_v4": ("a100", 8),
}
MONTHS = ("2026-07", "2026-08", "2026-09")
FILES = (*MONTHS, "2026-08-restated")


def machine_of(row: dict[str, str]) -> str:
    return str(json.loads(row["SkuPriceDetails"])["InstanceType"]) if row["SkuPriceDetails"] else ""


def company_of(row: dict[str, str]) -> str:
    tags = {key.strip(): value for key, value in json.loads(row["Tags"]).items()}
    return str(tags.get("ax-company", ""))


def gpu_hours_by_company(rows: Rows) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if (size := machine_of(row)) in GPUS:
            sku, gpus = GPUS[size]
            sums[row["SubAccountName"], sku] += Decimal(row["ConsumedQuantity"]) * gpus
    return sums


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_57_columns_in_alphabetical_order(name: str, usage: Usage) -> None:
    columns = list(usage(name)[0])
    assert len(columns) == 57
    assert columns == sorted(columns)


def test_the_columns_include_all_that_azure_documents_for_focus_1_2(usage: Usage, research: Path) -> None:
    path = research / "focus/azure-open-data/FocusCost_1.2-preview.json"
    documented = [one["ColumnName"] for one in json.loads(path.read_text(encoding="utf-8"))["Columns"]]
    focus = {name for name in documented if not name.startswith("x_")}
    assert focus - set(usage("2026-07")[0]) == set()
    assert len(focus) == 53


def test_every_machine_size_with_a_gpu_occurs_and_no_other_has_one(usage: Usage) -> None:
    sizes = {machine_of(row) for name in FILES for row in usage(name)}
    assert sizes == set(GPUS) | {"Standard_D8s_v5", ""}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_billed(name: str, usage: Usage) -> None:
    assert {(row["BilledCost"], row["EffectiveCost"]) for row in usage(name)} == {("0", "0")}


@pytest.mark.parametrize("name", FILES)
def test_list_cost_is_quantity_times_list_price(name: str, usage: Usage) -> None:
    for row in usage(name):
        assert Decimal(row["ListCost"]) == Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])


@pytest.mark.parametrize("name", FILES)
def test_each_machine_row_is_one_utc_day_of_at_most_24_hours(name: str, usage: Usage) -> None:
    machines = [row for row in usage(name) if row["ConsumedUnit"] == "Hours"]
    assert all(row["ChargePeriodStart"].endswith("T00:00:00Z") for row in machines)
    assert all(row["ChargePeriodStart"] < row["ChargePeriodEnd"] for row in machines)
    assert all(abs(Decimal(row["ConsumedQuantity"])) <= 24 for row in machines)


@pytest.mark.parametrize("month", MONTHS)
def test_a_file_holds_one_billing_month(month: str, usage: Usage) -> None:
    assert {row["BillingPeriodStart"] for row in usage(month)} == {f"{month}-01T00:00:00Z"}


def test_25_companies_use_gpu_time_and_each_has_its_own_subscription(usage: Usage) -> None:
    pairs = {(row["SubAccountId"], row["SubAccountName"]) for month in MONTHS for row in usage(month)}
    assert len(pairs) == 25
    assert len({subscription for subscription, _ in pairs}) == 25


def test_every_company_draws_30_to_85_percent_of_what_it_asked_for(usage: Usage, applications: Rows) -> None:
    asked = {row["회사명"]: row for row in applications}
    drawn = gpu_hours_by_company([row for month in MONTHS for row in usage(month)])
    assert len(drawn) == 25
    for (company, sku), hours in drawn.items():
        requested = int(asked[company][f"gpu_{sku}_2026Q3"])
        assert Decimal("0.30") <= hours / requested <= Decimal("0.85"), company


def test_two_users_cannot_have_an_award(usage: Usage, applications: Rows) -> None:
    users = {row["SubAccountName"] for row in usage("2026-07")}
    stopped = {row["회사명"] for row in applications if "예" in {row["tax_arrears"], row["foreign_processing_only"]}}
    assert len(users & stopped) == 2


def test_four_rows_are_refunds_and_two_correct_august_on_the_september_bill(usage: Usage) -> None:
    negative = [row for month in MONTHS for row in usage(month) if row["ConsumedQuantity"].startswith("-")]
    corrections = [row for row in negative if row["ChargeClass"] == "Correction"]
    assert len(negative) == 6
    assert [row["BillingPeriodStart"][:7] for row in corrections] == ["2026-09", "2026-09"]
    assert [row["ChargePeriodStart"][:7] for row in corrections] == ["2026-08", "2026-08"]


def test_some_companies_change_machine_size_within_17_august(usage: Usage) -> None:
    sizes: dict[str, set[str]] = defaultdict(set)
    for row in usage("2026-08"):
        if row["ChargePeriodStart"].startswith("2026-08-17") and machine_of(row) in GPUS:
            sizes[row["SubAccountName"]].add(machine_of(row))
    assert sum(len(names) == 2 for names in sizes.values()) >= 5


def test_one_company_has_a_leading_space_in_its_tag_key(usage: Usage) -> None:
    untidy = {row["SubAccountName"] for row in usage("2026-07") if " ax-company" in json.loads(row["Tags"])}
    assert len(untidy) == 1


def test_one_company_lacks_its_tag_on_three_days_until_august_is_restated(usage: Usage) -> None:
    untagged = [row for row in usage("2026-08") if company_of(row) == ""]
    assert len({row["SubAccountName"] for row in untagged}) == 1
    assert len({row["ChargePeriodStart"] for row in untagged}) == 3
    assert [row for row in usage("2026-08-restated") if company_of(row) == ""] == []


def test_the_restated_august_differs_in_five_rows_once_tags_are_left_out(usage: Usage) -> None:
    first, again = (
        sorted(tuple(row[key] for key in sorted(row) if key != "Tags") for row in usage(name))
        for name in ("2026-08", "2026-08-restated")
    )
    gone = [row for row in first if row not in again]
    new = [row for row in again if row not in first]
    assert (len(gone), len(new)) == (3, 4)


def test_there_is_usage_that_is_no_gpu_time(usage: Usage) -> None:
    services = {row["ServiceName"] for month in MONTHS for row in usage(month)}
    assert services == {"Virtual Machines", "Storage Accounts"}
