"""One usage row, what it means in GPU-hours, and the totals that the ledger takes.

GPU-hours are ConsumedQuantity (in hours) × the GPUs of the machine, for rows whose ChargeCategory is Usage and whose
commitment was not left unused. Negative rows are corrections and are summed with their sign. PricingQuantity is
never used: block pricing divides it by up to 10,000. Amounts stay exact fractions until they are totalled.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

from fundapp.portfolio.gpu_sizes import GpuSize, find_gpu_size, is_gpu_family

from .fields import hours_in_unit, instant, key_values, quantity, text_of
from .refusals import FocusFileError, RowRefusedError

HOURS_SCALE: Final = 10_000
MAX_GPU_HOURS: Final = 10**9
MAX_SPAN: Final = timedelta(days=366)
DEFAULT_TAGS: Final = ("ax-award", "ax-company")
UNKNOWN_REGION: Final = "unknown"

#: The columns that are read, by their FOCUS names; anything else in a file is left alone.
COLUMNS: Final = (
    "BillingAccountId",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "RegionId",
    "ResourceId",
    "ResourceType",
    "ServiceName",
    "SkuMeter",
    "SkuPriceDetails",
    "SubAccountId",
    "Tags",
    "x_SkuDetails",
    "x_SkuDetails.ServiceType",
)
REQUIRED: Final = ("ChargeCategory", "ChargePeriodEnd", "ChargePeriodStart")


@dataclass(frozen=True, slots=True)
class FocusMapping:
    """How one exporter's file differs, and whose subscriptions are whose.

    Attributes:
        columns: Header in the file → FOCUS column.
        tags: Tag keys that name the company or award, in order of preference.
        sub_accounts: SubAccountId in lower case → company key; used when no tag answers.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = DEFAULT_TAGS
    sub_accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A normalised row; every identifier is trimmed and in lower case.

    Attributes:
        row: Row number in the file.
        charge_start: Inclusive, UTC.
        charge_end: Exclusive, UTC.
        sub_account_id: Subscription.
        resource_id: Resource.
        tags: Keys trimmed and in lower case.
        company: Award number or company key, or None when nobody is named.
        region: Region, or ``unknown``.
        sku: GPU model, or None when the row is not metered GPU usage.
        gpu_count: GPUs of the machine; a fraction when it shares a card.
        gpu_hours: Exact and signed; 0 when not metered.
        charge_category: As given.
        service: Service name.
        consumed_unit: As given.
        consumed_quantity: Exact, or None.
        billed_in: First day of the month whose bill carries the row; None when the file does not say.
    """

    row: int
    charge_start: datetime
    charge_end: datetime
    sub_account_id: str
    resource_id: str
    tags: Mapping[str, str]
    company: str | None
    region: str
    sku: str | None
    gpu_count: Fraction
    gpu_hours: Fraction
    charge_category: str
    service: str
    consumed_unit: str
    consumed_quantity: Decimal | None
    billed_in: date | None = None

    @property
    def utc_day(self) -> date:
        """UTC day on which the charge period starts."""
        return self.charge_start.date()

    @property
    def gpu_hours_e4(self) -> int:
        """This row alone in ten-thousandths of a GPU-hour, half to even; totals round once, in :func:`aggregate`."""
        return round(self.gpu_hours * HOURS_SCALE)


def load_mapping(path: Path | str) -> FocusMapping:
    """Read a mapping file.

    ``[columns]`` maps a header of the file to a FOCUS column; ``[company]`` has ``tag`` (one key or a list) and
    ``sub_accounts``, a table of SubAccountId to company key.

    Raises:
        FocusFileError: If it is not TOML of this shape or names a column that is not read.
    """
    try:
        body = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        company = body.get("company", {})
        tag = company.get("tag", list(DEFAULT_TAGS))
        tags = tuple(t.strip().lower() for t in ([tag] if isinstance(tag, str) else tag))
        accounts = {_clean(k): _clean(v) for k, v in company.get("sub_accounts", {}).items()}
        columns = {str(k): str(v) for k, v in body.get("columns", {}).items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise FocusFileError(
            "mapping", f"매핑 파일을 읽을 수 없습니다: {error}", f"unreadable mapping: {error}"
        ) from error
    strange = sorted(set(columns.values()) - set(COLUMNS))
    if strange:
        names = ", ".join(strange)
        raise FocusFileError(
            "mapping", f"매핑에 알 수 없는 열이 있습니다: {names}", f"unknown columns in the mapping: {names}"
        )
    return FocusMapping(columns, tags, accounts)


def read_row(number: int, cells: Mapping[str, object], mapping: FocusMapping) -> UsageRow:
    """Normalise one row.

    Args:
        number: Row number for messages.
        cells: FOCUS column → raw cell: text, or a Parquet value.
        mapping: Tags and subscriptions of companies.

    Raises:
        RowRefusedError: If a value that is needed is absent or unreadable.
    """
    start = instant("ChargePeriodStart", cells.get("ChargePeriodStart"))
    end = instant("ChargePeriodEnd", cells.get("ChargePeriodEnd"))
    if end <= start:
        raise RowRefusedError("ChargePeriodEnd", "period_order", end.isoformat())
    category = text_of(cells.get("ChargeCategory"))
    if not category:
        raise RowRefusedError("ChargeCategory", "missing")
    consumed = quantity("ConsumedQuantity", cells.get("ConsumedQuantity"))
    tags = {k: text_of(v) for k, v in key_values("Tags", cells.get("Tags")).items()}
    sub_account = _clean(cells.get("SubAccountId"))
    size, hours = None, Fraction(0)
    unused = text_of(cells.get("CommitmentDiscountStatus")).lower() == "unused"
    if category.lower() == "usage" and not unused:
        size = _gpu_size(cells)
        if size is not None:
            hours = _gpu_hours(cells, consumed, size, end - start)
    return UsageRow(
        row=number,
        charge_start=start,
        charge_end=end,
        sub_account_id=sub_account,
        resource_id=_clean(cells.get("ResourceId")),
        tags=tags,
        company=_company(tags, sub_account, mapping),
        region=_clean(cells.get("RegionId")) or UNKNOWN_REGION,
        sku=size.sku if size else None,
        gpu_count=size.gpus if size else Fraction(0),
        gpu_hours=hours,
        charge_category=category,
        service=text_of(cells.get("ServiceName")),
        consumed_unit=text_of(cells.get("ConsumedUnit")),
        consumed_quantity=consumed,
        billed_in=_billing_month(cells),
    )


def _billing_month(cells: Mapping[str, object]) -> date | None:
    try:
        return instant("BillingPeriodStart", cells.get("BillingPeriodStart")).date().replace(day=1)
    except RowRefusedError:
        return None


def bill_of(cells: Mapping[str, object]) -> tuple[str, date | None]:
    """Return the sub-account and the billing month of a row that need not be readable otherwise.

    The month is that of the charge where the row names no billing period, and None where it has neither.
    """
    month = _billing_month(cells)
    if month is None:
        try:
            month = instant("ChargePeriodStart", cells.get("ChargePeriodStart")).date().replace(day=1)
        except RowRefusedError:
            month = None
    return _clean(cells.get("SubAccountId")), month


def aggregate(rows: Iterable[UsageRow]) -> dict[tuple[str | None, str, str, date], int]:
    """Total GPU usage by (company key, SKU, region, UTC day).

    A row that spans several UTC days is spread over them by time, so that a period boundary inside it is respected.

    Returns:
        Ten-thousandths of a GPU-hour, signed; each total is rounded once, half to even. The company is None for usage
        that names nobody.
    """
    totals: dict[tuple[str | None, str, str, date], Fraction] = defaultdict(Fraction)
    for row in rows:
        if row.sku is None:
            continue
        for day, share in _days(row):
            totals[row.company, row.sku, row.region, day] += row.gpu_hours * share
    return {key: round(total * HOURS_SCALE) for key, total in totals.items()}


def _days(row: UsageRow) -> Iterator[tuple[date, Fraction]]:
    if (row.charge_end - timedelta.resolution).date() == row.utc_day:
        yield row.utc_day, Fraction(1)
        return
    whole = (row.charge_end - row.charge_start) // timedelta.resolution
    at = row.charge_start
    while at < row.charge_end:
        midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
        until = min(midnight, row.charge_end)
        yield at.date(), Fraction((until - at) // timedelta.resolution, whole)
        at = until


def _clean(value: object) -> str:
    return text_of(value).lower()


def _company(tags: Mapping[str, str], sub_account: str, mapping: FocusMapping) -> str | None:
    for tag in mapping.tags:
        if named := tags.get(tag, "").lower():
            return named
    return mapping.sub_accounts.get(sub_account)


def _gpu_size(cells: Mapping[str, object]) -> GpuSize | None:
    """Find the GPU machine of a row, from the most to the least explicit column."""
    details = key_values("SkuPriceDetails", cells.get("SkuPriceDetails"))
    own = key_values("x_SkuDetails", cells.get("x_SkuDetails"))
    candidates = (
        ("SkuPriceDetails", details.get("instancetype") or details.get("x_instancetype")),
        ("x_SkuDetails", own.get("servicetype")),
        ("x_SkuDetails", cells.get("x_SkuDetails.ServiceType")),
        ("ResourceType", cells.get("ResourceType")),
        ("SkuMeter", cells.get("SkuMeter")),
    )
    strange: tuple[str, str] | None = None
    for column, value in candidates:
        name = text_of(value)
        size = find_gpu_size(name)
        if size is not None:
            _require_count(details.get("gpucount"), size)
            return size
        if strange is None and is_gpu_family(name):
            strange = column, name
    if strange is not None:
        raise RowRefusedError(strange[0], "unknown_gpu_size", strange[1])
    return None


def _require_count(stated: object, size: GpuSize) -> None:
    """Refuse a stated count that contradicts a machine of whole cards; shared cards are stated as 1."""
    count = quantity("SkuPriceDetails", stated)
    if count is not None and size.gpus >= 1 and Fraction(count) != size.gpus:
        raise RowRefusedError("SkuPriceDetails", "gpu_count_conflict", count)


def _gpu_hours(cells: Mapping[str, object], consumed: Decimal | None, size: GpuSize, span: timedelta) -> Fraction:
    if consumed is None:
        raise RowRefusedError("ConsumedQuantity", "missing")
    unit = text_of(cells.get("ConsumedUnit"))
    if not unit:
        raise RowRefusedError("ConsumedUnit", "missing")
    hours = hours_in_unit(unit)
    if hours is None:
        raise RowRefusedError("ConsumedUnit", "not_hours", unit)
    if span > MAX_SPAN:
        raise RowRefusedError("ChargePeriodEnd", "period_too_long", span)
    total = Fraction(consumed) * hours * size.gpus
    if abs(total) > MAX_GPU_HOURS:
        raise RowRefusedError("ConsumedQuantity", "too_large", consumed)
    return total
