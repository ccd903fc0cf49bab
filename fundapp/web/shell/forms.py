"""What our forms share: the key that makes a repeated submission act once."""

from __future__ import annotations

import uuid

from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.validators import UUID, InputRequired


def new_key() -> str:
    """Return a fresh idempotency key for a form or call."""
    return uuid.uuid4().hex


class KeyedForm(FlaskForm):  # type: ignore[misc]
    """A form with an idempotency key. Render it with `forms.keys(form)`, pass `form.key.data` to the action."""

    key = HiddenField(default=new_key, validators=[InputRequired(), UUID()])


class KeyOnlyForm(KeyedForm):
    """A button that acts: nothing but the key and the CSRF token."""
