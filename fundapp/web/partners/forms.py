"""Forms of the partners' room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import cast

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from fundapp.allocation.actions.announcements import MOST_HOURS
from fundapp.core.quarters import Quarter
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("적어 주세요")


def _quarter(_form: FlaskForm, field: StringField) -> None:
    try:
        Quarter.parse(field.data or "")
    except ValueError as error:
        raise ValidationError(gettext("2026Q3처럼 적어 주세요")) from error


class FreezeForm(KeyedForm):
    """Freeze a quarter; use in suspense is accepted with a reason only."""

    quarter = HiddenField(validators=[InputRequired(), Length(max=6)])
    accept_suspense = BooleanField(lazy("주인을 모르는 사용이 있어도 확정"))
    reason = StringField(lazy("확정 사유"), validators=[Length(max=500)])


class CommentForm(KeyedForm):
    """What a partner says about a report, or what finance answers."""

    chapter = SelectField(lazy("어느 장"), validators=[Length(max=20)], validate_choice=False)
    body = TextAreaField(lazy("의견"), validators=[DataRequired(message=lazy("내용을 적어 주세요")), Length(max=4000)])
    answers = HiddenField(validators=[Length(max=36)])

    def offer_chapters(self, chapters: Iterable[tuple[str, str]]) -> None:
        """Say which sections there are."""
        self.chapter.choices = [SelectChoice("", gettext("보고서 전체")), *(SelectChoice(*one) for one in chapters)]


class RecognitionForm(KeyedForm):
    """Recognise GPU time in kind by another policy from a quarter on."""

    policy = RadioField(
        lazy("바꿀 방식"),
        choices=[SelectChoice("at_delivery", lazy("인도한 때")), SelectChoice("at_grant", lazy("배정한 때"))],
        validators=[InputRequired(message=lazy("골라 주세요"))],
    )
    quarter = SelectField(
        lazy("적용할 첫 분기"),
        validators=[DataRequired(message=lazy("골라 주세요")), _quarter],
        validate_choice=False,
    )
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=400)])

    def offer_quarters(self, quarters: Iterable[tuple[str, str]]) -> None:
        """Say from which quarters it can begin."""
        self.quarter.choices = [SelectChoice(*one) for one in quarters]


class OwnForm(KeyedForm):
    """A reader's own question to one table of the report."""

    report = HiddenField(validators=[Length(max=36)])
    view = HiddenField(validators=[InputRequired(), Length(max=20)])
    name = StringField(lazy("이름"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
    columns = SelectMultipleField(
        lazy("보일 열"),
        validators=[InputRequired(message=lazy("하나 이상 골라 주세요"))],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    column1 = SelectField(lazy("열"))
    operator1 = SelectField(lazy("비교"))
    value1 = StringField(lazy("값"), validators=[Length(max=80)])
    column2 = SelectField(lazy("열"))
    operator2 = SelectField(lazy("비교"))
    value2 = StringField(lazy("값"), validators=[Length(max=80)])
    column3 = SelectField(lazy("열"))
    operator3 = SelectField(lazy("비교"))
    value3 = StringField(lazy("값"), validators=[Length(max=80)])
    group = SelectField(lazy("묶기"))
    chart = SelectField(lazy("그림"))
    shared = BooleanField(lazy("보고서를 보는 사람 모두와 나누기"))
    notify = BooleanField(lazy("새 판이 나오면 메일로 알리기"))
    schedule = SelectField(
        lazy("정해 둔 날에 메일로 링크 받기"),
        choices=[
            SelectChoice("", lazy("메일 없음")),
            SelectChoice("monday", lazy("매주 월요일 (휴일이면 다음 영업일)")),
            SelectChoice("month", lazy("매달 첫 영업일")),
            SelectChoice("quarter", lazy("매 분기 첫 영업일")),
        ],
    )

    def offer_columns(self, columns: Iterable[tuple[str, str, bool]]) -> None:
        """Say which columns the table has: key, label, and whether numbers stand in it."""
        known = list(columns)
        every = [SelectChoice(key, label) for key, label, _ in known]
        self.columns.choices = every
        words = {
            "is": gettext("같음"),
            "is_not": gettext("같지 않음"),
            "contains": gettext("들어 있음"),
            "at_least": gettext("이상"),
            "at_most": gettext("이하"),
        }
        for number in ("1", "2", "3"):
            self[f"column{number}"].choices = [SelectChoice("", gettext("조건 없음")), *every]
            self[f"operator{number}"].choices = [SelectChoice(key, word) for key, word in words.items()]
        texts = [SelectChoice(key, label) for key, label, numeric in known if not numeric]
        self.group.choices = [SelectChoice("", gettext("묶지 않음")), *texts]
        numbers = [SelectChoice(key, label) for key, label, numeric in known if numeric]
        self.chart.choices = [SelectChoice("", gettext("그리지 않음")), *numbers]


class AnnounceForm(KeyedForm):
    """What an investor says there will be of GPU time."""

    investor = SelectField(lazy("출자자"), validators=[InputRequired(message=_NEEDED)])
    sku = StringField(lazy("GPU 종류"), validators=[DataRequired(message=_NEEDED), Length(max=20)])
    region = StringField(
        lazy("리전"), default="koreacentral", validators=[DataRequired(message=_NEEDED), Length(max=40)]
    )
    quarter = StringField(lazy("분기(UTC)"), validators=[DataRequired(message=_NEEDED), _quarter])
    hours = IntegerField(
        lazy("GPU시간"), validators=[InputRequired(message=_NEEDED), NumberRange(min=0, max=MOST_HOURS)]
    )
    announced_on = DateField(lazy("발표한 날"), validators=[InputRequired(message=_NEEDED)])
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=200)])

    def offer_investors(self, investors: Iterable[tuple[str, str]]) -> None:
        """Say who gives in kind."""
        self.investor.choices = [SelectChoice(code, name) for code, name in investors]

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.announced_on.data)
