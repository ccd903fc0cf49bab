"""Three months of cost-and-usage rows in the FOCUS 1.2 layout, for companies that used GPU time.

Quantities are kept in quarters of an hour until they are written, so that every sum is exact.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from invention.applications import Application, gpu_column
from invention.identifiers import invent_uuid

FOCUS_COLUMNS = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType",
    "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "CapacityReservationId",
    "CapacityReservationStatus", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId",
    "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus",
    "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit",
    "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName",
    "ListCost", "ListUnitPrice", "PricingCategory", "PricingCurrency",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName",
    "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory",
    "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName",
    "SubAccountType", "Tags",
)  # fmt: skip
GPUS = {
    "H100": {"Standard_NC40ads_H100_v5": 1, "Standard_NC80adis_H100_v5": 2, "Standard_ND96isr_H100_v5": 8},
    "H200": {"Standard_ND96isr_H200_v5": 8},
    "A100": {
        "Standard_NC24ads_A100_v4": 1, "Standard_NC48ads_A100_v4": 2, "Standard_NC96ads_A100_v4": 4,
        "Standard_ND96asr_v4": 8, "Standard_ND96amsr_A100_v4": 8,
    },
}  # fmt: skip
LIST_KRW = {"H100": 9_600, "H200": 12_800, "A100": 5_200}
QUARTER = "2026Q3"
FIRST_DAY, LAST_DAY = date(2026, 7, 8), date(2026, 9, 30)
QUARTERS_OF_AN_HOUR_A_DAY = 96
BUSY_QUARTERS = 72
USERS = 25
WEEKEND = (5, 6)
REGULATED_SECTORS = ("공공", "금융", "제조", "의료")
HEAVY_EVERY, RESIZED_EVERY, GATEWAY_EVERY = 5, 2, 3


@dataclass(frozen=True)
class Charge:
    """One row before it is written: a resource, a UTC day and a quantity in quarters of its unit."""

    company: str
    business_number: str
    day: date
    meter: str
    resource: str
    quantity_quarters: int
    list_krw: int
    tag_key: str = "ax-company"
    billed_on: date | None = None
    charge_class: str = ""

    @property
    def billing_month(self) -> date:
        """Return the first day of the month whose bill carries the row."""
        return (self.billed_on or self.day).replace(day=1)


def choose_users(labelled: Iterable[tuple[str, Application]]) -> list[Application]:
    """Return the best applications that ask for hours in the quarter; two of them cannot be awarded."""
    wanted = {"sound", "tax_arrears", "foreign_processing_only"}
    candidates = [one for label, one in labelled if label in wanted and _requested_hours(one) > 0]
    candidates.sort(key=lambda one: (-_strength(one), one.company.business_number))
    return candidates[:USERS]


def _strength(application: Application) -> float:
    """Return the quality with what any fair rubric adds: links to both tracks, and a regulated sector."""
    row = application.row
    both = bool(row["spc_link"] and row["korean_ai_link"])
    return application.company.quality + 0.15 * both + 0.07 * (row["sector"] in REGULATED_SECTORS)


def _requested_hours(application: Application) -> int:
    return int(application.row[gpu_column(application.main_sku, QUARTER)] or 0)


def _working_days() -> list[date]:
    days = [FIRST_DAY + timedelta(days=offset) for offset in range((LAST_DAY - FIRST_DAY).days + 1)]
    return [day for day in days if day.weekday() not in WEEKEND]


def _size_for(sku: str, gpu_quarters_a_day: int, place: int) -> str:
    """Return the smallest VM size that fits the daily need in 18 hours, else the largest there is.

    Sizes with the same number of GPUs take turns from company to company.
    """
    fitting = [gpus for gpus in GPUS[sku].values() if gpu_quarters_a_day <= gpus * BUSY_QUARTERS]
    gpus = min(fitting, default=max(GPUS[sku].values()))
    same = [name for name, count in GPUS[sku].items() if count == gpus]
    return same[place // 2 % len(same)]


def invent_charges(users: list[Application], seed: str) -> list[Charge]:
    """Return the charges of the quarter, as first billed."""
    charges: list[Charge] = []
    for place, user in enumerate(users):
        rng = random.Random(f"{seed}/usage/{user.company.business_number}")
        charges.extend(_gpu_charges(user, place, rng))
        charges.extend(_other_charges(user, place, rng))
    return charges


def _gpu_charges(user: Application, place: int, rng: random.Random) -> list[Charge]:
    """Spread between 32 and 52 % of the request, for every fifth company up to 82 %, over the working days.

    Every second company goes down one VM size, where there is one, in the middle of 17 August: two rows.
    """
    sku, days = user.main_sku, _working_days()
    percent = rng.randrange(64, 83) if place % HEAVY_EVERY == HEAVY_EVERY - 1 else rng.randrange(32, 53)
    target = _requested_hours(user) * 4 * percent // 100
    size = _size_for(sku, target // len(days), place)
    sizes = list(GPUS[sku])
    resized = sizes[max(0, sizes.index(size) - 1)] if place % RESIZED_EVERY == 0 else size
    weights = [rng.randrange(70, 131) for _ in days]
    charges: list[Charge] = []
    for day, weight in zip(days, weights, strict=True):
        need = target * weight // sum(weights)
        spans = [(size, need)]
        if resized != size and day >= date(2026, 8, 17):
            spans = [(size, need // 2), (resized, need - need // 2)] if day == date(2026, 8, 17) else [(resized, need)]
        for name, gpu_quarters in spans:
            charges.extend(_vm_rows(user, sku, name, day, gpu_quarters))
    return charges


def _vm_rows(user: Application, sku: str, size: str, day: date, gpu_quarters: int) -> list[Charge]:
    """Return one row a machine: as many machines as the day's need takes, none running over 24 hours."""
    gpus = GPUS[sku][size]
    left = gpu_quarters // gpus
    rows: list[Charge] = []
    while left > 0:
        quantity = min(left, QUARTERS_OF_AN_HOUR_A_DAY)
        rows.append(_charge(user, day, size, f"vm-{sku.lower()}-{len(rows) + 1}", quantity, LIST_KRW[sku] * gpus))
        left -= quantity
    return rows


