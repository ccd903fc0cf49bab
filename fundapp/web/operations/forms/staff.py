"""Forms of the staff's room. They check shape and say what is missing; the actions decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    EmailField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, Email, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from fundapp.core.access import Role
from fundapp.core.quantities import Quantity, gpu_hours
from fundapp.core.quarters import Quarter
from fundapp.portfolio.rules import INSTRUMENTS
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("꼭 필요합니다")
LONGEST_REASON = 2000
MOST_HOURS, HIGHEST_RATE_KRW = 10**8, 10**6
"""Their product in ten-thousandths of a won still fits the 64 bits of the ledger."""
LARGEST_KRW = 10**15
INSTRUMENT_WORDS = {
    "RCPS": lazy("상환전환우선주(RCPS)"),
    "CB": lazy("전환사채(CB)"),
    "common": lazy("보통주"),
    "SAFE": lazy("조건부지분인수(SAFE)"),
    "none": lazy("지분 없는 지원"),
}
ROLE_WORDS = {
    Role.ANALYST: lazy("심사역"),
    Role.COMMITTEE: lazy("심사위원"),
    Role.CHAIR: lazy("위원장"),
    Role.FINANCE: lazy("재무"),
    Role.PARTNER: lazy("출자자"),
    Role.AUDITOR: lazy("감사"),
    Role.ADMIN: lazy("관리자"),
    Role.APPLICANT: lazy("신청 기업"),
}


def _quarter(_form: FlaskForm, field: StringField) -> None:
    try:
        Quarter.parse(field.data or "")
    except ValueError as error:
        raise ValidationError(gettext("2026Q3처럼 적어 주세요")) from error


class JudgeForm(KeyedForm):
    """A person's word about an application that a knock-out stopped."""

    outcome = RadioField(
        lazy("판단"),
        choices=[
            SelectChoice("released", lazy("심사로 올림")),
            SelectChoice("ineligible", lazy("요건 미충족으로 마침")),
        ],
        validators=[InputRequired(message=_NEEDED)],
    )
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])


class StepForm(KeyedForm):
    """A step that the call has added, with its reason."""

    verb = StringField(validators=[DataRequired(message=_NEEDED), Length(max=30)])
    reason = StringField(lazy("사유"), validators=[Optional(), Length(max=LONGEST_REASON)])


class ImportForm(FlaskForm):  # type: ignore[misc]
    """A sheet of applications."""

    file = FileField(lazy("파일"), validators=[FileRequired(message=lazy("파일을 골라 주세요"))])
    dry_run = BooleanField(lazy("먼저 확인만 하기"))
    all_or_nothing = BooleanField(lazy("한 줄이라도 잘못되면 모두 넣지 않기"))


class AdoptForm(KeyedForm):
    """The meeting that a plan goes to."""

    title = StringField(lazy("회의 이름"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    held_on = DateField(lazy("회의 날짜"), validators=[InputRequired(message=_NEEDED)])
    revision = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.held_on.data)


class PoolForm(KeyedForm):
    """GPU time that an investor gives."""

    investor = SelectField(lazy("출자자"), validators=[InputRequired(message=_NEEDED)])
    sku = StringField(lazy("GPU 종류"), validators=[DataRequired(message=_NEEDED), Length(max=20)])
    region = StringField(
        lazy("리전"), default="koreacentral", validators=[DataRequired(message=_NEEDED), Length(max=40)]
    )
    quarter = StringField(lazy("분기(UTC)"), validators=[DataRequired(message=_NEEDED), _quarter])
    hours = DecimalField(
        lazy("GPU시간"),
        places=None,
        validators=[InputRequired(message=_NEEDED), NumberRange(min=Decimal("0.0001"), max=MOST_HOURS)],
    )
    rate_krw = IntegerField(
        lazy("협약 단가"), validators=[InputRequired(message=_NEEDED), NumberRange(min=1, max=HIGHEST_RATE_KRW)]
    )

    def offer_investors(self, investors: Iterable[tuple[str, str]]) -> None:
        """Say who gives in kind."""
        self.investor.choices = [SelectChoice(code, name) for code, name in investors]

    def to_hours(self) -> Quantity:
        """Return the hours as an exact quantity of the SKU.

        Raises:
            ValueError: if they have more than four decimals.
        """
        return gpu_hours((self.sku.data or "").strip().upper(), self.hours.data or Decimal(0))

    def validate_hours(self, field: DecimalField) -> None:
        """Refuse what the ledger cannot keep exactly."""
        try:
            gpu_hours("X", field.data or Decimal(0))
        except ValueError as error:
            raise ValidationError(gettext("소수점 아래 넷째 자리까지 적을 수 있습니다")) from error


class SignForm(KeyedForm):
    """How a carried decision becomes an award."""

    instrument = SelectField(
        lazy("투자 방식"),
        choices=[SelectChoice(code, INSTRUMENT_WORDS[code]) for code in INSTRUMENTS],
        validators=[InputRequired(message=_NEEDED)],
    )
    signed_on = DateField(lazy("협약일"), validators=[InputRequired(message=_NEEDED)])
    follows = SelectField(lazy("앞선 협약"), choices=[], validators=[Optional()])

    def offer(self, earlier: Sequence[str]) -> None:
        """Offer the company's earlier awards as what this one may follow."""
        self.follows.choices = [SelectChoice("", lazy("없음")), *(SelectChoice(one, one) for one in earlier)]

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        return cast("date", self.signed_on.data)


class TrancheForm(KeyedForm):
    """What shows that a tranche is due; the first one needs nothing but the agreement."""

    evidence = StringField(lazy("증빙"), validators=[Optional(), Length(max=LONGEST_REASON)])


class ReasonForm(KeyedForm):
    """A reason in one's own words."""

    reason = StringField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])


class _BoxesField(SelectMultipleField):
    """Several of a few, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _role_choices() -> list[Any]:
    return [SelectChoice(str(role), words) for role, words in ROLE_WORDS.items()]


class RolesForm(KeyedForm):
    """What somebody may be."""

    roles = _BoxesField(lazy("역할"), choices=_role_choices())

    def validate_roles(self, field: SelectMultipleField) -> None:
        """Ask for at least one."""
        if not field.data:
            raise ValidationError(gettext("하나 이상 골라 주세요"))


class PersonForm(RolesForm):
    """Somebody new."""

    name = StringField(lazy("이름"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
    email = EmailField(
        lazy("이메일"),
        validators=[DataRequired(message=_NEEDED), Length(max=320), Email(message=lazy("이메일 주소를 확인해 주세요"))],
    )
    investor = SelectField(lazy("출자자"), validators=[Optional()])

    def offer_investors(self, investors: Iterable[tuple[str, str]]) -> None:
        """Say which investors a partner can belong to."""
        self.investor.choices = [
            SelectChoice("", gettext("해당 없음")),
            *(SelectChoice(code, name) for code, name in investors),
        ]


class FactorForm(KeyedForm):
    """A second factor that was lost."""

    reason = StringField(lazy("본인 확인 방법"), validators=[DataRequired(message=_NEEDED), Length(max=500)])


class TokenForm(KeyedForm):
    """A new bearer token."""

    label = StringField(lazy("쓰임"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
