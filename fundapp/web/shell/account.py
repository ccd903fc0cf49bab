"""Signing in and out, registering as an applicant, changing one's password."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import EmailField, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import Email, InputRequired, Length

from fundapp.core.access import ANONYMOUS, Role
from fundapp.core.outbox import enqueue_mail
from fundapp.identity import actions, queries
from fundapp.identity.passwords import MAX_LENGTH, find_password_fault, hash_password, verify_password
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.redirects import home_of, safe_next
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import ask_to_sign_in, close_session, open_session

blueprint = Blueprint("account", __name__, url_prefix="/account")

_REFUSED = 422


class LoginForm(FlaskForm):  # type: ignore[misc]
    """Address and password."""

    email = EmailField(lazy("이메일"), [InputRequired(lazy("이메일을 적어 주세요")), Length(max=320)])
    password = PasswordField(lazy("비밀번호"), [InputRequired(lazy("비밀번호를 적어 주세요")), Length(max=MAX_LENGTH)])
    next = HiddenField()


class NewPassword:
    """A password field that says what is wrong with a new password."""

    password = PasswordField(lazy("새 비밀번호"), [InputRequired(lazy("비밀번호를 적어 주세요"))])

    def validate_password(self, field: PasswordField) -> None:
        """Refuse short and well-known passwords."""
        email = getattr(self, "email", None)
        fault = find_password_fault(_typed(field), email=_typed(email) if email is not None else "")
        texts = {
            "short": gettext("10자 이상으로 정해 주세요"),
            "long": gettext("256자까지 쓸 수 있습니다"),
            "common": gettext("너무 흔한 비밀번호입니다. 다른 것으로 정해 주세요"),
            "email": gettext("이메일과 같은 비밀번호는 쓸 수 없습니다"),
        }
        if fault is not None:
            raise ValidationError(texts[fault])


class RegisterForm(NewPassword, FlaskForm):  # type: ignore[misc]
    """An applicant's new account."""

    name = StringField(lazy("이름"), [InputRequired(lazy("이름을 적어 주세요")), Length(max=80)])
    email = EmailField(
        lazy("이메일"),
        [InputRequired(lazy("이메일을 적어 주세요")), Email(lazy("이메일 주소를 다시 확인해 주세요"))],
    )


class PasswordForm(NewPassword, FlaskForm):  # type: ignore[misc]
    """A change of password."""

    current = PasswordField(lazy("지금 비밀번호"), [InputRequired(lazy("지금 비밀번호를 적어 주세요"))])


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def login() -> ResponseReturnValue:
    """Sign in. Unknown address, wrong password, closed and locked account get one and the same answer."""
    if g.viewer.person_id is not None:
        return redirect(home_of(g.viewer))
    form = LoginForm(data={"next": request.args.get("next", "")})
    if form.validate_on_submit():
        if _sign_in(_typed(form.email), _typed(form.password)):
            return redirect(safe_next(form.next.data) or home_of(g.viewer))
        form.password.errors = [gettext("이메일 또는 비밀번호가 맞지 않습니다")]
    return render_template("security/login.html", form=form), _REFUSED if form.errors else 200


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out everywhere: the session identifier is rotated, so a copied cookie is worth nothing."""
    actor = g.viewer
    if actor.person_id is not None:
        db().transaction(
            lambda session: actions.revoke_sessions(session, actor=actor, at=now(), person_id=actor.person_id)
        )
        close_session()
        flash(gettext("로그아웃했습니다."), "ok")
    return redirect(url_for("landing.index"))


@blueprint.route("/register", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def register() -> ResponseReturnValue:
    """Register as an applicant. Whether the address was known already shows in the owner's mailbox only."""
    form = RegisterForm()
    if form.validate_on_submit():
        _register(_typed(form.email), _typed(form.name), hash_password(_typed(form.password)))
        flash(gettext("이제 로그인할 수 있습니다. 전에 가입하셨다면 그때 비밀번호를 그대로 씁니다."), "ok")
        return redirect(url_for("account.login"))
    return render_template("security/register.html", form=form), _REFUSED if form.errors else 200


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def password() -> ResponseReturnValue:
    """Change one's password; every other session ends."""
    actor = g.viewer
    if actor.person_id is None:
        return ask_to_sign_in()
    form = PasswordForm()
    if form.validate_on_submit():
        if _password_fits(actor.email, _typed(form.current)):
            _change_password(actor.person_id, hash_password(_typed(form.password)))
            flash(gettext("비밀번호를 바꿨습니다. 다른 기기에서는 로그아웃되었습니다."), "ok")
            return redirect(home_of(g.viewer))
        form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
    return render_template("security/password.html", form=form), _REFUSED if form.errors else 200


def _typed(field: StringField) -> str:
    return field.data or ""


def _sign_in(email: str, plain: str) -> bool:
    at = now()
    with db().read() as session:
        known = queries.find_credentials(session, email, at)
    fits = verify_password(plain, known.password_hash if known is not None else None)
    if known is None or not known.active or known.locked:
        return False
    person_id = known.person_id
    if not fits:
        db().transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
        return False
    db().transaction(lambda session: actions.record_login(session, person_id=person_id, at=at))
    open_session(person_id, at)
    return True


def _password_fits(email: str, plain: str) -> bool:
    at = now()
    with db().read() as session:
        known = queries.find_credentials(session, email, at)
    if known is None or known.locked:
        return False
    fits = verify_password(plain, known.password_hash)
    if not fits:
        person_id = known.person_id
        db().transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
    return fits


def _change_password(person_id: uuid.UUID, password_hash: str) -> None:
    actor, at = g.viewer, now()
    db().transaction(
        lambda session: actions.set_password(
            session, actor=actor, at=at, person_id=person_id, password_hash=password_hash
        )
    )
    open_session(person_id, at)


def _register(email: str, name: str, password_hash: str) -> None:
    at = now()

    def work(session: Session) -> None:
        known = queries.find_person_by_email(session, email, at)
        if known is None:
            actions.create_person(
                session, actor=ANONYMOUS, at=at, email=email, name=name, roles={Role.APPLICANT},
                password_hash=password_hash,
            )  # fmt: skip
            return
        enqueue_mail(
            session,
            dedupe_key=f"registered-again:{known.id}:{at:%Y-%m-%d}",
            recipient=known.email,
            subject=gettext("AX 전략펀드: 이미 가입한 주소입니다"),
            body=gettext("이 주소로 다시 가입하려는 시도가 있었습니다. 계정은 그대로이며 하실 일은 없습니다."),
            at=at,
        )

    db().transaction(work)
