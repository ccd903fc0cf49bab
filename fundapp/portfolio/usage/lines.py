"""The lines of a posting of usage, spoken to the driver of each database.

A quarter of use is tens of thousands of lines. Wrapped one by one they cost more in Python than in the database, so
they are handed over as they stand, in the form in which each engine keeps them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection


class UsageLine(NamedTuple):
    """One row of `UsageDay`, without its number."""

    owner: str
    award_id: uuid.UUID | None
    sku: str
    region: str
    utc_day: date
    scope: str
    billing_month: date
    effective_on: date
    posting: int
    posted_e4: int
    value_e4: int


_COLUMNS: Final = ", ".join(UsageLine._fields)
_SQLITE: Final = f"INSERT INTO usage_day ({_COLUMNS}) VALUES ({', '.join('?' for _ in UsageLine._fields)})"
_POSTGRES: Final = (
    f"INSERT INTO usage_day ({_COLUMNS}) SELECT * FROM unnest("
    "%s::text[], %s::uuid[], %s::text[], %s::text[], %s::date[], %s::text[], %s::date[], %s::date[], "
    "%s::int[], %s::bigint[], %s::bigint[])"
)


def write_lines(connection: Connection, lines: Sequence[UsageLine]) -> None:
    """Insert lines in their order.

    Raises:
        sqlalchemy.exc.IntegrityError: if a line is there already.
    """
    if not lines:
        return
    if connection.dialect.name == "sqlite":
        awards = {one: None if one is None else one.hex for one in {line.award_id for line in lines}}
        days = {day for line in lines for day in (line.utc_day, line.billing_month, line.effective_on)}
        texts = {day: day.isoformat() for day in days}
        rows = [
            (owner, awards[award], sku, region, texts[day], scope, texts[month], texts[on], posting, posted, value)
            for owner, award, sku, region, day, scope, month, on, posting, posted, value in lines
        ]
        connection.exec_driver_sql(_SQLITE, rows)
    else:
        connection.exec_driver_sql(_POSTGRES, tuple(list(column) for column in zip(*lines, strict=True)))
