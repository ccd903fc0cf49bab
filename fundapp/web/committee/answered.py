"""Answers in words, as the committee reads them."""

from __future__ import annotations

from fundapp.intake.form import Question
from fundapp.intake.masking import MASK
from fundapp.web.shell.formats import business_number, grouped, won
from fundapp.web.shell.language import current_locale, gettext, pick
from fundapp.web.shell.rows import rows_text


def answer_text(question: Question, value: object) -> str:
    """Return an answer in words; empty where there is none."""
    if value is None or value == MASK:
        return str(value or "")
    if isinstance(value, bool):
        return gettext("예") if value else gettext("아니오")
    if question.columns:
        return rows_text(question, value, answer_text)
    labels = {choice.key: pick(choice.label_ko, choice.label_en) for choice in question.choices}
    return _formatted(question, value) or labels.get(str(value), str(value))


def _formatted(question: Question, value: object) -> str:
    if question.kind in {"krw", "ticket"} and isinstance(value, int):
        return won(value, current_locale())
    if question.kind == "integer" and isinstance(value, int):
        return grouped(value)
    return business_number(str(value)) if question.kind == "business_number" else ""
