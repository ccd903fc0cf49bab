"""Forms about companies that look like one."""

from __future__ import annotations

from wtforms import HiddenField, TextAreaField
from wtforms.validators import UUID, DataRequired, InputRequired, Length

from fundapp.web.operations.forms.staff import LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import lazy

_NEEDED = lazy("사유를 적어 주세요")


class KinForm(KeyedForm):
    """A pair, what it shares, and why it is no matter or is one again."""

    first = HiddenField(validators=[InputRequired(), UUID()])
    second = HiddenField(validators=[InputRequired(), UUID()])
    signals = HiddenField(validators=[InputRequired(), Length(max=200)])
    reason = TextAreaField(lazy("사유"), [DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])


class MergeForm(KeyedForm):
    """Why two companies are one."""

    survivor = HiddenField(validators=[InputRequired(), UUID()])
    merged = HiddenField(validators=[InputRequired(), UUID()])
    reason = TextAreaField(lazy("사유"), [DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])


class UndoForm(KeyedForm):
    """Why a merge is taken back."""

    reason = TextAreaField(lazy("되돌리는 사유"), [DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])
