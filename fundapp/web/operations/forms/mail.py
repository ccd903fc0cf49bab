"""Forms of the mail that applicants get."""

from __future__ import annotations

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from fundapp.intake.mail_texts import LONGEST_BODY, LONGEST_SUBJECT, MailTexts
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import lazy

_NEEDED = lazy("꼭 필요합니다")


class MailTextForm(KeyedForm):
    """Subject and body in both languages, and the version that they were made from."""

    base = HiddenField()
    subject_ko = StringField(lazy("한국어 제목"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_SUBJECT)])
    body_ko = TextAreaField(lazy("한국어 본문"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_BODY)])
    subject_en = StringField(lazy("영어 제목"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_SUBJECT)])
    body_en = TextAreaField(lazy("영어 본문"), validators=[DataRequired(_NEEDED), Length(max=LONGEST_BODY)])

    def show(self, texts: MailTexts, version: int) -> None:
        """Fill in a text as it stands."""
        for name, text in texts.as_document().items():
            self[name].data = text
        self.base.data = str(version)

    def to_texts(self) -> MailTexts:
        """Return what was typed; browsers end lines in two signs, mail in one."""
        return MailTexts(
            *(
                str(field.data or "").replace("\r\n", "\n")
                for field in (self.subject_ko, self.body_ko, self.subject_en, self.body_en)
            )
        )

    def to_base(self) -> int:
        """Return the version that was edited; -1, which is none, for anything else."""
        text = str(self.base.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004
