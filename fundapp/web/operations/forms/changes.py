"""Forms of changes, reports, waitlist, reclaim, quota and returned capacity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from wtforms import DateField, DecimalField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Optional

from fundapp.web.grants.change_words import QUOTA_WORDS
from fundapp.web.operations.forms.staff import LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import lazy

_NEEDED = lazy("꼭 필요합니다")
_MOST_VCPUS = 10_000_000


class DecideForm(KeyedForm):
    """What becomes of a change request; less may be approved than was asked for."""

    outcome = StringField(validators=[AnyOf(["approve", "decline"], message=_NEEDED)])
    hours = DecimalField(lazy("승인할 시간"), places=None, validators=[Optional()])
    until = DateField(lazy("승인할 사용 기한"), validators=[Optional()])
    reason = TextAreaField(lazy("사유"), validators=[Optional(), Length(max=LONGEST_REASON)])


class AnswerForm(KeyedForm):
    """What becomes of a progress report."""

    outcome = StringField(validators=[AnyOf(["accept", "return"], message=_NEEDED)])
    reason = TextAreaField(lazy("사유"), validators=[Optional(), Length(max=LONGEST_REASON)])


class NoteForm(KeyedForm):
    """A note that may be empty."""

    note = StringField(lazy("메모"), validators=[Optional(), Length(max=LONGEST_REASON)])


class ReturnForm(KeyedForm):
    """Hours that go back to their contributor for good."""

    account = SelectField(lazy("GPU 풀"), validators=[InputRequired(message=_NEEDED)])
    hours = DecimalField(lazy("돌려줄 시간"), places=None, validators=[InputRequired(message=_NEEDED)])
    reason = StringField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def offer_pools(self, pools: Iterable[tuple[str, str]]) -> None:
        """Say which pools there are: account and words."""
        self.account.choices = [SelectChoice(account, words) for account, words in pools]


class QuotaForm(KeyedForm):
    """One line about cloud quota."""

    award = StringField(lazy("협약 번호"), validators=[Optional(), Length(max=40)])
    subscription = StringField(lazy("구독"), validators=[DataRequired(message=_NEEDED), Length(max=200)])
    region = StringField(
        lazy("리전"), default="koreacentral", validators=[DataRequired(message=_NEEDED), Length(max=40)]
    )
    vm_family = StringField(lazy("VM 계열"), validators=[DataRequired(message=_NEEDED), Length(max=80)])
    sku = StringField(lazy("GPU 종류"), validators=[DataRequired(message=_NEEDED), Length(max=20)])
    vcpus = IntegerField(lazy("vCPU"), validators=[InputRequired(message=_NEEDED), NumberRange(min=0, max=_MOST_VCPUS)])
    vcpus_per_gpu = IntegerField(lazy("GPU 1장의 vCPU"), validators=[Optional(), NumberRange(min=1, max=_MOST_VCPUS)])
    state = SelectField(
        lazy("상태"),
        choices=[SelectChoice(code, word[0]) for code, word in QUOTA_WORDS.items()],
        validators=[InputRequired(message=_NEEDED)],
    )
    dated_on = DateField(lazy("날짜"), validators=[InputRequired(message=_NEEDED)])
    source = StringField(lazy("확인 근거"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def to_day(self) -> date:
        """Return the day of a form that is in order."""
        day = self.dated_on.data
        return day if isinstance(day, date) else date.min
