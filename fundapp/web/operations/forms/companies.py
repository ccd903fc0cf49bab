"""Forms about awarded companies: steps of the joint development, and quarterly figures."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from wtforms import DateField, IntegerField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from fundapp.core.quarters import Quarter
from fundapp.portfolio.actions import Reported
from fundapp.portfolio.rules.companies import METRICS
from fundapp.web.operations.forms.staff import LARGEST_KRW, LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("꼭 필요합니다")
TRACK_WORDS = {"spc": lazy("SPC"), "korean_ai": lazy("한국적 AI")}
METRIC_WORDS = {
    "revenue": lazy("매출"),
    "operating_profit": lazy("영업이익"),
    "paying_customers": lazy("유료 고객"),
    "cash": lazy("분기 말 현금"),
    "monthly_burn": lazy("월 순소진"),
}


class MilestoneForm(KeyedForm):
    """One more step of the joint development."""

    track = SelectField(
        lazy("갈래"),
        choices=[SelectChoice(code, words) for code, words in TRACK_WORDS.items()],
        validators=[InputRequired(message=_NEEDED)],
    )
    text = StringField(lazy("단계"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    planned_on = DateField(lazy("예정일"), validators=[InputRequired(message=_NEEDED)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.planned_on.data)


class ExpectForm(KeyedForm):
    """When a step is expected now, and why."""

    expected_on = DateField(lazy("새 예정일"), validators=[InputRequired(message=_NEEDED)])
    reason = StringField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.expected_on.data)


class DoneForm(KeyedForm):
    """That a step is done, and what came of it."""

    done_on = DateField(lazy("끝낸 날"), validators=[InputRequired(message=_NEEDED)])
    result = StringField(lazy("결과"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.done_on.data)


def _won(words: Any) -> IntegerField:  # noqa: ANN401 - a lazy text
    return IntegerField(words, validators=[Optional(), NumberRange(min=-LARGEST_KRW, max=LARGEST_KRW)])


class MetricsForm(KeyedForm):
    """A quarter's figures of a company; each may be left out, and so may its plan."""

    quarter = StringField(lazy("분기"), validators=[DataRequired(message=_NEEDED)])
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    revenue = _won(METRIC_WORDS["revenue"])
    revenue_plan = _won(lazy("매출 계획"))
    operating_profit = _won(METRIC_WORDS["operating_profit"])
    operating_profit_plan = _won(lazy("영업이익 계획"))
    paying_customers = _won(METRIC_WORDS["paying_customers"])
    paying_customers_plan = _won(lazy("유료 고객 계획"))
    cash = _won(METRIC_WORDS["cash"])
    monthly_burn = _won(METRIC_WORDS["monthly_burn"])

    def validate_quarter(self, field: StringField) -> None:
        """Refuse what is no quarter."""
        try:
            Quarter.parse(field.data or "")
        except ValueError as error:
            raise ValidationError(gettext("2026Q3처럼 적어 주세요")) from error

    def validate_revenue(self, field: IntegerField) -> None:
        """Ask for at least one figure."""
        if not self.to_figures():
            field.errors = []
            raise ValidationError(gettext("지표를 하나 이상 적어 주세요"))

    def to_figures(self) -> dict[str, Reported]:
        """Return the figures that were given, each with its plan."""
        found = {}
        for metric in METRICS:
            value = self[metric].data
            plan = f"{metric}_plan"
            if value is not None:
                found[metric] = Reported(value, self[plan].data if plan in self else None)
        return found
