"""Two-step sign-in: turning it on with a code, off with the password."""

from __future__ import annotations

from urllib.parse import quote

import segno
from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from fundapp.identity import actions, queries
from fundapp.identity.rules import UnconfirmedError
from fundapp.web.shell.account.base import REFUSED, blueprint, password_fits, seal_of, typed
from fundapp.web.shell.account.forms import CodeForm, SureForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import ask_to_sign_in, open_session

_ISSUER = "AX"
_GROUP = 4


@blueprint.route("/second-step", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def start_factor() -> ResponseReturnValue:
    """Ask for the password, then show a fresh secret for the authenticator; off is asked for in the same way."""
    actor, at = g.viewer, now()
    if actor.person_id is None:
        return ask_to_sign_in()
    with db().read() as reading:
        one = queries.get_account(reading, actor, at)
    form, on = SureForm(), one.factor_since is not None
    if form.validate_on_submit():
        if not password_fits(actor.person_id, typed(form.current)):
            form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
        elif on:
            db().transaction(lambda session: actions.drop_factor(session, actor=actor, at=at))
            open_session(actor.person_id, at)
            flash(gettext("2단계 인증을 껐습니다. 다른 기기에서는 로그아웃했습니다."), "ok")
            return redirect(url_for(".own_account"))
        else:
            seal = seal_of(actor.person_id)
            try:
                secret = db().transaction(lambda session: actions.begin_factor(session, actor=actor, at=at, seal=seal))
            except UnconfirmedError as error:
                flash(say_refusal(error), "err")
                return redirect(url_for(".own_account"))
            return _show_secret(CodeForm(formdata=None), secret)
    return render_template("security/factor.html", form=form, on=on, one=one), REFUSED if form.errors else 200


@blueprint.post("/second-step/code")
@limiter.limit("10 per minute")
def confirm_factor() -> ResponseReturnValue:
    """Turn the second factor on with a first code; the recovery codes are in this one answer and nowhere else."""
    actor, at, form = g.viewer, now(), CodeForm()
    if actor.person_id is None:
        return ask_to_sign_in()
    seal, code = seal_of(actor.person_id), typed(form.code)
    codes = None
    if form.validate_on_submit():
        codes = db().transaction(
            lambda session: actions.confirm_factor(session, actor=actor, at=at, seal=seal, code=code)
        )
    if codes is None:
        form.code.errors = form.code.errors or [gettext("인증 번호가 맞지 않습니다. 새 번호로 다시 적어 주세요")]
        return _show_secret(form, _standing_secret()), REFUSED
    open_session(actor.person_id, at)
    return render_template("security/codes.html", codes=codes, heading=gettext("2단계 인증을 켰습니다"))


def _standing_secret() -> str:
    with db().read() as reading:
        return queries.begun_secret(reading, g.viewer, seal_of(g.viewer.person_id))


def _show_secret(form: CodeForm, secret: str) -> str:
    label = quote(f"{_ISSUER}:{g.viewer.email}")
    groups = " ".join(secret[start : start + _GROUP] for start in range(0, len(secret), _GROUP))
    address = f"otpauth://totp/{label}?secret={secret}&issuer={_ISSUER}"
    return render_template("security/secret.html", form=form, groups=groups, address=address, drawn=_drawn(address))


def _drawn(address: str) -> Markup:
    """Draw an address for a camera (ISO/IEC 18004): dark on light in both themes, or many cannot read it."""
    code = segno.make(address, micro=False, error="m")
    return Markup(code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 - squares alone
