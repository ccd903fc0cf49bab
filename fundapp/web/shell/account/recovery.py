"""What links from mails lead to. A page that was only looked at changes nothing: mail programs look at links, too."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.identity import actions
from fundapp.identity.passwords import hash_password
from fundapp.identity.rules import LinkSpentError
from fundapp.web.shell.account.base import REFUSED, blueprint, link_base, typed
from fundapp.web.shell.account.forms import AddressForm, NewPasswordForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.redirects import home_of
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import close_session


@blueprint.route("/confirm/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Prove an address."""
    form, actor, at, refusal = KeyOnlyForm(), g.viewer, now(), ""
    if form.validate_on_submit():
        try:
            db().transaction(lambda session: actions.confirm_email(session, actor=actor, at=at, token=token))
        except LinkSpentError as error:
            refusal = say_refusal(error)
        else:
            flash(gettext("이메일 주소를 확인했습니다. 이제 신청서를 제출할 수 있습니다."), "ok")
            return redirect(home_of(actor) if actor.person_id is not None else url_for(".login"))
    return _link_page(
        form,
        refusal,
        heading=gettext("이메일 주소 확인"),
        text=gettext("단추를 누르면 이 주소가 본인의 것으로 확인됩니다."),
        button=gettext("주소 확인하기"),
    )


@blueprint.route("/move/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def move(token: str) -> ResponseReturnValue:
    """Move the account to the address that the link was sent to."""
    form, actor, at, refusal = KeyOnlyForm(), g.viewer, now(), ""
    if form.validate_on_submit():
        try:
            db().transaction(lambda session: actions.move_email(session, actor=actor, at=at, token=token))
        except LinkSpentError as error:
            refusal = say_refusal(error)
        else:
            close_session()
            flash(gettext("이메일 주소를 바꿨습니다. 새 주소로 로그인해 주세요."), "ok")
            return redirect(url_for(".login"))
    return _link_page(
        form,
        refusal,
        heading=gettext("새 이메일 주소 확인"),
        text=gettext(
            "앞으로 이 주소로 로그인하고 알림을 받습니다. 단추를 누르면 모든 기기에서 로그아웃되고 패스키는 지워집니다."
        ),
        button=gettext("이 주소로 바꾸기"),
    )


def _link_page(form: KeyOnlyForm, refusal: str, *, heading: str, text: str, button: str) -> ResponseReturnValue:
    """Show what a link will do, with the button that does it: mail programs look at links too."""
    page = render_template(
        "security/link.html",
        form=form,
        refusal=refusal,
        heading=heading,
        text=text,
        button=button,
        again=url_for(".own_account"),
    )
    return page, REFUSED if refusal else 200


@blueprint.route("/recover", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def recover() -> ResponseReturnValue:
    """Send a link to a new password; the answer is the same for an address that nobody has."""
    form, actor, at, address = AddressForm(), g.viewer, now(), link_base("account.recover_by_link")
    sent = False
    if form.validate_on_submit():
        email = typed(form.email)
        db().transaction(
            lambda session: actions.ask_recovery(session, actor=actor, at=at, email=email, address=address)
        )
        sent = True
    page = render_template("security/recover.html", form=form, sent=sent)
    return page, REFUSED if form.errors else 200


@blueprint.route("/recover/<token>", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def recover_by_link(token: str) -> ResponseReturnValue:
    """Choose a new password; whoever was signed in anywhere is out, this browser included."""
    form, actor, at, refusal = NewPasswordForm(), g.viewer, now(), ""
    if form.validate_on_submit():
        digest = hash_password(typed(form.password))
        try:
            db().transaction(
                lambda session: actions.recover_password(session, actor=actor, at=at, token=token, password_hash=digest)
            )
        except LinkSpentError as error:
            refusal = say_refusal(error)
        else:
            close_session()
            flash(gettext("비밀번호를 새로 정했습니다. 새 비밀번호로 로그인해 주세요."), "ok")
            return redirect(url_for(".login"))
    page = render_template("security/new_password.html", form=form, refusal=refusal)
    return page, REFUSED if form.errors or refusal else 200
