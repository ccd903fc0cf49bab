"""Forms of decision letters and appeals."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from fundapp.committee.queries import LetterRow
from fundapp.committee.rules.drafts import LONGEST_REASON
from fundapp.committee.rules.letters import LONGEST_BODY, LONGEST_SUBJECT, MOST_RULES, LetterRule
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import lazy

_NEEDED = lazy("꼭 필요합니다")
_PARTS = ("outcome", "fits", "language", "subject", "body")


class _BoxesField(SelectMultipleField):
    """Several of a few, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class StageForm(KeyedForm):
    """Which decisions get their letters now."""

    outcomes = _BoxesField(
        lazy("통지할 결과"),
        choices=[
            SelectChoice("carried", lazy("가결")),
            SelectChoice("rejected", lazy("부결")),
            SelectChoice("deferred", lazy("보류")),
        ],
        default=["carried", "rejected"],
        validators=[DataRequired(message=_NEEDED)],
    )


class LetterForm(KeyedForm):
    """One letter's texts, and why they were changed."""

    subject_ko = StringField(lazy("한국어 제목"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_SUBJECT)])
    body_ko = TextAreaField(lazy("한국어 본문"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_BODY)])
    subject_en = StringField(lazy("영어 제목"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_SUBJECT)])
    body_en = TextAreaField(lazy("영어 본문"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_BODY)])
    note = StringField(lazy("고친 이유"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_REASON)])

    def show(self, letter: LetterRow) -> None:
        """Fill in the letter as it stands."""
        for name in ("subject_ko", "body_ko", "subject_en", "body_en"):
            self[name].data = getattr(letter, name)


class AppealForm(KeyedForm):
    """What the committee decides about an appeal."""

    outcome = RadioField(
        lazy("결정"),
        choices=[
            SelectChoice("upheld", lazy("인용: 다시 심의합니다")),
            SelectChoice("dismissed", lazy("기각")),
        ],
        validators=[InputRequired(message=_NEEDED)],
    )
    reason = TextAreaField(lazy("사유"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_REASON)])


def read_rules(posted: Mapping[str, str]) -> list[LetterRule]:
    """Return the texts of a posted page in their order, without the rows that were left empty."""
    rules = []
    for place in range(MOST_RULES + 2):
        parts = {name: posted.get(f"{name}-{place}", "") for name in _PARTS}
        if parts["subject"].strip() or parts["body"].strip():
            body = parts["body"].replace("\r\n", "\n")
            rules.append(LetterRule(**parts | {"subject": parts["subject"].strip(), "body": body}))
    return rules
