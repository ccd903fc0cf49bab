"""Write the demonstration fund's input: `.venv/bin/python examples/generate.py [--out FOLDER]`.

Everything in it is invented. The same seed writes the same bytes, and a test checks that.
"""

from __future__ import annotations

import argparse
import csv
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from invention.applications import (
    KOREAN_HEADERS,
    Offer,
    add_deliberate_faults,
    invent_applications,
)
from invention.companies import invent_companies, read_cases
from invention.usage import (
    FOCUS_COLUMNS,
    Charge,
    add_irregular_rows,
    choose_users,
    focus_row,
    invent_charges,
    restate_august,
)

HERE = Path(__file__).resolve().parent
DEMAND_TIMES = 3


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> None:
    """Write one CSV file with the same line ends on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_usage(path: Path, charges: list[Charge]) -> None:
    """Write charges as a FOCUS file, ordered by subscription, day and resource."""
    ordered = sorted(
        charges,
        key=lambda one: (one.business_number, one.day, one.resource, one.meter, -one.quantity_quarters),
    )
    rows = [focus_row(charge) for charge in ordered]
    write_csv(path, FOCUS_COLUMNS, [[row[column] for column in FOCUS_COLUMNS] for row in rows])


def generate(out: Path) -> dict[str, str]:
    """Write every generated file below `out`.

    Returns:
        For each deliberately faulty row: its number in the file (the header is row 1) and what is wrong.
    """
    seed = str(tomllib.loads((HERE / "scenario.toml").read_text(encoding="utf-8"))["seed"])
    offer = Offer.from_call(tomllib.loads((HERE / "calls/2026-1.toml").read_text(encoding="utf-8")))
    companies = invent_companies(read_cases(HERE / "invention/cases.csv"), seed)
    labelled = add_deliberate_faults(invent_applications(companies, offer, seed, DEMAND_TIMES))
    columns = list(labelled[0][1].row)
    write_csv(
        out / "applications.csv",
        [KOREAN_HEADERS.get(column, column) for column in columns],
        [[application.row[column] for column in columns] for _, application in labelled],
        encoding="utf-8-sig",
    )
    users = choose_users(labelled)
    charges = add_irregular_rows(invent_charges(users, seed), users)
    for month in (7, 8, 9):
        billed = [charge for charge in charges if charge.billing_month == date(2026, month, 1)]
        write_usage(out / f"usage/2026-{month:02d}.csv", billed)
    write_usage(out / "usage/2026-08-restated.csv", restate_august(charges, users))
    return {
        f"row {number}, {application.company.name}": label
        for number, (label, application) in enumerate(labelled, start=2)
        if label != "sound"
    }


def main() -> None:
    """Read the arguments, write the files and print what is deliberately wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to; default: examples/")
    arguments = parser.parse_args()
    for where, label in generate(arguments.out).items():
        print(f"{where}: {label}")


if __name__ == "__main__":
    main()
