"""Forms of the portal. Those of a call's sections are made from the call's own form definition.

These classes carry shape only. What an answer means, and whether it will do, `fundapp.intake` decides, so that the
portal, the file import and the submission never disagree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, Email, InputRequired, Length

from fundapp.core.errors import InvalidInputError
from fundapp.intake.answers import add_up
from fundapp.intake.form import MOST_ROWS, FieldProblem, Question, Section
from fundapp.intake.merging import mark_of
from fundapp.intake.rules import PURPOSES, Purpose
from fundapp.web.portal.pages import stored_text
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy, pick

ANSWER = "a_"
_MOST_RADIOS = 5


class AnswersForm(FlaskForm):  # type: ignore[misc]
    """One section's answers, the revision of the application and the marks of the answers that they were typed over."""

    revision = HiddenField(validators=[InputRequired()])
    base = HiddenField()

    @property
    def expected_revision(self) -> int:
        """The revision as a number.

        Raises:
            InvalidInputError: if the browser sent none.
        """
        text = str(self.revision.data or "")
        if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - far beyond any revision
            raise InvalidInputError(field="revision", reason_ko="숫자가 아닙니다", reason_en="is not a number")
        return int(text)

    @property
    def bases(self) -> dict[str, str]:
        """The mark of each answer that the page showed; what is no such list counts as none."""
        return read_bases(str(self.base.data or ""))

    def to_patch(self, sent: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Return the answers by question; with `sent`, only of those fields."""
        patch: dict[str, str] = {}
        for field in self:
            if not field.name.startswith(ANSWER):
                continue
            key = field.name.removeprefix(ANSWER)
            if isinstance(field, RowsField):
                if sent is not None and field.name in sent:
                    patch[key] = str(sent[field.name])
                elif sent is None or f"{field.name}-rows" in sent:
                    patch[key] = write_rows_text(field.data)
            elif sent is None or field.name in sent:
                patch[key] = str(field.data or "")
        return patch

    def show_problems(self, section: Section, problems: Sequence[FieldProblem]) -> None:
        """Put each problem beside its field; that of a whole GPU request beside its first cell."""
        cells = {question.key: question.parts[0].key for question in section.questions if question.parts}
        for found in problems:
            field = self._fields.get(ANSWER + cells.get(found.field, found.field))
            if isinstance(field, RowsField):
                field.show(found, pick(found.message_ko, found.message_en))
            elif field is not None:
                field.errors = [*field.errors, pick(found.message_ko, found.message_en)]


class RowsField(FieldList):  # type: ignore[type-arg]  # takes none while it runs
    """The rows of one answer: from its JSON text, or from the cells that a browser sends one by one."""

    def __init__(self, row: type[Form], label: str, least: int, **given: Any) -> None:  # noqa: ANN401 - WTForms
        super().__init__(FormField(row), label, **given)
        self.least = max(1, least)

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ANN401, ARG002 - WTForms
        """Take the rows in, and add blank ones up to the least number."""
        if formdata and self.name in formdata:
            super().process(None, read_rows_text(str(formdata[self.name])))
        else:
            super().process(formdata, ())
        while len(self.entries) < self.least:
            self.append_entry()

    @property
    def blank(self) -> Any:  # noqa: ANN401 - WTForms
        """A row that stands for any further one; `#` is its place."""
        field = self.unbound_field.bind(form=None, name=f"{self.name}-#", _meta=self.meta)  # type: ignore[arg-type]
        field.process(None, None)
        return field

    def total(self, column: str) -> Decimal:
        """Return the sum of a column as it is typed; what is no number counts as nothing."""
        return add_up([{column: str(row.get(column) or 0).replace(",", "")} for row in self.data], column)

    def show(self, found: FieldProblem, said: str) -> None:
        """Put a problem at the head of the rows, and beside its cell."""
        self.errors = [*self.errors, said]
        row, _, column = found.cell.partition("-")
        if found.cell and int(row) < len(self.entries):
            self.entries[int(row)].form[column].errors = [said]


def read_rows_text(text: str) -> list[dict[str, str]]:
    """Return rows from their JSON text, blank ones left out; what is no such text counts as none."""
    try:
        read = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    rows = [row for row in read if isinstance(row, dict)] if isinstance(read, list) else []
    return [{str(key): stored_text(cell) for key, cell in row.items()} for row in rows if any(row.values())]


def write_rows_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as JSON text, without blank cells and rows; "" for none."""
    filled = [{key: str(cell) for key, cell in row.items() if str(cell or "").strip()} for row in rows]
    filled = [row for row in filled if row]
    return json.dumps(filled, ensure_ascii=False) if filled else ""


def rows_after(form: AnswersForm, chosen: Mapping[str, str], press: str) -> dict[str, str]:
    """Return the rows after a button of a row was pressed: `field:verb:place`; one row added stays blank."""
    name, verb, place = (*press.split(":"), "", "")[:3]
    key = name.removeprefix(ANSWER)
    field = form._fields.get(name)
    if not isinstance(field, RowsField) or key not in chosen:
        return {}
    rows: list[dict[str, str]] = list(field.data)
    at = int(place) if place.isascii() and place.isdigit() and len(place) <= len(str(MOST_ROWS)) else len(rows)
    if at >= len(rows):
        return {}
    row = rows.pop(at)
    if verb in {"up", "down"}:
        rows.insert(max(0, at - 1) if verb == "up" else at + 1, row)
    return {key: write_rows_text(rows)}


def add_row(form: AnswersForm, press: str) -> None:
    """Append a blank row where the button that adds one was pressed: `field:add`."""
    name, verb = (*press.split(":"), "")[:2]
    field = form._fields.get(name)
    if verb == "add" and isinstance(field, RowsField) and len(field.entries) < MOST_ROWS:
        field.append_entry()


def read_bases(text: str) -> dict[str, str]:
    """Return the marks that a page sent along; what is no such list counts as none."""
    try:
        read = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(mark) for key, mark in read.items()} if isinstance(read, dict) else {}


