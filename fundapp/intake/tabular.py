"""Reading sheets: CSV in UTF-8 or CP949 and XLSX, headers in English or Korean or as a mapping says."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from fundapp.core.cells import unguard_cell
from fundapp.core.errors import InputFileError
from fundapp.intake.form import Form, squeeze
from fundapp.intake.mapping import Mapping

MOST_BYTES = 64_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 1_000
_MOST_UNZIPPED = 400_000_000
_XLSX = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_CELL_NAME = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")

ALIASES: dict[str, tuple[str, ...]] = {
    "company_name": ("회사명", "기업명", "상호"),
    "business_number": ("사업자등록번호", "사업자번호"),
    "corporate_number": ("법인등록번호",),
    "founded_on": ("설립일", "설립일자"),
    "ksic": ("업종코드",),
    "region": ("지역", "소재지"),
    "employees": ("종업원수",),
    "revenue_krw_y1": ("매출액_y1", "매출액1", "매출액"),
    "revenue_krw_y2": ("매출액_y2", "매출액2", "매출액"),
    "revenue_krw_y3": ("매출액_y3", "매출액3", "매출액"),
    "assets_krw": ("자산총액",),
    "contact_name": ("담당자",),
    "contact_email": ("이메일",),
    "contact_phone": ("연락처",),
    "solution_title": ("솔루션명",),
    "solution_summary": ("솔루션개요",),
    "sector": ("적용산업",),
    "spc_link": ("SPC연계계획",),
    "korean_ai_link": ("한국적AI연계계획",),
    "requested_krw": ("신청금액",),
}
"""Korean headers of the public contract; three columns called 매출액 are read as y1, y2 and y3 in turn."""

EXPORTED = ("application", "state", "company_scheme", "company_identifier")
"""Columns that an export puts in front; an import reads the identifier from them and ignores the rest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is row 1), its cells and its identifier's parts."""

    number: int
    cells: dict[str, str]
    scheme: str
    identifier: str
    surplus: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet, read. `notes` name what was left aside; `sha256` is the file's."""

    rows: tuple[Row, ...]
    columns: frozenset[str]
    notes: tuple[str, ...]
    sha256: str


def read_table(path: Path, form: Form, mapping: Mapping | None = None) -> Table:
    """Read a sheet of applications.

    Args:
        path: CSV (UTF-8 with or without byte-order mark, or CP949) or XLSX, told apart by content.
        form: The call's form, whose keys and labels are known headers.
        mapping: How other headers are read.

    Raises:
        InputFileError: if the file as a whole cannot be read, or lacks a header that is needed.
    """
    content = _load(path)
    if content.startswith(_XLSX):
        rows = _read_xlsx(content)
    elif content.startswith(_OLD_EXCEL):
        raise _unreadable("XLS는 읽지 않습니다. XLSX나 CSV로 저장해 주세요", "XLS is not read; save as XLSX or CSV")
    else:
        rows = _read_csv(content)
    if not rows or not any(rows[0]):
        raise _unreadable("첫 줄에 열 이름이 없습니다", "the first row has no headers")
    header = [name.strip() for name in rows[0]]
    columns, notes = _match_mapped(header, mapping) if mapping else _match(header, form)
    read = tuple(_rows(rows, columns, mapping))
    used = set(columns.values()) - set(EXPORTED)
    if mapping is not None:
        used |= set(mapping.constants) | ({"business_number"} if mapping.scheme == "brn" else set())
    return Table(read, frozenset(used), tuple(notes), hashlib.sha256(content).hexdigest())


def _unreadable(reason_ko: str, reason_en: str) -> InputFileError:
    return InputFileError(reason_ko=reason_ko, reason_en=reason_en)


def _load(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _unreadable("64MB보다 큽니다", "it is larger than 64 MB")
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(f"열 수 없습니다: {path.name}", f"cannot open {path.name}: {error.strerror}") from error
    if not content.strip():
        raise _unreadable("빈 파일입니다", "it is empty")
    return content


def _decode(content: bytes) -> str:
    # Korean text in CP949 is no valid UTF-8, so trying UTF-8 first never misreads it.
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable("UTF-8도 CP949도 아닙니다", "it is neither UTF-8 nor CP949")


def _read_csv(content: bytes) -> list[list[str]]:
    text = _decode(content)
    first_line = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",\t;", key=first_line.count)
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            rows.append(row)
            _require_modest(len(rows), len(row))
    except csv.Error as error:
        raise _unreadable(
            f"{len(rows) + 1}행의 따옴표가 맞지 않거나 칸이 너무 큽니다", f"row {len(rows) + 1}: {error}"
        ) from error
    return rows


