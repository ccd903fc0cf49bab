"""Forms of the discussion."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from wtforms import DateField, Field, RadioField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from fundapp.committee.queries.audience import Participant
from fundapp.committee.rules.discussion import LONGEST_COMMENT, CommentKind, Visibility
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy


class TextForm(KeyedForm):
    """Words."""

    text = TextAreaField(
        lazy("내용"), validators=[InputRequired(lazy("내용을 적어 주세요.")), Length(max=LONGEST_COMMENT)]
    )

    def validate_text(self, field: Field) -> None:
        """Spaces are no words."""
        if not (field.data or "").strip():
            raise ValidationError(gettext("내용을 적어 주세요."))


class CommentForm(TextForm):
    """A comment, with who may read it."""

    kind = RadioField(
        lazy("종류"),
        choices=[SelectChoice("comment", lazy("의견")), SelectChoice("question", lazy("질문"))],
        default="comment",
    )
    offered: frozenset[uuid.UUID] = frozenset()
    visibility = RadioField(lazy("공개 범위"), default="staff")
    named = SelectMultipleField(lazy("읽을 사람"), validate_choice=False)

    def offer(self, people: Sequence[Participant], *, on_board: bool) -> None:
        """Offer the audiences that the viewer may choose, and the people who can be named."""
        audiences = [SelectChoice("staff", gettext("위원과 사무국"))]
        if on_board:
            audiences.append(SelectChoice("committee", gettext("위원만")))
        self.visibility.choices = [*audiences, SelectChoice("named", gettext("고른 사람만"))]
        self.named.choices = [SelectChoice(str(one.person_id), one.name) for one in people]
        self.offered = frozenset(one.person_id for one in people)

    def validate_named(self, field: Field) -> None:
        """Named persons are named."""
        if self.visibility.data == "named" and not field.data:
            raise ValidationError(gettext("읽을 사람을 골라 주세요."))

    def to_kind(self) -> CommentKind:
        """Return the kind of a valid form."""
        return "question" if self.kind.data == "question" else "comment"

    def to_visibility(self) -> Visibility:
        """Return the audience of a valid form."""
        chosen: dict[str, Visibility] = {"committee": "committee", "named": "named"}
        return chosen.get(str(self.visibility.data), "staff")

    def to_named(self) -> tuple[uuid.UUID, ...]:
        """Return the people of a valid form; whoever was not offered is not meant."""
        chosen = set(self.named.data or ())
        return tuple(sorted(one for one in self.offered if str(one) in chosen))


class InquiryForm(TextForm):
    """A question to the applicant, with the questions of the form that it opens."""

    due_on = DateField(lazy("답변 기한"), validators=[Optional()])
    questions = SelectMultipleField(lazy("고칠 수 있게 열 문항"), validate_choice=False)


class TakeBackForm(KeyedForm):
    """Why a question to the applicant is taken back."""

    reason = TextAreaField(
        lazy("거두는 이유"), validators=[InputRequired(lazy("내용을 적어 주세요.")), Length(max=LONGEST_COMMENT)]
    )
