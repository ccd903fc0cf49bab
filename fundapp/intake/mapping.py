"""Mapping files: how a sheet with other headers becomes the call's columns."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from fundapp.core.errors import InputFileError, InvalidInputError

_PARTS = frozenset({"encoding", "identity", "columns", "constants", "values", "units", "dates", "relax"})
_ENCODINGS = frozenset({"utf-8", "cp949"})
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Mapping:
    """What a mapping file says.

    Attributes:
        scheme: What a row is matched on; `brn` is the business number.
        column: The header that holds the identifier.
        columns: Application column to header.
        constants: Application column to the value of every row.
        values: Application column to replacements of whole cells.
        units: Application column to the factor of its numbers.
        dates: Application column to the `strptime` pattern of its dates.
        relaxed: Required questions that this source does not have.
    """

    scheme: str
    column: str
    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)
    relaxed: frozenset[str] = frozenset()

    def translate(self, key: str, text: str) -> str:
        """Return one cell in the call's own spelling: replacements, then units and dates.

        What does not fit is left as it is; the checks that follow refuse it.
        """
        replaced = self.values.get(key, {}).get(text, text)
        if key in self.units and replaced:
            replaced = _scale(replaced, self.units[key])
        if key in self.dates and replaced:
            replaced = _read_date(replaced, self.dates[key])
        return replaced


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        InputFileError: if it is absent, too large, no UTF-8 or no TOML.
        InvalidInputError: naming the part that cannot be used.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputFileError(reason_ko="대응표가 너무 큽니다", reason_en="the mapping is too large")
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputFileError(
            reason_ko=f"대응표를 읽을 수 없습니다: {path.name}", reason_en=f"{path.name}: {error}"
        ) from error
    return parse_mapping(document)


def parse_mapping(document: Table[str, Any]) -> Mapping:
    """Check a mapping document.

    Raises:
        InvalidInputError: naming the part that cannot be used.
    """
    for part in document:
        if part not in _PARTS:
            raise _refuse(part)
    if document.get("encoding", "utf-8") not in _ENCODINGS:
        raise _refuse("encoding")
    identity = _texts(document, "identity")
    if set(identity) != {"scheme", "column"} or not identity["scheme"].isidentifier() or len(identity["scheme"]) > 20:  # noqa: PLR2004 - the column's width
        raise _refuse("identity")
    units = document.get("units", {})
    if not isinstance(units, dict) or not all(
        isinstance(factor, int) and not isinstance(factor, bool) and factor > 0 for factor in units.values()
    ):
        raise _refuse("units")
    values = document.get("values", {})
    if not isinstance(values, dict):
        raise _refuse("values")
    return Mapping(
        scheme="brn" if identity["scheme"] in {"business_number", "brn"} else identity["scheme"],
        column=identity["column"],
        columns=_texts(document, "columns"),
        constants={key: str(value) for key, value in _table(document, "constants").items()},
        values={key: _texts(values, key) for key in values},
        units=dict(units),
        dates=_texts(document, "dates"),
        relaxed=frozenset(_relaxed(document)),
    )


def _refuse(part: str) -> InvalidInputError:
    return InvalidInputError(
        field=part, reason_ko="대응표의 이 부분을 쓸 수 없습니다", reason_en="this part of the mapping cannot be used"
    )


def _table(document: Table[str, Any], part: str) -> dict[str, Any]:
    table = document.get(part, {})
    if not isinstance(table, dict):
        raise _refuse(part)
    return table


def _texts(document: Table[str, Any], part: str) -> dict[str, str]:
    table = _table(document, part)
    if not all(isinstance(value, str) for value in table.values()):
        raise _refuse(part)
    return dict(table)


def _relaxed(document: Table[str, Any]) -> list[str]:
    relax = _table(document, "relax")
    required = relax.get("required", [])
    if set(relax) - {"required"} or not isinstance(required, list):
        raise _refuse("relax")
    return [str(key) for key in required]


def _scale(text: str, factor: int) -> str:
    try:
        scaled = Decimal(text.replace(",", "").strip()) * factor
    except InvalidOperation:
        return text
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or scaled.adjusted() > 30:  # noqa: PLR2004 - no such sum
        return text
    return str(int(scaled))


def _read_date(text: str, pattern: str) -> str:
    try:
        return datetime.strptime(text.strip(), pattern).date().isoformat()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return text
