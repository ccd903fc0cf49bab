"""Forms of the close and of rate cards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import cast

from wtforms import DateField, DecimalField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length

from fundapp.web.operations.forms.staff import LARGEST_KRW, LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import lazy

_NEEDED = lazy("꼭 필요합니다")


class ExplainForm(KeyedForm):
    """Why a line of the checklist may stay open."""

    item = HiddenField(validators=[DataRequired(message=_NEEDED)])
    note = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])


class RateForm(KeyedForm):
    """What an hour of a SKU is worth from a day on."""

    sku = StringField(lazy("GPU 종류"), validators=[DataRequired(message=_NEEDED), Length(max=20)])
    currency = SelectField(
        lazy("통화"), choices=[SelectChoice("KRW", "KRW"), SelectChoice("USD", "USD")], default="KRW"
    )
    valid_from = DateField(lazy("적용 시작일"), validators=[InputRequired(message=_NEEDED)])
    price = IntegerField(
        lazy("1시간 단가"), validators=[InputRequired(message=_NEEDED), NumberRange(min=1, max=LARGEST_KRW)]
    )
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.valid_from.data)


class FxForm(KeyedForm):
    """What a dollar costs in won, for a day."""

    day = DateField(lazy("고시일"), validators=[InputRequired(message=_NEEDED)])
    rate = DecimalField(
        lazy("1달러의 원화 값"),
        places=None,
        validators=[InputRequired(message=_NEEDED), NumberRange(min=Decimal("0.000001"), max=Decimal(10**9))],
    )
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.day.data)

    def to_rate(self) -> Decimal:
        """Return the rate of a form that is in order."""
        return cast("Decimal", self.rate.data)
