"""Answers, steps and differences, put into the applicant's words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for

from fundapp.core.quantities import gpu_hours
from fundapp.core.quarters import kst_date
from fundapp.intake.actions.documents import FIELD
from fundapp.intake.form import Form, Question, Section
from fundapp.intake.queries import ApplicationView
from fundapp.intake.rules import PURPOSES, STATES
from fundapp.web.documents.shown import show_requirements
from fundapp.web.portal.forms import ANSWER, AnswersForm, read_rows_text
from fundapp.web.portal.gpu import Matrix, build_matrix
from fundapp.web.portal.pages import ApplicationPage, Task, section_of, stages, stored_text
from fundapp.web.shell.clock import now
from fundapp.web.shell.formats import business_number, hours, long_day, won
from fundapp.web.shell.language import current_locale, gettext, pick
from fundapp.web.shell.rows import RowsTable, rows_table, rows_text
from fundapp.web.shell.stages import own_stage

_NUMERIC = frozenset({"integer", "krw", "hours", "business_number", "corporate_number"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered (or unanswered) question in words; `key` is the field's name on its page."""

    key: str
    label: str
    text: str
    problem: str
    long: bool
    table: RowsTable | None = None


@dataclass(frozen=True, slots=True)
class ProblemLink:
    """A problem and where it can be put right."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class ClashRow:
    """One answer that two windows disagree about."""

    key: str
    label: str
    mine: str
    stored: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to the application."""

    text: str
    at: datetime
    detail: str = ""


