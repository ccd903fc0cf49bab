"""What our forms share: the key that makes a repeated submission act once, and numbers within bounds."""

from __future__ import annotations

import uuid
from decimal import Decimal
from functools import cache
from typing import Any

from flask import g, has_request_context, request
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, i18n, validators
from wtforms.form import BaseForm
from wtforms.validators import UUID, InputRequired, ValidationError

from fundapp.web.shell.language import Locale, current_locale, gettext

_MOST_DIGITS = 300
"""Beyond it a number is no number to a floating-point unit, which WTForms asks."""


def new_key() -> str:
    """Return a fresh idempotency key for a form or call."""
    key = uuid.uuid4().hex
    if has_request_context() and "keys" in g:  # a page is being drawn to be shown again, with keys of its own
        g.keys.append(key)
    return key


def sent_json() -> dict[str, object]:
    """Return the JSON object that a request carries; what is no such object, or nested beyond reading, is empty."""
    try:
        read = request.get_json(silent=True)
    except RecursionError:
        return {}
    return read if isinstance(read, dict) else {}


class NumberRange(validators.NumberRange):
    """A number within bounds; what is no finite number, or absurdly long, is refused like one out of bounds."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        """Raise unless the field's number is within bounds.

        Raises:
            ValidationError: if it is not.
        """
        data: Any = field.data
        if data is not None and not _measurable(data):
            raise ValidationError(gettext("숫자를 확인해 주세요"))
        super().__call__(form, field)


def _measurable(data: Decimal | int) -> bool:
    if isinstance(data, Decimal):
        return data.is_finite() and data.adjusted() < _MOST_DIGITS
    return bool(-(10**_MOST_DIGITS) < data < 10**_MOST_DIGITS)


@cache
def _messages(locale: Locale) -> object:
    return i18n.get_translations([locale])


class KeyedForm(FlaskForm):  # type: ignore[misc]
    """A form with an idempotency key. Render it with `forms.keys(form)`, pass `form.key.data` to the action."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """As Flask-WTF has it, but the library's own messages are read once and not at every form."""

        def get_translations(self, _form: BaseForm) -> object:
            """Return the library's messages in the present language."""
            return _messages(current_locale())

    key = HiddenField(default=new_key, validators=[InputRequired(), UUID()])


class KeyOnlyForm(KeyedForm):
    """A button that acts: nothing but the key and the CSRF token."""
