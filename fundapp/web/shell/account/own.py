"""One's own account: what it is, its address and its password."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.errors import FundError, NotFoundError
from fundapp.identity import actions, queries
from fundapp.identity.passwords import hash_password
from fundapp.web.shell.account.base import REFUSED, blueprint, link_base, password_fits, typed
from fundapp.web.shell.account.forms import EmailForm, PasswordForm
from fundapp.web.shell.account.passkeys import find_party
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.redirects import home_of, safe_next
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import ask_to_sign_in, open_session


@blueprint.get("/")
def own_account() -> ResponseReturnValue:
    """Show all that one can do about one's account."""
    if g.viewer.person_id is None:
        return ask_to_sign_in()
    with db().read() as session:
        one = queries.get_account(session, g.viewer, now())
    return render_template("security/account.html", one=one, has_passkeys=find_party() is not None)


@blueprint.post("/confirm")
@limiter.limit("10 per minute")
def resend() -> ResponseReturnValue:
    """Send the link that proves the address once more."""
    actor, at, address = g.viewer, now(), link_base("account.confirm")
    _try(
        lambda session: actions.ask_confirmation(session, actor=actor, at=at, address=address),
        gettext("확인 메일을 보냈습니다. 오지 않으면 스팸함도 봐 주세요."),
    )
    return redirect(safe_next(request.form.get("back")) or url_for(".own_account"))


@blueprint.route("/email", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def email() -> ResponseReturnValue:
    """Ask for another address; it is one's own once its link was followed."""
    actor, at, address, form = g.viewer, now(), link_base("account.move"), EmailForm()
    if actor.person_id is None:
        return ask_to_sign_in()
    if form.validate_on_submit():
        if not password_fits(actor.person_id, typed(form.current)):
            form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
        else:
            wanted = typed(form.email)
            _try(
                lambda session: actions.ask_move(session, actor=actor, at=at, email=wanted, address=address),
                gettext("새 주소로 메일을 보냈습니다. 그 링크를 누를 때까지는 지금 주소를 그대로 씁니다."),
            )
            return redirect(url_for(".own_account"))
    return render_template("security/email.html", form=form), REFUSED if form.errors else 200


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def password() -> ResponseReturnValue:
    """Change one's password; every other session ends, and passkeys unless their owner, who sees them, keeps them."""
    actor = g.viewer
    if actor.person_id is None:
        return ask_to_sign_in()
    form = PasswordForm()
    with db().read() as session:
        held = queries.list_passkeys(session, actor)
    if form.validate_on_submit():
        if password_fits(actor.person_id, typed(form.current)):
            keep = bool(form.keep_passkeys.data)
            _change_password(actor.person_id, hash_password(typed(form.password)), keep_passkeys=keep)
            flash(gettext("비밀번호를 바꿨습니다. 다른 기기에서는 로그아웃되었습니다."), "ok")
            if held and not keep:
                flash(gettext("패스키를 모두 지웠습니다. 계속 쓰려면 '내 계정'에서 새로 만들어 주세요."), "ok")
            return redirect(home_of(g.viewer))
        form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
    return render_template("security/password.html", form=form, held=held), REFUSED if form.errors else 200


def _change_password(person_id: uuid.UUID, password_hash: str, *, keep_passkeys: bool) -> None:
    actor, at = g.viewer, now()
    db().transaction(
        lambda session: actions.set_password(
            session,
            actor=actor,
            at=at,
            person_id=person_id,
            password_hash=password_hash,
            keep_passkeys=keep_passkeys,
        )
    )
    open_session(person_id, at)


def _try(work: Callable[[Session], None], done: str) -> None:
    """Do something that may be refused, and say which it was."""
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(done, "ok")
