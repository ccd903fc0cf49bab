"""Forms of the fund's cash: schedules, terms, rounds, calls, movements, marks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    FormField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from fundapp.allocation.actions import EXPENSES
from fundapp.core.quarters import Quarter
from fundapp.portfolio.actions import ExpenseLine
from fundapp.portfolio.rules import INPUT_FIELDS, TECHNIQUES, TERMS, Mark, Round, TrancheTerms
from fundapp.web.operations.forms.staff import LARGEST_KRW, LONGEST_REASON, SignForm
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy, pick

_NEEDED = lazy("꼭 필요합니다")
_PART = "part_"
PARTS = 4
INPUTS = 4
EXPENSE_WORDS = {
    "management-fee": lazy("관리보수"),
    "audit": lazy("회계감사"),
    "legal": lazy("법률 자문"),
    "custody": lazy("수탁"),
}
MOVEMENT_WORDS = {
    "dividend": lazy("배당"),
    "interest": lazy("이자"),
    "redemption": lazy("상환"),
    "exit": lazy("매각"),
    "write_off": lazy("손실 처리"),
    "payout": lazy("출자자 분배"),
    "correction": lazy("정정"),
}
STATE_WORDS = {
    "drafted": lazy("승인 대기"),
    "issued": lazy("납입 대기"),
    "paid": lazy("납입"),
    "cancelled": lazy("거둠"),
    "approved": lazy("승인"),
    "returned": lazy("돌려보냄"),
}
SHARING_WORDS = {"source": lazy("번 자본에"), "all": lazy("납입 비율로 모두에게")}
_TEXT = [Length(max=LONGEST_REASON)]
_MONEY = [NumberRange(min=0, max=LARGEST_KRW)]


def day_of(field: DateField) -> date:
    """Return the day of a field that is in order."""
    return cast("date", field.data)


def _quarter(_form: object, field: StringField) -> None:
    try:
        Quarter.parse(field.data or "")
    except ValueError as error:
        raise ValidationError(gettext("2026Q3처럼 적어 주세요")) from error


class PartForm(FlaskForm):  # type: ignore[misc]
    """One tranche of a schedule; empty when all of it is."""

    class Meta:
        """Stands inside another form, which has the token and the key."""

        csrf = False

    amount_krw = IntegerField(lazy("금액"), validators=[Optional(), *_MONEY])
    due_on = DateField(lazy("예정일"), validators=[Optional()])
    milestone = StringField(lazy("이정표"), validators=[Length(max=200)])
    precedents = TextAreaField(lazy("선행조건"), validators=_TEXT)

    def to_terms(self, number: int) -> TrancheTerms | None:
        """Return the tranche, or None for an empty row; from the second on, the milestone itself is a condition."""
        lines = [line.strip() for line in (self.precedents.data or "").splitlines() if line.strip()]
        milestone = (self.milestone.data or "").strip()
        if not (self.amount_krw.data or self.due_on.data or milestone or lines):
            return None
        conditions = [("precedent", line) for line in lines]
        if number > 1 and milestone:
            conditions.insert(0, ("milestone", milestone))
        due = self.due_on.data or date.min
        return TrancheTerms(self.amount_krw.data or 0, due, milestone, tuple(conditions))


class SignScheduleForm(SignForm):
    """How a carried decision becomes an award, with the tranches as agreed; half and half when none is written."""

    part_1 = FormField(PartForm)
    part_2 = FormField(PartForm)
    part_3 = FormField(PartForm)
    part_4 = FormField(PartForm)

    @property
    def parts(self) -> list[PartForm]:
        """The rows of the schedule."""
        return [self[f"{_PART}{number}"].form for number in range(1, PARTS + 1)]

    def to_schedule(self) -> list[TrancheTerms]:
        """Return the tranches that were written."""
        found = (part.to_terms(number) for number, part in enumerate(self.parts, start=1))
        return [one for one in found if one is not None]


class ConditionTextForm(KeyedForm):
    """A condition of a tranche."""

    kind = SelectField(
        lazy("종류"),
        choices=[SelectChoice("precedent", lazy("선행조건")), SelectChoice("milestone", lazy("이정표"))],
        validators=[InputRequired(message=_NEEDED)],
    )
    text = StringField(lazy("조건"), validators=[DataRequired(message=_NEEDED), Length(max=500)])


class EvidenceForm(KeyedForm):
    """That a condition holds."""

    evidence = StringField(lazy("증빙"), validators=[DataRequired(message=_NEEDED), *_TEXT])


class TermsForm(KeyedForm):
    """Terms of one instrument. `fit` leaves only the fields that the instrument has."""

    note = TextAreaField(lazy("메모"), validators=_TEXT)
    option_krw = IntegerField(lazy("후속 투자 선택권 금액"), validators=[Optional(), *_MONEY])
    option_until = DateField(lazy("선택권 기한"), validators=[Optional()])

    @classmethod
    def fit(cls, instrument: str, **options: Any) -> TermsForm:  # noqa: ANN401 - what a form takes
        """Return the form of an instrument; percentages are asked in percent and kept in basis points."""
        fields: dict[str, Field] = {}
        for term in TERMS[instrument]:
            label = pick(term.ko, term.en)
            needed = [InputRequired(message=_NEEDED)] if term.needed else [Optional()]
            if term.kind == "flag":
                fields[term.name] = BooleanField(label)
            elif term.kind == "date":
                fields[term.name] = DateField(label, validators=needed)
            elif term.kind == "bp":
                most = term.most / 100
                fields[term.name] = DecimalField(label, places=2, validators=[*needed, NumberRange(min=0, max=most)])
            else:
                fields[term.name] = IntegerField(
                    label, validators=[*needed, NumberRange(min=term.least, max=term.most)]
                )
        return cast("TermsForm", type("InstrumentTermsForm", (cls,), fields)(**options))

    def to_terms(self, instrument: str) -> dict[str, object]:
        """Return the terms by name; percentages in basis points."""
        found: dict[str, object] = {}
        for term in TERMS[instrument]:
            value = self[term.name].data
            found[term.name] = int(value * 100) if term.kind == "bp" and value is not None else value
        return found


class RoundForm(KeyedForm):
    """A financing round of a company we hold."""

    name = StringField(lazy("라운드"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
    closed_on = DateField(lazy("납입일"), validators=[InputRequired(message=_NEEDED)])
    pre_money_krw = IntegerField(lazy("투자 전 기업가치"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    new_money_krw = IntegerField(lazy("신규 투자금"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    price_krw = IntegerField(lazy("주당 가격"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    total_shares = IntegerField(lazy("완전 희석 주식 수"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    our_shares = IntegerField(lazy("우리 주식 수"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    insider_only = BooleanField(lazy("기존 주주만 참여"))
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=500)])

    def to_round(self) -> Round:
        """Return the figures of a form that is in order."""
        names = ("pre_money_krw", "new_money_krw", "price_krw", "total_shares", "our_shares")
        return Round(*(self[name].data for name in names))


class _BoxesField(SelectMultipleField):
    """Several of some, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class CallForm(KeyedForm):
    """What to call the investors for."""

    tranches = _BoxesField(lazy("차수"), coerce=uuid.UUID, validators=[Optional()])
    expense = SelectField(
        lazy("조합 비용"),
        choices=[SelectChoice("", lazy("없음")), *(SelectChoice(code, EXPENSE_WORDS[code]) for code in EXPENSES)],
        validators=[Optional()],
    )
    quarter = StringField(lazy("비용 분기"), validators=[Optional(), _quarter])
    amount_krw = IntegerField(lazy("비용 금액"), validators=[Optional(), *_MONEY])
    due_on = DateField(lazy("납입 기한"), validators=[InputRequired(message=_NEEDED)])
    note = StringField(lazy("메모"), validators=_TEXT)

    def offer(self, tranches: Iterable[tuple[uuid.UUID, str]]) -> None:
        """Let the tranches be chosen."""
        self.tranches.choices = [SelectChoice(str(one), label) for one, label in tranches]

    def to_expenses(self) -> list[ExpenseLine]:
        """Return the cost, if one was chosen."""
        if not self.expense.data:
            return []
        return [ExpenseLine(self.expense.data, Quarter.parse(self.quarter.data or ""), self.amount_krw.data or 0)]

    def validate_amount_krw(self, field: IntegerField) -> None:
        """Ask for quarter and amount of a cost."""
        if self.expense.data and not (field.data and self.quarter.data):
            raise ValidationError(gettext("비용은 분기와 금액이 모두 필요합니다"))


