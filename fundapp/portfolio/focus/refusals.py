"""Why a usage row, or a whole file, was refused, in both languages."""

from dataclasses import dataclass
from typing import Final

REASONS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("값이 없습니다", "a value is missing"),
    "field_count": (
        "열의 수가 머리글과 다릅니다. 파일이 잘렸을 수 있습니다",
        "the row has another number of fields than the header; the file may be cut off",
    ),
    "not_a_date": (
        "날짜는 ISO 8601 형식이어야 합니다 (예: 2026-07-01T00:00:00Z)",
        "dates must be ISO 8601, such as 2026-07-01T00:00:00Z",
    ),
    "period_order": ("종료 시각이 시작 시각보다 늦어야 합니다", "the period must end after it starts"),
    "period_too_long": (
        "GPU 사용 기간이 366일을 넘습니다",
        "a GPU usage row must not span more than 366 days",
    ),
    "not_a_number": ("유한한 숫자가 아닙니다", "not a finite number"),
    "too_large": ("수량이 너무 큽니다", "the quantity is too large"),
    "not_hours": (
        "GPU 사용량의 단위는 시간이어야 합니다",
        "GPU usage must be measured in hours, minutes or seconds",
    ),
    "unknown_gpu_size": (
        "알 수 없는 GPU 가상 머신 크기입니다",
        "a GPU machine size that the table of sizes does not know",
    ),
    "gpu_count_conflict": (
        "GPU 수가 가상 머신 크기와 맞지 않습니다",
        "the GPU count contradicts the machine size",
    ),
    "not_json": ("JSON 형식이 아닙니다", "not readable as JSON"),
    "date_out_of_range": (
        "2010년부터 2100년 사이의 날짜가 아닙니다",
        "the date does not lie between 2010 and 2100",
    ),
    "unknown_currency": (
        "단가표에 없는 통화입니다",
        "a currency that no rate card of the fund has",
    ),
    "unknown_sku": (
        "펀드가 모르는 GPU 종류입니다",
        "a GPU model that neither a pool nor the table of machine sizes knows",
    ),
    "negative_hours": ("사용 시간은 0보다 작을 수 없습니다", "hours of use cannot be below zero"),
    "duplicate_day": (
        "같은 기업, 종류, 리전과 날짜가 앞에 있습니다",
        "the same company, model, region and day stands further up",
    ),
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken.

    Attributes:
        row: As a spreadsheet counts, the header being row 1; in Parquet the first record is row 1.
        field: FOCUS column at fault.
        code: Key of :data:`REASONS`.
        message_ko: For people, with the value at fault.
        message_en: The same in English.
    """

    row: int
    field: str
    code: str
    message_ko: str
    message_en: str


class FocusFileError(ValueError):
    """A file that cannot be read as FOCUS at all; nothing of it may be used.

    Attributes:
        code: ``encoding``, ``columns``, ``delimiter``, ``csv``, ``too_long``, ``too_many_refused``, ``parts``,
            ``parquet``, ``empty``, ``unreadable`` or ``mapping``.
        message_ko: For people.
        message_en: The same in English.
    """

    def __init__(self, code: str, message_ko: str, message_en: str) -> None:
        super().__init__(message_en)
        self.code = code
        self.message_ko = message_ko
        self.message_en = message_en


class RowRefusedError(ValueError):
    """Raised while one row is read; the reader turns it into a :class:`Rejected`."""

    def __init__(self, field: str, code: str, value: object = "") -> None:
        super().__init__(code)
        self.field = field
        self.code = code
        self.value = value

    def at(self, row: int) -> Rejected:
        """Return the refusal for a row number."""
        ko, en = REASONS[self.code]
        shown = str(self.value)[:60]
        detail = f": {shown}" if shown else ""
        return Rejected(row, self.field, self.code, f"{self.field} - {ko}{detail}", f"{self.field} - {en}{detail}")
