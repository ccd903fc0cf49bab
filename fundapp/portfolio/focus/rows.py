"""One usage row and what it means in GPU-hours: the rule that everything faster must agree with.

GPU-hours are ConsumedQuantity (in hours) × the GPUs of the machine, for rows whose ChargeCategory is Usage and whose
commitment was not left unused. Negative rows are corrections and are summed with their sign. PricingQuantity is
never used, because block pricing divides it by up to 10,000; neither is any cost, because credits are applied on the
invoice and commitments make cost nought: hours are metered, and valued by the fund's own rate card. Amounts stay exact
fractions until they are totalled.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Final

from fundapp.portfolio.gpu_sizes import GpuSize, GpuSizes

from .columns import COLUMNS
from .fields import hours_in_unit, instant, key_values, quantity, text_of
from .refusals import FocusFileError, RowRefusedError

MAX_GPU_HOURS: Final = 10**9
MAX_SPAN: Final = timedelta(days=366)
DEFAULT_TAGS: Final = ("ax-award", "ax-company")
UNKNOWN_REGION: Final = "unknown"
MONEY: Final = frozenset({"KRW", "USD"})
_YEARS: Final = range(2010, 2101)

#: Columns that may name the machine, from the most to the least explicit.
SIZE_COLUMNS: Final = ("SkuPriceDetails", "x_SkuDetails", "x_SkuDetails.ServiceType", "ResourceType", "SkuMeter")

Cells = Mapping[str, object]


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
class Rules:
    """What reading a row needs besides the row.

    Attributes:
        mapping: Tags and subscriptions of companies.
        sizes: The table of machine sizes.
        currencies: Billing currencies that the fund's rate cards know, in upper case.
    """

    mapping: FocusMapping = field(default_factory=FocusMapping)
    sizes: GpuSizes = field(default_factory=GpuSizes)
    currencies: frozenset[str] = MONEY


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A normalised row; every identifier is trimmed and in lower case.

    Attributes:
        start: Inclusive, UTC.
        end: Exclusive, UTC.
        sub_account: Subscription.
        billed_in: First day of the month whose bill carries the row; that of the charge when the file does not say.
        account: Billing account.
        company: Award number or company key, or None when nobody is named.
        region: Region, or ``unknown``.
        sku: GPU model in lower case, or None when the row is not metered GPU usage.
        gpu_hours: Exact and signed; 0 when not metered.
    """

    start: datetime
    end: datetime
    sub_account: str
    billed_in: date
    account: str
    company: str | None
    region: str
    sku: str | None
    gpu_hours: Fraction


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
        accounts = {clean(k): clean(v) for k, v in company.get("sub_accounts", {}).items()}
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


def read_row(cells: Cells, rules: Rules) -> UsageRow:
    """Normalise one row.

    Args:
        cells: FOCUS column → raw cell: text, or a Parquet value.
        rules: Tags, subscriptions, sizes and currencies.

    Raises:
        RowRefusedError: If a value that is needed is absent or unreadable.
    """
    start, end = span_of(cells.get("ChargePeriodStart"), cells.get("ChargePeriodEnd"))
    metered = is_metered(cells.get("ChargeCategory"), cells.get("CommitmentDiscountStatus"))
    consumed = quantity("ConsumedQuantity", cells.get("ConsumedQuantity"))
    sub_account = clean(cells.get("SubAccountId"))
    company = company_of(cells, rules.mapping) or rules.mapping.sub_accounts.get(sub_account)
    size = gpu_size(cells, start.date(), rules.sizes) if metered else None
    hours = Fraction(0)
    if size is not None:
        require_known_currency(cells.get("BillingCurrency"), rules.currencies)
        hours = _gpu_hours(cells, consumed, size, end - start)
    return UsageRow(
        start=start,
        end=end,
        sub_account=sub_account,
        billed_in=billing_month(cells.get("BillingPeriodStart")) or start.date().replace(day=1),
        account=clean(cells.get("BillingAccountId")),
        company=company,
        region=clean(cells.get("RegionId")) or UNKNOWN_REGION,
        sku=size.sku.lower() if size else None,
        gpu_hours=hours,
    )


def span_of(start_cell: object, end_cell: object) -> tuple[datetime, datetime]:
    """Return the charge period in UTC: start inclusive, end exclusive.

    Raises:
        RowRefusedError: if a date is missing, unreadable or out of range, or the period does not run forwards.
    """
    start, end = _dated("ChargePeriodStart", start_cell), _dated("ChargePeriodEnd", end_cell)
    if end <= start:
        raise RowRefusedError("ChargePeriodEnd", "period_order", end.isoformat())
    return start, end


def _dated(column: str, cell: object) -> datetime:
    moment = instant(column, cell)
    if moment.year not in _YEARS:
        raise RowRefusedError(column, "date_out_of_range", text_of(cell))
    return moment


def is_metered(category_cell: object, commitment_cell: object) -> bool:
    """Return whether a row states use at all: purchases, credits and unused commitments do not.

    Raises:
        RowRefusedError: if the row does not say what it is.
    """
    category = text_of(category_cell)
    if not category:
        raise RowRefusedError("ChargeCategory", "missing")
    return category.lower() == "usage" and text_of(commitment_cell).lower() != "unused"


