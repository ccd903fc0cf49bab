"""What of a call may change once companies have answered: texts and new questions, never what an answer means."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fundapp.core.errors import InvalidInputError
from fundapp.intake.form import Form, Question


def require_same_meaning(before: Form, after: Form, answered: Collection[str]) -> None:
    """Refuse a form in which answers that companies have given would mean something else or no longer fit.

    Args:
        before: The form as it was asked.
        after: The form as it would be.
        answered: Questions that have an answer.

    Raises:
        InvalidInputError: naming the question and what of it would change.
    """
    for key, was in before.fields.items():
        becomes = after.fields.get(key)
        if becomes is None:
            raise _refuse(key, "이미 물은 문항은 뺄 수 없습니다", "a question that was asked cannot be dropped")
        if key not in answered:
            continue
        for reason_ko, reason_en in _differences(was, becomes):
            raise _refuse(key, f"이미 답한 기업이 있어 {reason_ko}", f"companies have answered it: {reason_en}")


def _differences(was: Question, becomes: Question) -> Iterator[tuple[str, str]]:
    if was.kind != becomes.kind:
        yield "종류를 바꿀 수 없습니다", "its kind cannot change"
    gone = {choice.key for choice in was.choices} - {choice.key for choice in becomes.choices}
    if gone:
        yield f"보기를 뺄 수 없습니다: {', '.join(sorted(gone))}", f"choices cannot go: {', '.join(sorted(gone))}"
    if becomes.required and not was.required:
        yield "필수로 바꿀 수 없습니다", "it cannot become required"
    if _narrower(was, becomes):
        yield "답의 범위를 좁힐 수 없습니다", "its limits cannot become narrower"
    if was.when != becomes.when:
        yield "묻는 조건을 바꿀 수 없습니다", "the condition on which it is asked cannot change"
    columns = {column.key: column for column in becomes.columns}
    for column in was.columns:
        if column.key not in columns:
            yield f"열을 뺄 수 없습니다: {column.key}", f"the column {column.key!r} cannot be dropped"
        else:
            yield from _differences(column, columns[column.key])


def _narrower(was: Question, becomes: Question) -> bool:
    """Say whether something that could be answered could be no longer."""
    fewer = becomes.max_rows < was.max_rows or becomes.min_rows > was.min_rows
    shorter = becomes.max_length is not None and (was.max_length is None or becomes.max_length < was.max_length)
    lower = becomes.maximum is not None and (was.maximum is None or becomes.maximum < was.maximum)
    higher = becomes.minimum is not None and (was.minimum is None or becomes.minimum > was.minimum)
    return fewer or shorter or lower or higher


def _refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
