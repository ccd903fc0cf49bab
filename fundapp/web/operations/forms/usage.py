"""Forms of GPU usage: exports, whose a subscription is, machine sizes of the fund's own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import cast

from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("꼭 필요합니다")


class UsageForm(KeyedForm):
    """The files of one export."""

    files = MultipleFileField(lazy("파일"))
    take_over = BooleanField(lazy("이 범위로 바꾸기"))

    def validate_files(self, field: MultipleFileField) -> None:
        """Ask for at least one file."""
        if not [one for one in field.data or () if getattr(one, "filename", "")]:
            raise ValidationError(gettext("파일을 골라 주세요"))


class OwnerForm(KeyedForm):
    """Whose a subscription or a tag is."""

    name = HiddenField(validators=[DataRequired(message=_NEEDED), Length(max=120)])
    award = SelectField(lazy("협약"), validators=[InputRequired(message=_NEEDED)])
    valid_from = DateField(lazy("적용 시작일(UTC)"), validators=[InputRequired(message=_NEEDED)])
    valid_to = DateField(lazy("적용 종료일(UTC)"), validators=[Optional()])
    reason = StringField(lazy("근거"), validators=[Optional(), Length(max=300)])

    def offer_awards(self, awards: Iterable[tuple[str, str]]) -> None:
        """Say which awards there are."""
        named = [SelectChoice(number, f"{number} {company}") for number, company in awards]
        self.award.choices = [SelectChoice("", gettext("골라 주세요")), *named]

    def first_day(self) -> date:
        """Return the first day of a form that is in order."""
        return cast("date", self.valid_from.data)


class SizeForm(KeyedForm):
    """What a machine size stands for from a day on."""

    name = StringField(lazy("크기 이름"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
    valid_from = DateField(lazy("적용 시작일(UTC)"), validators=[InputRequired(message=_NEEDED)])
    sku = StringField(lazy("GPU 종류"), validators=[DataRequired(message=_NEEDED), Length(max=20)])
    gpus = StringField(lazy("GPU 수"), validators=[DataRequired(message=_NEEDED), Length(max=7)])
    memory_gb = IntegerField(
        lazy("GPU 1장의 메모리"), validators=[InputRequired(message=_NEEDED), NumberRange(min=1, max=4096)]
    )
    source = StringField(lazy("출처"), validators=[DataRequired(message=_NEEDED), Length(max=200)])

    def first_day(self) -> date:
        """Return the first day of a form that is in order."""
        return cast("date", self.valid_from.data)
