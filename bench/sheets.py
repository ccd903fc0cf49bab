"""Files to import, made from the example files: as many rows as wanted, of companies that do not exist."""

from __future__ import annotations

import csv
import itertools
import random
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

from fundapp.intake.rules import business_number_valid

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
APPLICATIONS = EXAMPLES / "applications.csv"
_USAGE = ("2026-07.csv", "2026-08-restated.csv", "2026-09.csv")
_QUANTITIES = ("ConsumedQuantity", "PricingQuantity")
_TOGETHER = ("SPC연계계획", "한국적AI연계계획", "gpu")
_COPIES = 25  # a decimal over 25 is a decimal, so that the copies of a row add up to it


def write_applications(target: Path, count: int, *, leave_out: Collection[int]) -> None:
    """Write `count` applications, each under a business number of its own and with answers of many examples.

    Hardly two give the same: each column is of another example, but for those that an import reads together.

    Args:
        target: The file.
        count: Rows.
        leave_out: Rows of the example file, its header being row 1, that an import would refuse.
    """
    with APPLICATIONS.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    good = [row for number, row in enumerate(rows, start=2) if number not in leave_out]
    place = header.index("사업자등록번호")
    dice = random.Random(count)  # noqa: S311 - invented data, the same each time
    mixed = [at for at, name in enumerate(header) if not name.startswith(_TOGETHER)]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for serial, example in zip(range(count), itertools.cycle(good), strict=False):
            row = list(example)
            for at in mixed:
                row[at] = dice.choice(good)[at]
            writer.writerow([*row[:place], business_number(serial), *row[place + 1 :]])


def business_number(serial: int) -> str:
    """Return a number with a right check digit that nobody holds: its kind of taxpayer is 00."""
    first_nine = f"{101 + serial // 9000}00{10 + serial % 9000:04d}"
    return next(number for digit in range(10) if business_number_valid(number := f"{first_nine}{digit}"))


def write_usage(target: Path, count: int) -> None:
    """Write `count` rows of usage: the example quarter on another bill, each resource split into 25."""
    header, rows = _usage_rows()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        split = itertools.islice(((copy, row) for copy in range(_COPIES) for row in rows), count)
        for copy, row in split:
            shares = {name: str(Decimal(row[name]) / _COPIES) for name in _QUANTITIES if row[name]}
            places = {"ResourceId": f"{row['ResourceId']}-{copy}", "SubAccountId": f"{row['SubAccountId']}-b"}
            writer.writerow(row | shares | places)


def _usage_rows() -> tuple[list[str], list[dict[str, str]]]:
    header: list[str] = []
    rows: list[dict[str, str]] = []
    for name in _USAGE:
        with (EXAMPLES / "usage" / name).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows += reader
            header = list(reader.fieldnames or ())
    return header, rows


def parse(path: Path) -> int:
    """Read a CSV file and do nothing with it: the floor of every import. Returns how many rows it has."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return len(list(csv.reader(file))) - 1
