"""A plain list of hours: company, GPU model, date, hours; for sponsored subscriptions, which have no usage export.

Dates are UTC days, as in every export, and not Korean ones: a Korean day begins at 15:00 UTC of the day before. A list
states all use of each company and calendar month that it names, and so restates that month when it is taken in again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from fundapp.portfolio.gpu_sizes import GpuSizes

from .fields import packed, quantity, text_of
from .pieces import CsvPieces
from .refusals import RowRefusedError
from .rows import MAX_GPU_HOURS, UNKNOWN_REGION
from .statement import QUANTITY_SCALE, Line, Tally

SCOPE: Final = "hours:"
TITLES: Final[dict[str, tuple[str, ...]]] = {
    "company": ("company", "business_number", "기업", "사업자등록번호", "협약번호", "award"),
    "sku": ("sku", "gpu", "gpu_model", "종류", "gpu종류", "gpu 종류"),
    "date": ("date", "utc_date", "날짜", "사용일", "날짜(utc)", "사용일(utc)"),
    "hours": ("hours", "gpu_hours", "gpu-hours", "시간", "gpu시간", "gpu 시간"),
    "region": ("region", "리전", "지역"),
}
TEMPLATE_KO: Final = ("사업자등록번호", "GPU종류", "사용일(UTC)", "GPU시간", "리전")
TEMPLATE_EN: Final = ("company", "sku", "utc_date", "gpu_hours", "region")
_NEEDED: Final = ("company", "sku", "date", "hours")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_YEARS: Final = range(2010, 2101)


def is_hours_header(header: Sequence[str]) -> bool:
    """Return whether a header is that of a plain list of hours."""
    found = _places(header)
    return all(name in found for name in _NEEDED)


def _places(header: Sequence[str]) -> dict[str, int]:
    titles = [title.strip().lower() for title in header]
    return {
        name: next(at for at, title in enumerate(titles) if title in spellings)
        for name, spellings in TITLES.items()
        if any(title in spellings for title in titles)
    }


def read_hours(path: Path, header: Sequence[str], sizes: GpuSizes, regions: Mapping[str, str], tally: Tally) -> None:
    """Add the rows of a list of hours to a tally.

    Args:
        path: The file.
        header: Its titles.
        sizes: For the models that exist.
        regions: Region by SKU, where the list has none.
        tally: What it is added to.

    Raises:
        FocusFileError: if the file is no CSV.
    """
    places, models = _places(header), sizes.models() | set(regions)
    seen: set[Line] = set()
    pieces = CsvPieces(path)
    columns = {name: places[name] for name in places}
    for place, rows in pieces.frames(columns, lambda table: table.to_pylist(), strict=True):
        tally.read += place.height
        for number in place.refused:
            tally.refuse(RowRefusedError("row", "field_count").at(number), (None, None))
        for position, cells in enumerate(rows):
            try:
                line, hours = _read(cells, models, regions, seen)
            except RowRefusedError as refusal:
                tally.refuse(refusal.at(place.number(position)), _bill(cells))
                continue
            seen.add(line)
            start = datetime(line.day.year, line.day.month, line.day.day, tzinfo=UTC)
            tally.bills.add((line.sub_account, line.month))
            tally.add_hours(line, start, start + timedelta(days=1), int(hours * QUANTITY_SCALE), 1)


def _read(
    cells: Mapping[str, str], models: AbstractSet[str], regions: Mapping[str, str], seen: AbstractSet[Line]
) -> tuple[Line, Decimal]:
    company = _company(cells)
    if not company:
        raise RowRefusedError("company", "missing")
    sku = text_of(cells["sku"]).lower()
    if not sku:
        raise RowRefusedError("sku", "missing")
    if sku not in models:
        raise RowRefusedError("sku", "unknown_sku", sku.upper())
    day = _day(cells["date"])
    hours = quantity("hours", cells["hours"])
    if hours is None:
        raise RowRefusedError("hours", "missing")
    if hours < 0:
        raise RowRefusedError("hours", "negative_hours", hours)
    if hours > MAX_GPU_HOURS:
        raise RowRefusedError("hours", "too_large", hours)
    region = text_of(cells.get("region")).lower() or regions.get(sku, UNKNOWN_REGION)
    line = Line(company, f"{SCOPE}{company}", day.replace(day=1), sku, region, day)
    if line in seen:
        raise RowRefusedError("date", "duplicate_day", text_of(cells["date"]))
    return line, hours


def _company(cells: Mapping[str, str]) -> str:
    return packed(text_of(cells["company"]))


def _day(cell: object) -> date:
    text = text_of(cell)
    if not text:
        raise RowRefusedError("date", "missing")
    if not _DAY.fullmatch(text):
        raise RowRefusedError("date", "not_a_date", text)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise RowRefusedError("date", "not_a_date", text) from None
    if day.year not in _YEARS:
        raise RowRefusedError("date", "date_out_of_range", text)
    return day


def _bill(cells: Mapping[str, str]) -> tuple[str | None, date | None]:
    company = _company(cells)
    try:
        month: date | None = _day(cells["date"]).replace(day=1)
    except RowRefusedError:
        month = None
    return (f"{SCOPE}{company}" if company else None), month