def spoken(question: Question, value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a stored answer in words; one that could not be read stays as it was typed."""
    if question.columns and isinstance(value, list):
        return rows_text(question, value, spoken)
    text = stored_text(value)
    if not text:
        return ""
    for choice in question.choices:
        if choice.key == text:
            return pick(choice.label_ko, choice.label_en)
    if isinstance(value, bool):
        return gettext("예") if value else gettext("아니오")
    try:
        return _formatted(question.kind, value, text)
    except ValueError:
        return text


def _formatted(kind: str, value: Any, text: str) -> str:  # noqa: ANN401 - a JSON value
    if kind in {"krw", "ticket"} and isinstance(value, int):
        return won(value, current_locale())
    if kind == "integer" and isinstance(value, int):
        return f"{value:,}"
    if kind == "business_number":
        return business_number(text)
    if kind == "date":
        return long_day(date.fromisoformat(text), current_locale(), year=True)
    if kind == "hours":
        return hours(gpu_hours("X", text).minor, current_locale())
    return text


def label_of(question: Question) -> str:
    """Return a question's label; of a GPU cell, SKU and quarter."""
    if question.sku:
        year, number = question.quarter.split("Q")
        quarter = pick(f"{year}년 {number}분기", f"Q{number} {year}")
        return f"{question.sku.upper()} {quarter}"
    return pick(question.label_ko, question.label_en)


def section_parts(
    page: ApplicationPage, section: Section, form: AnswersForm, card: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """Return what a section's page needs besides the form: hints, modes of input and the GPU matrix."""
    typed = form.to_patch()
    for cell in (part for question in section.questions for part in question.parts):
        form[ANSWER + cell.key].label.text = label_of(cell)
    matrix: Matrix | None = None
    for question in section.questions:
        if question.parts:
            matrix = build_matrix(question, typed, page.call.document, card)
    keys = [one.key for one in page.form.sections]
    return {
        "matrix": matrix,
        "when": {question.key: _when(page, section, question) for question in section.questions},
        "targets": {
            question.key: stored_text(page.application.answers.get(question.sum_to))
            for question in section.questions
            if question.sum_to
        },
        "gpu_bad": any(form[ANSWER + part.key].errors for question in section.questions for part in question.parts),
        "place": keys.index(section.key) + 1,
        "hints": {question.key: _hint(question) for question in section.questions},
        "attributes": {question.key: _attributes(question) for question in section.questions},
    }


@dataclass(frozen=True, slots=True)
class When:
    """On which answers a question is asked: whether it is now, and what the browser looks at to say so live."""

    asked: bool
    looks: str


def _when(page: ApplicationPage, section: Section, question: Question) -> When:
    """Return when a question is asked; "" for the browser where nothing on this page changes it."""
    answers = page.application.answers
    asked = question.key in {one.key for one in page.form.asked_of(answers).questions}
    here = {field.key for one in section.questions for field in one.parts or (one,)}
    if not any(condition.key in here for condition in question.when):
        return When(asked, "")
    current = page.form.asked_answers(answers)
    looks = []
    for one in question.when:
        look: dict[str, Any] = {"name": ANSWER + one.key, "now": stored_text(current.get(one.key))}
        bounds = {"at_least": one.at_least, "at_most": one.at_most, "answered": one.answered, "in": one.values}
        looks.append(look | {name: value for name, value in bounds.items() if value is not None})
    return When(asked, json.dumps(looks, ensure_ascii=False))


def _hint(question: Question) -> str:
    text = pick(question.help_ko, question.help_en)
    if question.kind == "date":
        text = f"{text} {gettext('예: 2020-01-14')}"
    if question.kind == "textarea" and question.max_length:
        text = f"{text} {gettext('%(num)s자까지 적습니다.', num=f'{question.max_length:,}')}"
    return text.strip()


def _attributes(question: Question) -> dict[str, Any]:
    if question.kind == "textarea":
        return {"rows": 6}
    if question.kind == "ksic":
        return {"data_industry": url_for("portal_industries.suggest"), "autocomplete": "off"}
    if question.kind in _NUMERIC:
        return {"inputmode": "numeric", "autocomplete": "off"}
    if question.kind == "number":
        return {"inputmode": "decimal", "autocomplete": "off"}
    if question.kind == "date":
        return {"inputmode": "numeric", "autocomplete": "off"}
    return {}


def address_after(page: ApplicationPage, section: Section) -> str:
    """Return where one goes on after a section: the next one, then the list."""
    keys = [one.key for one in page.form.sections]
    asked = {one.key for one in page.form.asked_of(page.application.answers).sections}
    following = [key for key in keys[keys.index(section.key) + 1 :] if key in asked]
    if following:
        return url_for("portal.section", application_id=page.application.id, key=following[0])
    return url_for("portal.application", application_id=page.application.id)


def task_notes(page: ApplicationPage, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the small line under each task."""
    notes = {}
    for task in tasks:
        if task.problems:
            notes[task.key] = gettext("%(num)s개 문항을 확인해 주세요", num=task.problems)
        elif task.state in {"progress", "todo"}:
            notes[task.key] = gettext("%(all)s개 문항 중 %(done)s개 작성", all=task.questions, done=task.answered)
        requested = page.application.answers.get("requested_krw")
        if task.state == "done" and task.key == "request" and isinstance(requested, int):
            notes[task.key] = gettext("현금 %(amount)s", amount=won(requested, current_locale()))
    return notes


def check_parts(page: ApplicationPage, card: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return all answers by section, the consents, and links to whatever is still wrong."""
    answers = page.application.answers
    problems: dict[str, str] = {}
    for found in page.problems:
        said = pick(found.message_ko, found.message_en)
        problems[found.field] = f"{problems[found.field]} {said}" if found.field in problems else said
    asked = page.form.asked_of(answers)
    parts = [
        (section, [row for question in section.questions for row in _answers(question, answers, problems)])
        for section in asked.sections
    ]
    agreed = [
        (pick(purpose.title_ko, purpose.title_en), purpose, page.application.consents.get(purpose.key))
        for purpose in PURPOSES
    ]
    matrices = {
        section.key: build_matrix(question, answers, page.call.document, card)
        for section in asked.sections
        for question in section.questions
        if question.parts
    }
    papers = [one for one in show_requirements(page.papers, kst_date(now())) if one.requirement.stage == "submit"]
    return {"parts": parts, "agreed": agreed, "links": _problem_links(page), "matrices": matrices, "papers": papers}


def _answers(question: Question, answers: Mapping[str, Any], problems: Mapping[str, str]) -> list[Answer]:
    if not question.parts:
        value = answers.get(question.key)
        text, table = spoken(question, value), rows_table(question, value, spoken)
        long = question.kind == "textarea"
        return [Answer(question.key, label_of(question), text, problems.get(question.key, ""), long, table)]
    given = [
        Answer(part.key, label_of(part), spoken(part, answers[part.key]), problems.get(part.key, ""), long=False)
        for part in question.parts
        if part.key in answers
    ]
    return given or [Answer(question.key, label_of(question), "", problems.get(question.key, ""), long=False)]


def _problem_links(page: ApplicationPage) -> list[ProblemLink]:
    links = []
    for found in page.problems:
        section = section_of(page.form, found.field)
        text = pick(found.message_ko, found.message_en)
        if found.field.startswith(FIELD):
            key = found.field.removeprefix(FIELD)
            wanted = next(one.requirement for one in page.papers if one.requirement.key == key)
            address = url_for("portal_documents.documents", application_id=page.application.id) + f"#d-{key}"
            name = pick(wanted.title_ko, wanted.title_en)
        elif section is None:
            address = url_for("portal.consents", application_id=page.application.id) + f"#{found.field}"
            purpose = next((one for one in PURPOSES if found.field == f"consent_{one.key}"), None)
            name = pick(purpose.title_ko, purpose.title_en) if purpose else found.field
        else:
            address = url_for("portal.section", application_id=page.application.id, key=section.key, back="check")
            place = f"{found.field}-{found.cell}" if found.cell else _anchor(section, found.field)
            address += f"#{ANSWER}{place}"
            name = _name(page.form, found.field)
        links.append(ProblemLink(address, f"{name}: {text}"))
    return links


def _anchor(section: Section, field: str) -> str:
    for question in section.questions:
        if question.key == field and question.parts:
            return question.parts[0].key
    return field


def _name(form: Form, field: str) -> str:
    every = {question.key: question for question in form.questions} | form.fields
    return label_of(every[field])


def clash_rows(form: Form, keys: Sequence[str], mine: Mapping[str, str], stored: Mapping[str, Any]) -> list[ClashRow]:
    """Return both versions of each answer that differs."""
    return [
        ClashRow(
            key,
            label_of(form.fields[key]),
            _typed(form.fields[key], mine[key]),
            spoken(form.fields[key], stored.get(key)),
        )
        for key in keys
    ]


def _typed(question: Question, text: str) -> str:
    if question.columns:
        return spoken(question, read_rows_text(text))
    if question.kind == "boolean" and text in {"yes", "no"}:
        return spoken(question, text == "yes")
    return spoken(question, text)


def stage_rail(application: ApplicationView) -> list[dict[str, Any]]:
    """Return the stages for the rail."""
    names = {
        "draft": gettext("작성 중"),
        "received": gettext("접수"),
        "checked": gettext("요건 확인과 서면 심사"),
        "decided": gettext("투자심의위원회 의결"),
        "agreed": gettext("협약과 배정"),
    }
    return [{"title": names[stage.key], "state": stage.state, "at": stage.at} for stage in stages(application)]


def _own_step(stage: str) -> str:
    """Return what is told of a step that the call has added: where it led, as applicants know it."""
    word = gettext("심사 중") if stage in STATES else own_stage(stage)[0]
    return gettext("%(stage)s 단계로 옮겼습니다", stage=word)


def history(application: ApplicationView) -> list[Event]:
    """Return what happened, newest first. Reasons and names of the fund's people are no part of it."""
    words = {
        "submit": gettext("신청서를 접수했습니다"),
        "resubmit": gettext("고친 신청서를 다시 접수했습니다"),
        "pass_screening": gettext("필수 요건을 확인했습니다. 서면 심사를 시작합니다"),
        "hold": gettext("확인할 내용이 있어 사무국이 살펴보고 있습니다"),
        "release": gettext("확인을 마쳤습니다. 서면 심사를 시작합니다"),
        "declare_ineligible": gettext("필수 요건에 맞지 않아 심사를 마쳤습니다"),
        "propose": gettext("투자심의위원회에 상정했습니다"),
        "withdraw_proposal": gettext("서면 심사를 이어 갑니다"),
        "approve": gettext("투자심의위원회에서 가결했습니다"),
        "reject": gettext("투자심의위원회에서 부결했습니다"),
        "defer": gettext("투자심의위원회가 결정을 보류했습니다"),
        "award": gettext("협약을 맺었습니다"),
        "withdraw": gettext("신청을 철회했습니다"),
    }
    told = [
        Event(
            words.get(step.verb) or _own_step(step.to_state),
            step.at,
            (step.reason or "") if step.verb == "withdraw" else "",
        )
        for step in application.history
    ]
    return [*reversed(told), Event(gettext("신청서를 시작했습니다"), application.created_at)]
