"""Forms of one's own account."""

from __future__ import annotations

from flask import g
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import Email, InputRequired, Length

from fundapp.identity.actions.passkeys import LONGEST_NAME
from fundapp.identity.passwords import MAX_LENGTH, find_password_fault
from fundapp.web.shell.account.base import typed
from fundapp.web.shell.language import gettext, lazy

_MOST_ADDRESS = 320
_LONGEST_ANSWER = 20_000
_ADDRESS = [
    InputRequired(lazy("이메일을 적어 주세요")),
    Length(max=_MOST_ADDRESS),
    Email(lazy("이메일 주소를 다시 확인해 주세요")),
]


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Address and password."""

    email = EmailField(lazy("이메일"), [InputRequired(lazy("이메일을 적어 주세요")), Length(max=_MOST_ADDRESS)])
    password = PasswordField(lazy("비밀번호"), [InputRequired(lazy("비밀번호를 적어 주세요")), Length(max=MAX_LENGTH)])
    next = HiddenField()


class CodeForm(FlaskForm):  # type: ignore[misc]
    """Six digits of the authenticator, or a recovery code."""

    code = StringField(lazy("인증 번호"), [InputRequired(lazy("인증 번호를 적어 주세요")), Length(max=20)])


class PasskeyAnswerForm(FlaskForm):  # type: ignore[misc]
    """What the browser answered to a passkey's challenge, as JSON; a script fills it in."""

    answer = HiddenField(validators=[InputRequired(), Length(max=_LONGEST_ANSWER)])
    next = HiddenField()


class NewPassword:
    """A password field that says what is wrong with a new password."""

    password = PasswordField(lazy("새 비밀번호"), [InputRequired(lazy("비밀번호를 적어 주세요"))])

    def validate_password(self, field: PasswordField) -> None:
        """Refuse short and well-known passwords, and those made of one's own address."""
        own = [getattr(self, part, None) for part in ("email", "name")]
        email, name = (typed(one) if one is not None else "" for one in own)
        fault = find_password_fault(typed(field), email=email or g.viewer.email, name=name or g.viewer.name)
        texts = {
            "short": gettext("10자 이상으로 정해 주세요"),
            "long": gettext("256자까지 쓸 수 있습니다"),
            "common": gettext("너무 흔한 비밀번호입니다. 흔한 낱말과 숫자 말고 자기만의 말을 더해 주세요"),
            "email": gettext("이메일이나 이름으로 만든 비밀번호는 쓸 수 없습니다"),
        }
        if fault is not None:
            raise ValidationError(texts[fault])


class RegisterForm(NewPassword, FlaskForm):  # type: ignore[misc]
    """An applicant's new account."""

    name = StringField(lazy("이름"), [InputRequired(lazy("이름을 적어 주세요")), Length(max=80)])
    email = EmailField(lazy("이메일"), _ADDRESS)


class AddressForm(FlaskForm):  # type: ignore[misc]
    """Where to send a link that leads to a new password."""

    email = EmailField(lazy("이메일"), [InputRequired(lazy("이메일을 적어 주세요")), Length(max=_MOST_ADDRESS)])


class NewPasswordForm(NewPassword, FlaskForm):  # type: ignore[misc]
    """A new password for somebody who came by a link."""


class Sure:
    """The present password, asked for before something that lets others in or keeps oneself out."""

    current = PasswordField(
        lazy("지금 비밀번호"), [InputRequired(lazy("지금 비밀번호를 적어 주세요")), Length(max=MAX_LENGTH)]
    )


class PasswordForm(NewPassword, Sure, FlaskForm):  # type: ignore[misc]
    """A change of password; passkeys end with it unless they are to stay."""

    keep_passkeys = BooleanField(lazy("패스키는 그대로 두기"))


class EmailForm(Sure, FlaskForm):  # type: ignore[misc]
    """Another address."""

    email = EmailField(lazy("새 이메일"), _ADDRESS)


class PasskeyForm(Sure, FlaskForm):  # type: ignore[misc]
    """A new passkey's name."""

    name = StringField(
        lazy("패스키 이름"), [InputRequired(lazy("패스키 이름을 적어 주세요")), Length(max=LONGEST_NAME)]
    )


class SureForm(Sure, FlaskForm):  # type: ignore[misc]
    """Nothing but the present password."""
