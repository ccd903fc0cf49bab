"""Read a FOCUS file row by row, so that a month of a large estate needs no more memory than its GPU rows."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, Final, cast

import pyarrow as pa
from pyarrow import parquet

from .fields import instant, text_of
from .refusals import FocusFileError, Rejected, RowRefusedError
from .rows import COLUMNS, REQUIRED, FocusMapping, UsageRow, bill_of, load_mapping, read_row

_PARQUET: Final = b"PAR1"
_GZIP: Final = b"\x1f\x8b"

Cells = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FocusFile:
    """What a file holds.

    Attributes:
        rows: Every row that could be read, GPU usage or not.
        rejected: Every row that could not, with the reason.
        read: Rows in the file, blank lines apart: len(rows) + len(rejected).
        periods: Billing months, ``YYYY-MM`` in UTC, sorted; exports restate whole months.
        scopes: Billing accounts, sorted; overlapping scopes count twice.
        refused_bills: Sub-account and first day of the billing month of each refused row; None is what it does not say.
    """

    rows: list[UsageRow]
    rejected: list[Rejected]
    read: int
    periods: tuple[str, ...]
    scopes: tuple[str, ...]
    refused_bills: frozenset[tuple[str | None, date | None]] = frozenset()


def read_focus(path: Path | str, mapping: FocusMapping | Path | str | None = None) -> FocusFile:
    """Read a FOCUS 1.0 to 1.3 export: CSV in UTF-8 (also gzipped) or Parquet, told apart by content.

    Args:
        path: The file.
        mapping: A mapping, or the path of a mapping file.

    Returns:
        The rows taken and the rows refused.

    Raises:
        FocusFileError: If the file as a whole is unreadable; none of it should then be used.
    """
    if not isinstance(mapping, FocusMapping):
        mapping = FocusMapping() if mapping is None else load_mapping(mapping)
    place = Path(path)
    try:
        with place.open("rb") as stream:
            magic = stream.read(4)
        if not magic:
            raise FocusFileError("empty", "빈 파일입니다", "the file is empty")
        if magic == _PARQUET or place.suffix.lower() == ".parquet":
            return _collect(_parquet_rows(place, mapping), mapping)
        opener = gzip.open if magic.startswith(_GZIP) else open
        opened = cast("Callable[..., IO[str]]", opener)(place, "rt", encoding="utf-8-sig", newline="")
        with opened as text:
            return _collect(_csv_rows(text, mapping), mapping)
    except UnicodeDecodeError as error:
        raise FocusFileError("encoding", "UTF-8 파일이 아닙니다", "the file is not UTF-8") from error
    except (EOFError, zlib.error, OSError) as error:
        raise FocusFileError(
            "unreadable", f"파일을 읽을 수 없습니다: {error}", f"the file cannot be read: {error}"
        ) from error


def _collect(source: Iterable[tuple[int, Cells | None]], mapping: FocusMapping) -> FocusFile:
    rows: list[UsageRow] = []
    rejected: list[Rejected] = []
    refused_bills: set[tuple[str | None, date | None]] = set()
    periods: set[str] = set()
    scopes: set[str] = set()
    for number, cells in source:
        if cells is None:
            rejected.append(RowRefusedError("row", "field_count").at(number))
            refused_bills.add((None, None))
            continue
        try:
            row = read_row(number, cells, mapping)
        except RowRefusedError as refusal:
            rejected.append(refusal.at(number))
            refused_bills.add(bill_of(cells))
            continue
        rows.append(row)
        periods.add(_period(cells, row))
        if scope := text_of(cells.get("BillingAccountId")).lower():
            scopes.add(scope)
    return FocusFile(
        rows,
        rejected,
        len(rows) + len(rejected),
        tuple(sorted(periods)),
        tuple(sorted(scopes)),
        frozenset(refused_bills),
    )


def _period(cells: Cells, row: UsageRow) -> str:
    """Return the billing month; the charge's own month when the file does not say."""
    try:
        start = instant("BillingPeriodStart", cells.get("BillingPeriodStart"))
    except RowRefusedError:
        start = row.charge_start
    return f"{start:%Y-%m}"


def _columns(header: Iterable[str], mapping: FocusMapping) -> dict[str, int]:
    """Return FOCUS column → position; headers are matched without regard to case."""
    known = {name.lower(): name for name in COLUMNS}
    renamed = {theirs.strip().lower(): ours for theirs, ours in mapping.columns.items()}
    found: dict[str, int] = {}
    for position, title in enumerate(header):
        key = title.strip().lower()
        name = renamed.get(key) or known.get(key)
        if name is None:
            continue
        if name in found:
            raise FocusFileError("columns", f"열이 두 번 있습니다: {name}", f"a column appears twice: {name}")
        found[name] = position
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        names = ", ".join(missing)
        raise FocusFileError("columns", f"필수 열이 없습니다: {names}", f"required columns are missing: {names}")
    return found


def _csv_rows(text: IO[str], mapping: FocusMapping) -> Iterator[tuple[int, Cells | None]]:
    reader = csv.reader(text, strict=True)
    number = 1
    try:
        header = next(reader, [])
        columns = _columns(header, mapping)
        for number, fields in enumerate(reader, start=2):
            if not fields:
                continue
            if len(fields) != len(header):
                yield number, None
            else:
                yield number, {name: fields[position] for name, position in columns.items()}
    except csv.Error as error:
        raise FocusFileError(
            "csv", f"{number}행 다음에서 CSV 형식이 깨졌습니다", f"broken CSV after row {number}: {error}"
        ) from error


def _parquet_rows(path: Path, mapping: FocusMapping) -> Iterator[tuple[int, Cells]]:
    try:
        with parquet.ParquetFile(path) as file:
            names: list[str] = list(file.schema_arrow.names)
            columns = _columns(names, mapping)
            wanted = [names[position] for position in columns.values()]
            number = 0
            for batch in file.iter_batches(batch_size=4096, columns=wanted):
                lists = {ours: _values(batch.column(names[at])) for ours, at in columns.items()}
                for cells in zip(*lists.values(), strict=True):
                    number += 1
                    yield number, dict(zip(lists, cells, strict=True))
    except (pa.ArrowException, OverflowError) as error:
        raise FocusFileError("parquet", "Parquet 파일을 읽을 수 없습니다", f"unreadable Parquet: {error}") from error


def _values(column: Any) -> list[object]:  # noqa: ANN401 - pyarrow ships no types
    """Return Python values; nanoseconds are cut to what datetime holds."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return cast("list[object]", column.to_pylist())