def _require_modest(rows: int, columns: int) -> None:
    if rows > MOST_ROWS + 1 or columns > MOST_COLUMNS:
        raise _unreadable(
            f"{MOST_ROWS:,}행, {MOST_COLUMNS:,}열까지 읽습니다",
            f"at most {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns",
        )


def _read_xlsx(content: bytes) -> list[list[str]]:
    try:
        _require_modest_sheets(content)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if not workbook.sheet_names:
            raise _unreadable("시트가 없습니다", "it has no sheet")
        sheet = workbook.get_sheet_by_index(0)
        # Empty rows above and columns before the data are kept, so that row numbers are the file's.
        cells = sheet.to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, KeyError, RuntimeError) as error:
        raise _unreadable("XLSX 파일이 손상되었습니다", f"the XLSX is damaged: {error}") from error
    return [[_cell_text(cell) for cell in row] for row in cells]


def _require_modest_sheets(content: bytes) -> None:
    """Refuse workbooks whose sheets would unpack or spread out beyond measure: the reader allocates the rectangle."""
    unzipped = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            with archive.open(member) as stream:
                tail = b""
                while chunk := stream.read(1 << 20):
                    unzipped += len(chunk)
                    if unzipped > _MOST_UNZIPPED:
                        raise _unreadable("압축을 풀면 너무 큽니다", "it unpacks to too much")
                    if member.filename.startswith("xl/worksheets/"):
                        for column, row in _CELL_NAME.findall(tail + chunk):
                            _require_modest(int(row), _column_number(column))
                        tail = chunk[-40:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _match_mapped(header: Sequence[str], mapping: Mapping) -> tuple[dict[int, str], list[str]]:
    """Return which column fills what, as a mapping says: by place in the row."""
    wanted = {"company_identifier": mapping.column, **mapping.columns}
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(squeeze(name), place)
    columns: dict[int, str] = {}
    doubled: list[tuple[int, str]] = []
    for key, name in wanted.items():
        found = places.get(squeeze(name))
        if found is None:
            raise _unreadable(f"열이 없습니다: {name}", f"there is no column {name!r}")
        if found in columns:
            doubled.append((found, key))
        else:
            columns[found] = key
    if doubled:
        raise _unreadable(f"두 항목이 한 열을 씁니다: {doubled[0][1]}", f"two targets use one column: {doubled[0][1]}")
    return columns, _notes(header, columns)


def _match(header: Sequence[str], form: Form) -> tuple[dict[int, str], list[str]]:
    names: dict[str, list[str]] = {}
    for key, question in form.fields.items():
        spellings = {key, question.label_ko, question.label_en, *ALIASES.get(key, ())}
        if question.kind == "hours":
            spellings |= {f"GPU신청 {question.sku} {question.quarter}", f"GPU {question.sku} {question.quarter}"}
        for spelling in {squeeze(word) for word in spellings}:
            names.setdefault(spelling, []).append(key)
    for key in EXPORTED:
        names.setdefault(squeeze(key), [key])
    columns: dict[int, str] = {}
    for place, name in enumerate(header):
        candidates = names.get(squeeze(name), [])
        free = [one for one in candidates if one not in columns.values()]
        if candidates and not free:
            raise _unreadable(f"같은 열이 두 번 있습니다: {name}", f"a column is there twice: {name!r}")
        if free:
            columns[place] = free[0]
    found = set(columns.values())
    if not found & {"business_number", "company_identifier"}:
        raise _unreadable("사업자등록번호 열이 없습니다", "there is no column business_number")
    return columns, _notes(header, columns)


def _notes(header: Sequence[str], columns: dict[int, str]) -> list[str]:
    return [name or f"#{place + 1}" for place, name in enumerate(header) if place not in columns and name]


def _rows(rows: Sequence[Sequence[str]], columns: dict[int, str], mapping: Mapping | None) -> Iterable[Row]:
    width = len(rows[0])
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        named = {key: unguard_cell(cells[place]) if place < len(cells) else "" for place, key in columns.items()}
        scheme, identifier = named.pop("company_scheme", ""), named.pop("company_identifier", "").strip()
        named.pop("application", None)
        named.pop("state", None)
        if mapping is not None:
            named |= mapping.constants
            named = {key: mapping.translate(key, text.strip()) for key, text in named.items()}
            scheme = mapping.scheme
            if scheme == "brn":
                named.setdefault("business_number", identifier)
        yield Row(number, named, scheme or "brn", identifier, any(cell.strip() for cell in cells[width:]))