class ReceiveForm(KeyedForm):
    """When a call was paid in."""

    paid_on = DateField(lazy("입금일"), validators=[InputRequired(message=_NEEDED)])


class MovementForm(KeyedForm):
    """Cash that came from a company, or a cost that was lost."""

    kind = RadioField(
        lazy("종류"),
        choices=[
            SelectChoice(kind, MOVEMENT_WORDS[kind])
            for kind in ("dividend", "interest", "redemption", "exit", "write_off")
        ],
        validators=[InputRequired(message=_NEEDED)],
    )
    amount_krw = IntegerField(lazy("들어온 금액"), default=0, validators=[InputRequired(message=_NEEDED), *_MONEY])
    cost_krw = IntegerField(lazy("줄어든 투자 원가"), default=0, validators=[InputRequired(message=_NEEDED), *_MONEY])
    effective_on = DateField(lazy("기준일"), validators=[InputRequired(message=_NEEDED)])
    reason = TextAreaField(lazy("근거"), validators=[DataRequired(message=_NEEDED), *_TEXT])


class PayoutForm(KeyedForm):
    """What goes to the investors."""

    amount_krw = IntegerField(lazy("분배 금액"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    sharing = RadioField(
        lazy("나누는 기준"),
        choices=[SelectChoice(code, words) for code, words in SHARING_WORDS.items()],
        default="source",
        validators=[InputRequired(message=_NEEDED)],
    )
    effective_on = DateField(lazy("지급일"), validators=[InputRequired(message=_NEEDED)])
    reason = TextAreaField(lazy("근거"), validators=[DataRequired(message=_NEEDED), *_TEXT])


class CorrectionForm(KeyedForm):
    """Why a movement is taken back, and when that takes effect."""

    effective_on = DateField(lazy("정정일"), validators=[InputRequired(message=_NEEDED)])
    reason = StringField(lazy("사유"), validators=[DataRequired(message=_NEEDED), *_TEXT])


class PaymentCorrectionForm(KeyedForm):
    """What a payment really came to, and when."""

    amount_krw = IntegerField(lazy("실제 금액"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    effective_on = DateField(lazy("실제로 오간 날"), validators=[InputRequired(message=_NEEDED)])
    reason = StringField(lazy("근거"), validators=[DataRequired(message=_NEEDED), *_TEXT])


class InputRowForm(FlaskForm):  # type: ignore[misc]
    """One assumption, at entry and now."""

    class Meta:
        """Stands inside another form, which has the token and the key."""

        csrf = False

    name = StringField(lazy("가정"), validators=_TEXT)
    entry = StringField(lazy("취득 때"), validators=_TEXT)
    now = StringField(lazy("지금"), validators=_TEXT)
    source = StringField(lazy("출처"), validators=_TEXT)


class MarkForm(KeyedForm):
    """A fair value that somebody else will approve."""

    quarter = StringField(lazy("기준 분기"), validators=[DataRequired(message=_NEEDED), _quarter])
    fair_value_krw = IntegerField(lazy("공정가치"), validators=[InputRequired(message=_NEEDED), *_MONEY])
    technique = SelectField(lazy("방법"), validators=[InputRequired(message=_NEEDED)])
    inputs_1 = FormField(InputRowForm)
    inputs_2 = FormField(InputRowForm)
    inputs_3 = FormField(InputRowForm)
    inputs_4 = FormField(InputRowForm)
    milestone_status = TextAreaField(lazy("이정표 상황"), validators=_TEXT)
    round_price_krw = IntegerField(lazy("근거 라운드의 주당 가격"), validators=[Optional(), *_MONEY])
    round_new_percent = DecimalField(
        lazy("신규 투자자 비중"), places=2, validators=[Optional(), NumberRange(min=0, max=100)]
    )
    calibration_note = TextAreaField(lazy("보정 근거"), validators=[DataRequired(message=_NEEDED), *_TEXT])
    change_reason = TextAreaField(lazy("바뀐 이유 또는 그대로 둔 이유"), validators=_TEXT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - what a form takes
        super().__init__(*args, **kwargs)
        self.technique.choices = [SelectChoice(code, pick(*words)) for code, words in TECHNIQUES.items()]

    @property
    def rows(self) -> list[InputRowForm]:
        """The rows of assumptions."""
        return [self[f"inputs_{number}"].form for number in range(1, INPUTS + 1)]

    def to_mark(self) -> Mark:
        """Return the mark of a form that is in order."""
        rows: list[Mapping[str, str]] = [{name: row[name].data or "" for name in INPUT_FIELDS} for row in self.rows]
        share = self.round_new_percent.data
        return Mark(
            fair_value_krw=self.fair_value_krw.data or 0,
            technique=self.technique.data or "",
            inputs=tuple(rows),
            milestone_status=self.milestone_status.data or "",
            calibration_note=self.calibration_note.data or "",
            change_reason=self.change_reason.data or "",
            round_price_krw=self.round_price_krw.data,
            round_new_bp=None if share is None else int(share * 100),
        )
