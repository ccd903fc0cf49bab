"""Forms of the partners' room."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired, Length

from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import lazy


class FreezeForm(KeyedForm):
    """Freeze a quarter; use in suspense is accepted with a reason only."""

    quarter = HiddenField(validators=[InputRequired(), Length(max=6)])
    accept_suspense = BooleanField(lazy("주인을 모르는 사용이 있어도 확정"))
    reason = StringField(lazy("확정 사유"), validators=[Length(max=500)])