def write_bases(marks: Mapping[str, str]) -> str:
    """Return the marks as a page sends them along."""
    return json.dumps(marks, separators=(",", ":"))


def section_form(section: Section) -> type[AnswersForm]:
    """Return the form class of a section, with one field an answer, in order."""
    fields: dict[str, Field] = {}
    for question in section.questions:
        for asked in question.parts or (question,):
            fields[ANSWER + asked.key] = _field(asked)
    return type("SectionForm", (AnswersForm,), fields)


def stored_fields(section: Section, answers: Mapping[str, Any], revision: int) -> MultiDict[str, str]:
    """Return a section's stored answers as a browser would send them."""
    keys = [asked.key for question in section.questions for asked in question.parts or (question,)]
    pairs = [(ANSWER + key, stored_text(answers.get(key))) for key in keys]
    marks = write_bases({key: mark_of(answers.get(key)) for key in keys})
    return MultiDict([*pairs, ("revision", str(revision)), ("base", marks)])


def _field(question: Question) -> Field:
    label = pick(question.label_ko, question.label_en)
    if question.columns:
        return RowsField(_row_form(question), label, question.min_rows)
    if question.kind == "boolean":
        return _choice_field(label, [("yes", gettext("예")), ("no", gettext("아니오"))], question)
    if question.choices:
        named = [(choice.key, pick(choice.label_ko, choice.label_en)) for choice in question.choices]
        return _choice_field(label, named, question)
    kinds: dict[str, type[StringField]] = {"textarea": TextAreaField, "email": EmailField, "phone": TelField}
    return kinds.get(question.kind, StringField)(label)


def _row_form(question: Question) -> type[Form]:
    """Return the form class of one row."""
    return type("RowForm", (Form,), {column.key: _cell(column) for column in question.columns})


def _cell(column: Question) -> Field:
    label = pick(column.label_ko, column.label_en)
    named = [(choice.key, pick(choice.label_ko, choice.label_en)) for choice in column.choices]
    if column.kind == "boolean":
        named = [("yes", gettext("예")), ("no", gettext("아니오"))]
    if named:
        return SelectField(label, choices=options([("", gettext("고르세요")), *named]), validate_choice=False)
    return TextAreaField(label) if column.kind == "textarea" else StringField(label)


