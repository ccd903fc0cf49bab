"""Forms of what a company asks about its GPU time. They carry shape; the actions decide."""

from __future__ import annotations

from collections.abc import Iterable

from wtforms import DateField, DecimalField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from fundapp.portfolio.rules import CHANGE_KINDS
from fundapp.web.grants.change_words import KIND_WORDS
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import lazy

_NEEDED = lazy("꼭 필요합니다")


class AskForm(KeyedForm):
    """What to change of which grant."""

    kind = SelectField(
        lazy("무엇을 바꾸나요"),
        choices=[SelectChoice(kind, KIND_WORDS[kind]) for kind in CHANGE_KINDS],
        validators=[InputRequired(message=_NEEDED)],
    )
    grant = SelectField(lazy("어느 배정인가요"), validators=[InputRequired(message=_NEEDED)])
    hours = DecimalField(lazy("GPU시간"), places=None, validators=[Optional()])
    until = DateField(lazy("언제까지 쓰나요"), validators=[Optional()])
    target = SelectField(lazy("어디로 옮기나요"), validators=[Optional()], validate_choice=False)
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(message=_NEEDED), Length(max=4000)])

    def offer(self, grants: Iterable[tuple[str, str]], pools: Iterable[tuple[str, str]]) -> None:
        """Say which grants there are and where hours could move: identifier and words."""
        self.grant.choices = [SelectChoice(key, words) for key, words in grants]
        self.target.choices = [
            SelectChoice("", lazy("고르지 않음")),
            *(SelectChoice(key, words) for key, words in pools),
        ]


class ReportForm(KeyedForm):
    """A progress report."""

    text = TextAreaField(lazy("진행 보고"), validators=[DataRequired(message=_NEEDED), Length(max=20_000)])


class OfferForm(KeyedForm):
    """How many of the offered hours to take."""

    hours = DecimalField(lazy("받을 시간"), places=None, validators=[Optional()])


class JoinForm(KeyedForm):
    """A place in the line for hours."""

    kind = SelectField(lazy("GPU 종류와 리전"), validators=[InputRequired(message=_NEEDED)])
    quarter = SelectField(lazy("분기"), validators=[Optional()])
    wanted = DecimalField(lazy("원하는 시간"), places=None, validators=[InputRequired(message=_NEEDED)])
    minimum = DecimalField(lazy("쓸모 있는 최소 시간"), places=None, validators=[InputRequired(message=_NEEDED)])

    def offer(self, kinds: Iterable[tuple[str, str]], quarters: Iterable[tuple[str, str]]) -> None:
        """Say which kinds and quarters there are."""
        self.kind.choices = [SelectChoice(key, words) for key, words in kinds]
        self.quarter.choices = [
            SelectChoice("", lazy("아무 분기")),
            *(SelectChoice(key, words) for key, words in quarters),
        ]
