"""What can be wrong with an answer, in the reader's words."""

from __future__ import annotations

from fundapp.intake.form import FieldProblem, Question

_MESSAGES: dict[str, tuple[str, str]] = {
    "required": ("답이 필요합니다.", "An answer is needed."),
    "too_long": ("{limit}자를 넘을 수 없습니다.", "At most {limit} characters."),
    "control_characters": ("쓸 수 없는 제어 문자가 있습니다.", "It holds control characters."),
    "resident_number": (
        "주민등록번호로 보이는 숫자가 있습니다. 지우고 다시 보내 주세요.",
        "It holds what looks like a resident registration number. Remove it.",
    ),
    "business_number": (
        "사업자등록번호가 맞지 않습니다. 숫자 10자리와 검증번호를 확인하세요.",
        "Not a business registration number: check its ten digits and check digit.",
    ),
    "corporate_number": ("법인등록번호는 숫자 13자리입니다.", "A corporate number has thirteen digits."),
    "corporate_check_digit": (
        "법인등록번호의 검증번호가 맞지 않습니다. 확인해 주세요.",
        "The corporate number's check digit does not fit; please check it.",
    ),
    "not_a_date": ("날짜는 YYYY-MM-DD로 적습니다.", "A date is written YYYY-MM-DD."),
    "future_date": ("오늘보다 뒤의 날짜입니다.", "The date lies in the future."),
    "ksic": ("업종코드는 J58222처럼 적습니다.", "An industry code looks like J58222."),
    "not_a_choice": ("고를 수 있는 값: {choices}", "One of: {choices}"),
    "not_a_number": ("정수로 적습니다.", "A whole number is needed."),
    "not_decimal": (
        "숫자로 적습니다. 소수점 아래 여섯째 자리까지입니다.",
        "A number with at most six decimals is needed.",
    ),
    "not_hours": (
        "GPU시간은 0 이상의 수이며 소수점 아래 넷째 자리까지입니다.",
        "GPU-hours are a number from 0 with at most four decimals.",
    ),
    "too_small": ("{limit} 이상이어야 합니다.", "At least {limit}."),
    "too_large": ("{limit} 이하여야 합니다.", "At most {limit}."),
    "email": ("이메일 주소가 아닙니다.", "Not an e-mail address."),
    "phone": ("전화번호가 아닙니다.", "Not a telephone number."),
    "not_a_boolean": ("예 또는 아니오로 적습니다.", "Yes or no is needed."),
    "not_text": ("글로 적습니다.", "Text is needed."),
    "other_company": ("신청 기업의 번호가 아닙니다.", "Not the number of the company that applies."),
    "consent_required": ("필수 동의가 필요합니다.", "This consent is needed."),
    "identifier": ("신청 기업을 알아볼 번호가 필요합니다.", "A number that identifies the company is needed."),
    "too_many_cells": ("열 이름보다 칸이 많습니다.", "The row has more cells than there are headers."),
    "in_review": (
        "심사가 시작되어 내용을 바꿀 수 없습니다.",
        "Its review has begun; what it says can no longer be changed.",
    ),
    "in_draft": (
        "기업이 웹에서 신청서를 작성하고 있습니다. 기업이 직접 제출해야 합니다.",
        "The company is writing its own application on the web; only the company can send it.",
    ),
    "unsent_edits": (
        "기업이 웹에서 고치고 아직 제출하지 않은 내용이 있어 덮어쓸 수 없습니다.",
        "The company has changed it on the web and not sent the changes yet; a file may not overwrite them.",
    ),
    "not_allowed": ("이 신청은 바꿀 수 없습니다.", "This application cannot be changed."),
    "not_rows": ("행을 읽을 수 없습니다.", "The rows cannot be read."),
    "unknown_column": ("이 문항에 없는 열입니다.", "The question has no such column."),
    "too_many_rows": ("{limit}행까지 적습니다.", "At most {limit} rows."),
    "too_few_rows": ("{limit}행 이상 적습니다.", "At least {limit} rows."),
    "cell_required": ("답이 필요합니다.", "An answer is needed."),
    "sum_differs": (
        "{column} 합계 {total}이 {target} {wanted}과 같아야 합니다. 차이 {gap}.",
        "The sum of {column_en}, {total}, must equal {target_en}, {wanted}. Difference {gap}.",
    ),
    "unknown_question": ("이 공모에 없는 문항입니다.", "The call has no such question."),
}


NEVER_STORED = frozenset(
    {"resident_number", "control_characters", "too_long", "unknown_question", "unknown_column", "not_text", "not_rows"}
)
"""Problems of words that are given back, but kept nowhere."""


class RefusedError(Exception):
    """One answer cannot be read; `code` is one of the messages."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(code)


def problem(key: str, code: str, **details: object) -> FieldProblem:
    """Make the problem `code` of one field, with its messages."""
    korean, english = _MESSAGES[code]
    return FieldProblem(key, code, korean.format(**details), english.format(**details))


def cell_problem(question: Question, row: int, column: Question, code: str, **details: object) -> FieldProblem:
    """Make the problem of one cell, named in words by its row (counted from 1) and column."""
    korean, english = _MESSAGES[code]
    return FieldProblem(
        question.key,
        code,
        f"{row + 1}행 {column.label_ko}: {korean.format(**details)}",
        f"Row {row + 1}, {column.label_en}: {english.format(**details)}",
        f"{row}-{column.key}",
    )