def _choice_field(label: str, named: list[tuple[str, str]], question: Question) -> Field:
    # What is no choice is refused by the room below, with the list of what is.
    if len(named) <= _MOST_RADIOS:
        blank = [] if question.required else [("", gettext("답하지 않음"))]
        return RadioField(label, choices=options([*named, *blank]), validate_choice=False)
    return SelectField(label, choices=options([("", gettext("고르세요")), *named]), validate_choice=False)


def options(named: Sequence[tuple[str, str]]) -> list[SelectChoice]:
    """Return the options of a field from values and labels."""
    return [SelectChoice(value=value, label=label) for value, label in named]


class StartForm(FlaskForm):  # type: ignore[misc]
    """Which company applies: one of the viewer's own, or a new one by its number."""

    company = RadioField(lazy("신청 기업"), validate_choice=False)
    business_number = StringField(lazy("사업자등록번호"), [Length(max=40)])
    company_name = StringField(lazy("회사명"), [Length(max=80)])


class ConsentForm(FlaskForm):  # type: ignore[misc]
    """One box a purpose; the law wants each agreed to apart from every other."""

    def purposes(self) -> list[tuple[Purpose, BooleanField]]:
        """Return each purpose with its box."""
        return [(purpose, self[f"consent_{purpose.key}"]) for purpose in PURPOSES]

    def to_choices(self) -> dict[str, bool]:
        """Return what was agreed to, by purpose."""
        return {purpose.key: bool(field.data) for purpose, field in self.purposes()}


def consent_form() -> type[ConsentForm]:
    """Return the form of all purposes, labelled in the present language."""
    fields = {f"consent_{purpose.key}": BooleanField(_consent_label(purpose)) for purpose in PURPOSES}
    return type("PurposesForm", (ConsentForm,), fields)


def _consent_label(purpose: Purpose) -> str:
    title = pick(purpose.title_ko, purpose.title_en)
    kind = gettext("필수") if purpose.required else gettext("선택")
    return gettext("[%(kind)s] %(title)s에 동의합니다", kind=kind, title=title)


class WithdrawForm(KeyedForm):
    """A reason, if one likes to give any, and a box that makes sure."""

    reason = TextAreaField(lazy("철회 사유"), [Length(max=500)])
    sure = BooleanField(
        lazy("이 공모에 다시 신청할 수 없다는 것을 알고 철회합니다"), [InputRequired(lazy("확인란을 표시해 주세요"))]
    )


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Whom to ask to act for the company, and as what."""

    email = EmailField(
        lazy("이메일"),
        [
            InputRequired(lazy("이메일을 적어 주세요")),
            Length(max=320),
            Email(lazy("이메일 주소를 다시 확인해 주세요")),
        ],
    )
    role = RadioField(
        lazy("맡는 일"),
        choices=[
            SelectChoice(value="member", label=lazy("작성자")),
            SelectChoice(value="owner", label=lazy("대표 담당자")),
        ],
        default="member",
    )


class AskCertifierForm(FlaskForm):  # type: ignore[misc]
    """Who is to sign the application off."""

    certifier = SelectField(lazy("확인할 사람"), [InputRequired(lazy("확인할 사람을 골라 주세요"))])


class SignForm(FlaskForm):  # type: ignore[misc]
    """A signature under what the page shows."""

    content = HiddenField()
    sure = BooleanField(
        lazy("모든 답과 서류를 읽었고, 회사를 대표해 제출해도 좋다고 확인합니다"),
        [InputRequired(lazy("확인란을 표시해 주세요"))],
    )


class SendBackForm(FlaskForm):  # type: ignore[misc]
    """Why the application goes back to whoever wrote it."""

    reason = TextAreaField(lazy("돌려보내는 사유"), [InputRequired(lazy("사유를 적어 주세요")), Length(max=1000)])


class MemberRoleForm(FlaskForm):  # type: ignore[misc]
    """What somebody is to be for the company."""

    role = HiddenField(validators=[AnyOf(["owner", "member"])])