def _charge(user: Application, day: date, meter: str, resource: str, quantity: int, list_krw: int) -> Charge:
    company = user.company
    return Charge(company.name, company.business_number, day, meter, resource, quantity, list_krw)


def _other_charges(user: Application, place: int, rng: random.Random) -> list[Charge]:
    """Return weekly storage rows and, for every third company, a small machine without a GPU."""
    rows: list[Charge] = []
    for day in _working_days()[::5]:
        rows.append(_charge(user, day, "Standard_LRS", "storage", rng.randrange(400, 4000), 28))
        if place % GATEWAY_EVERY == 0:
            rows.append(_charge(user, day, "Standard_D8s_v5", "vm-gateway", QUARTERS_OF_AN_HOUR_A_DAY, 520))
    return rows


def add_irregular_rows(charges: list[Charge], users: list[Application]) -> list[Charge]:
    """Return the charges with what real exports bring: refunds, late corrections, missing and untidy tags."""
    rows = list(charges)
    refunded = [_first(rows, users[place], month) for place, month in ((0, 7), (3, 8), (7, 9), (11, 9))]
    rows.extend(replace(row, quantity_quarters=-(row.quantity_quarters // 2)) for row in refunded)
    corrected = [_first(rows, users[place], 8) for place in (2, 5)]
    rows.extend(
        replace(
            row,
            quantity_quarters=-(row.quantity_quarters // 2),
            billed_on=date(2026, 9, 1),
            charge_class="Correction",
        )
        for row in corrected
    )
    untidy, untagged = users[6].company.business_number, users[9].company.business_number
    return [
        replace(row, tag_key=" ax-company")
        if row.business_number == untidy
        else replace(row, tag_key="")
        if row.business_number == untagged and date(2026, 8, 10) <= row.day <= date(2026, 8, 12)
        else row
        for row in rows
    ]


def _first(rows: list[Charge], user: Application, month: int) -> Charge:
    """Return a company's first GPU row of a month that ran half an hour or longer."""
    number, prefix = user.company.business_number, f"vm-{user.main_sku.lower()}"
    mine = (row for row in rows if row.business_number == number and row.resource.startswith(prefix))
    return next(row for row in mine if row.day.month == month and row.quantity_quarters > 1)


def restate_august(charges: list[Charge], users: list[Application]) -> list[Charge]:
    """Return August as billed again: tags filled in, two quantities changed, one row gone, two late rows."""
    rows = [row for row in charges if row.billing_month == date(2026, 8, 1)]
    more, less, gone = _first(rows, users[1], 8), _first(rows, users[4], 8), _first(rows, users[8], 8)
    late = [replace(_first(rows, users[place], 8), day=date(2026, 8, 30)) for place in (10, 12)]
    changed = {more: more.quantity_quarters + 1, less: less.quantity_quarters // 2}
    return [
        replace(
            row,
            quantity_quarters=changed.get(row, row.quantity_quarters),
            tag_key=row.tag_key or "ax-company",
        )
        for row in rows
        if row != gone
    ] + late


def focus_row(charge: Charge) -> dict[str, str]:
    """Return the 57 columns of one charge. Sponsored: nothing is billed, the list price is shown."""
    month = charge.billing_month
    next_month = (month + timedelta(days=32)).replace(day=1)
    subscription = f"/subscriptions/{invent_uuid(['subscription', charge.business_number])}"
    machine = charge.resource.startswith("vm-")
    quantity = _decimal(charge.quantity_quarters)
    cost = _decimal(charge.quantity_quarters * charge.list_krw)
    unit = "Hours" if machine else "GB"
    values = {
        "BilledCost": "0", "EffectiveCost": "0", "ContractedCost": cost, "ListCost": cost,
        "ContractedUnitPrice": str(charge.list_krw), "ListUnitPrice": str(charge.list_krw),
        "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/ax-demo",
        "BillingAccountName": "AX fund demo",
        "BillingAccountType": "Billing Account", "BillingCurrency": "KRW", "PricingCurrency": "KRW",
        "BillingPeriodStart": _midnight(month), "BillingPeriodEnd": _midnight(next_month),
        "ChargeCategory": "Usage", "ChargeClass": charge.charge_class, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": charge.meter,
        "ChargePeriodStart": _midnight(charge.day),
        "ChargePeriodEnd": _midnight(charge.day + timedelta(days=1)),
        "ConsumedQuantity": quantity, "ConsumedUnit": unit, "PricingQuantity": quantity, "PricingUnit": unit,
        "PricingCategory": "Standard", "InvoiceIssuerName": "Microsoft", "ProviderName": "Microsoft",
        "PublisherName": "Microsoft", "RegionId": "koreacentral", "RegionName": "Korea Central",
        "ResourceId": f"{subscription}/{charge.resource}", "ResourceName": charge.resource,
        "ResourceType": "Virtual machine" if machine else "Storage account",
        "ServiceCategory": "Compute" if machine else "Storage",
        "ServiceName": "Virtual Machines" if machine else "Storage Accounts",
        "ServiceSubcategory": "Virtual Machines" if machine else "Object Storage",
        "SkuId": f"demo-{charge.meter.lower()}", "SkuMeter": charge.meter,
        "SkuPriceId": f"demo-{charge.meter.lower()}-p1",
        "SkuPriceDetails": json.dumps({"InstanceType": charge.meter}) if machine else "",
        "SubAccountId": subscription, "SubAccountName": charge.company, "SubAccountType": "Subscription",
        "Tags": json.dumps({charge.tag_key: charge.business_number} if charge.tag_key else {}),
    }  # fmt: skip
    return {column: values.get(column, "") for column in FOCUS_COLUMNS}


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _decimal(quarters: int) -> str:
    """Write a count of quarters as a decimal number, without passing through a float."""
    whole, rest = divmod(abs(quarters), 4)
    return f"{'-' if quarters < 0 else ''}{whole}{('', '.25', '.5', '.75')[rest]}"