def company_of(cells: Cells, mapping: FocusMapping) -> str | None:
    """Return who the row's tags name: the award or company, or None.

    A row that an allocation method split from a shared resource (FOCUS 1.3) carries the tags of the one it was
    allocated to beside those of the resource; the former decide. Such rows state shares, so each counts once, as given.

    Raises:
        RowRefusedError: if tags are there that cannot be read.
    """
    tags = key_values("Tags", cells.get("Tags"))
    if text_of(cells.get("AllocatedMethodId")):
        tags = {**tags, **key_values("AllocatedTags", cells.get("AllocatedTags"))}
    for tag in mapping.tags:
        if named := clean(tags.get(tag)):
            return named
    return None


def billing_month(cell: object) -> date | None:
    """Return the first day of the billing month, or None where a row does not say."""
    try:
        return instant("BillingPeriodStart", cell).date().replace(day=1)
    except RowRefusedError:
        return None


def bill_of(cells: Cells) -> tuple[str, date | None]:
    """Return the sub-account and the billing month of a row that need not be readable otherwise.

    The month is that of the charge where the row names no billing period, and None where it has neither.
    """
    month = billing_month(cells.get("BillingPeriodStart")) or billing_month(cells.get("ChargePeriodStart"))
    return clean(cells.get("SubAccountId")), month


def days_of(start: datetime, end: datetime) -> Iterator[tuple[date, Fraction]]:
    """Spread a period over UTC days by time, so that a quarter boundary inside it is respected; shares add up to 1."""
    if (end - timedelta.resolution).date() == start.date():
        yield start.date(), Fraction(1)
        return
    whole = (end - start) // timedelta.resolution
    at = start
    while at < end:
        midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
        until = min(midnight, end)
        yield at.date(), Fraction((until - at) // timedelta.resolution, whole)
        at = until


def clean(value: object) -> str:
    """Return an identifier as the fund keeps it: trimmed and in lower case."""
    return text_of(value).lower()


def size_name(column: str, cell: object) -> tuple[str, object]:
    """Return the machine that one column names, and the count of GPUs that it states.

    Raises:
        RowRefusedError: if a key-value column cannot be read.
    """
    if column == "SkuPriceDetails":
        details = key_values(column, cell)
        return text_of(details.get("instancetype") or details.get("x_instancetype")), details.get("gpucount")
    if column == "x_SkuDetails":
        return text_of(key_values(column, cell).get("servicetype")), None
    return text_of(cell), None


def gpu_size(cells: Cells, day: date, sizes: GpuSizes) -> GpuSize | None:
    """Find the GPU machine of a row, from the most to the least explicit column; None when it has no GPU.

    Raises:
        RowRefusedError: if it is a GPU machine that the table does not know, or its stated count contradicts it.
    """
    named = [(column, *size_name(column, cells.get(column))) for column in SIZE_COLUMNS]
    stated = named[0][2]
    strange: tuple[str, str] | None = None
    for column, name, _ in named:
        size = sizes.find(name, day)
        if size is not None:
            _require_count(stated, size)
            return size
        if strange is None and sizes.names(name):
            strange = column, name
    if strange is not None:
        raise RowRefusedError(_column_of(strange[0]), "unknown_gpu_size", strange[1])
    return None


def _column_of(column: str) -> str:
    return "x_SkuDetails" if column == "x_SkuDetails.ServiceType" else column


def _require_count(stated: object, size: GpuSize) -> None:
    """Refuse a stated count that contradicts a machine of whole cards; shared cards are stated as 1."""
    count = quantity("SkuPriceDetails", stated)
    if count is not None and size.gpus >= 1 and Fraction(count) != size.gpus:
        raise RowRefusedError("SkuPriceDetails", "gpu_count_conflict", count)


def require_known_currency(cell: object, currencies: frozenset[str]) -> None:
    """Refuse GPU use billed in a currency that the fund knows nothing of: it is somebody else's bill.

    Raises:
        RowRefusedError: if so.
    """
    currency = text_of(cell).upper()
    if currency and currency not in currencies:
        raise RowRefusedError("BillingCurrency", "unknown_currency", currency)


def unit_hours(cell: object) -> Fraction:
    """Return the hours in one unit of consumption.

    Raises:
        RowRefusedError: if the unit is missing or measures anything but time.
    """
    unit = text_of(cell)
    if not unit:
        raise RowRefusedError("ConsumedUnit", "missing")
    hours = hours_in_unit(unit)
    if hours is None:
        raise RowRefusedError("ConsumedUnit", "not_hours", unit)
    return hours


def _gpu_hours(cells: Cells, consumed: Decimal | None, size: GpuSize, span: timedelta) -> Fraction:
    if consumed is None:
        raise RowRefusedError("ConsumedQuantity", "missing")
    hours = unit_hours(cells.get("ConsumedUnit"))
    if span > MAX_SPAN:
        raise RowRefusedError("ChargePeriodEnd", "period_too_long", span)
    total = Fraction(consumed) * hours * size.gpus
    if abs(total) > MAX_GPU_HOURS:
        raise RowRefusedError("ConsumedQuantity", "too_large", consumed)
    return total
