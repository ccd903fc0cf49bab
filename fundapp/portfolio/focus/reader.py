"""Read the files of one export into one statement, in time and memory that do not grow with rows beyond the totals."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from .blocks import IrregularError
from .columns import match_columns, version_of
from .gathering import Gatherer
from .hours import is_hours_header, read_hours
from .parts import Export, find_export
from .pieces import CsvPieces, ParquetPieces
from .reducing import Reducer
from .refusals import FocusFileError, Rejected, RowRefusedError
from .rows import FocusMapping, Rules, load_mapping
from .statement import Statement, Tally
from .unpacking import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARQUET: Final = b"PAR1"


def read_usage(
    source: Path | str | Sequence[Path],
    mapping: FocusMapping | Path | str | None = None,
    *,
    rules: Rules | None = None,
    regions: Mapping[str, str] | None = None,
) -> Statement:
    """Read one export: FOCUS 1.0 to 1.3 as CSV in UTF-8 (also gzipped) or Parquet, or a plain list of hours.

    Args:
        source: A file, a folder of parts, or several files of one export.
        mapping: Columns, tags and subscriptions that differ; or the path of a mapping file.
        rules: Machine sizes and currencies; its mapping is replaced by `mapping` when that is given.
        regions: Region by SKU for lists of hours that name none.

    Returns:
        The totals, and the rows that were refused.

    Raises:
        FocusFileError: If the export as a whole is unreadable; none of it should then be used.
    """
    rules = rules or Rules()
    if mapping is not None:
        found = mapping if isinstance(mapping, FocusMapping) else load_mapping(mapping)
        rules = Rules(found, rules.sizes, rules.currencies)
    with _named_faults():
        export = find_export(source)
    tally, versions = Tally(), set[str]()
    for part in export.parts:
        with _named_faults(part.name if len(export.parts) > 1 else ""), unpacked(part) as plain:
            try:
                version, read = _read_part(plain, rules, regions or {})
            except IrregularError:
                version, read = _read_part(plain, rules, regions or {}, strict=True)
            versions.add(version)
            tally.absorb(read)
    _require_whole(export, tally)
    return tally.finish(export.version or "+".join(sorted(versions)), export.run, export.scope)


def _read_part(path: Path, rules: Rules, regions: Mapping[str, str], *, strict: bool = False) -> tuple[str, Tally]:
    """Read one file; return the version that its columns tell, and what it states."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if not magic:
        raise FocusFileError("empty", "빈 파일입니다", "the file is empty")
    parquet = magic == _PARQUET or path.suffix.lower() == ".parquet"
    pieces = ParquetPieces(path) if parquet else CsvPieces(path)
    tally = Tally()
    if isinstance(pieces, CsvPieces) and is_hours_header(pieces.header):
        read_hours(path, pieces.header, rules.sizes, regions, tally)
        return "hours", tally
    columns = match_columns(pieces.header, rules.mapping.columns)
    reducer = Reducer(rules, columns)
    gatherer = Gatherer(rules, tally, reducer.codebook)
    many = partial(_refuse_length, tally)
    for place, result in pieces.frames(columns, reducer.reduce, strict=strict):
        gatherer.add(place, result, many)
    gatherer.finish()
    return version_of(pieces.header), tally


def _refuse_length(tally: Tally, number: int) -> None:
    tally.refuse(RowRefusedError("row", "field_count").at(number), (None, None))


def _require_whole(export: Export, tally: Tally) -> None:
    if export.rows is not None and export.rows != tally.read:
        raise FocusFileError(
            "parts",
            f"manifest.json에는 {export.rows:,}행인데 파일에는 {tally.read:,}행이 있습니다. 다시 내려받으세요",
            f"manifest.json counts {export.rows:,} rows but the files hold {tally.read:,}; download them again",
        )


@contextmanager
def _named_faults(part: str = "") -> Iterator[None]:
    """Turn whatever reading a file can raise into one kind of error, naming the part of several."""
    try:
        yield
    except FocusFileError as error:
        if not part:
            raise
        raise FocusFileError(error.code, f"{part}: {error.message_ko}", f"{part}: {error.message_en}") from error
    except UnicodeDecodeError as error:
        at = f"{part}: " if part else ""
        raise FocusFileError("encoding", f"{at}UTF-8 파일이 아닙니다", f"{at}the file is not UTF-8") from error
    except (pa.ArrowException, OverflowError) as error:
        raise FocusFileError("parquet", "Parquet 파일을 읽을 수 없습니다", f"unreadable Parquet: {error}") from error
    except (EOFError, zlib.error, OSError) as error:
        raise FocusFileError(
            "unreadable", f"파일을 읽을 수 없습니다: {error}", f"the file cannot be read: {error}"
        ) from error


__all__ = ["Rejected", "read_usage"]
