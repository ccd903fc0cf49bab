"""Passkeys: made with the password, listed, removed with the password, and a way in beside or instead of it.

What the browser has to answer is put into the signed session; the answer comes back in an ordinary form. Without
scripts there are no passkeys: the pages then speak of codes and passwords, which stay as they are.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.identity import actions, queries
from fundapp.identity.rules import PasskeyRefusedError, UnconfirmedError
from fundapp.web.shell.account.base import REFUSED, blueprint, password_fits, seal_of, typed
from fundapp.web.shell.account.forms import PasskeyAnswerForm, PasskeyForm, SureForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import ask_to_sign_in, open_session

_ASKED = "passkey_asked"
_CHALLENGE_BYTES = 32


def find_party() -> actions.Party | None:
    """Return whom passkeys are for: the configured host. An address of digits has none (Web Authentication, 5.1.2)."""
    address = urlsplit(current_app.config["PUBLIC_URL"])
    host = address.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return actions.Party(host, f"{address.scheme}://{address.netloc}") if host else None
    return None


def get_party() -> actions.Party:
    """Return the same where there has to be one; a host without one has no such page."""
    found = find_party()
    if found is None:
        raise NotFoundError
    return found


def put_challenge(at: datetime, name: str = "") -> bytes:
    """Put a fresh challenge into the session and return it."""
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    session[_ASKED] = {"value": bytes_to_base64url(challenge), "at": at.isoformat(), "name": name}
    return challenge


def take_challenge() -> tuple[actions.Challenge, str]:
    """Take the challenge out of the session, with the name that a new passkey is to have.

    Raises:
        PasskeyRefusedError: if there is none.
    """
    asked = session.pop(_ASKED, None)
    if not asked:
        raise PasskeyRefusedError
    return actions.Challenge(base64url_to_bytes(asked["value"]), datetime.fromisoformat(asked["at"])), asked["name"]


@blueprint.route("/passkeys", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def passkeys() -> ResponseReturnValue:
    """List one's passkeys; with a name and the password, go on to make another."""
    actor, at, party, form = g.viewer, now(), get_party(), PasskeyForm()
    if actor.person_id is None:
        return ask_to_sign_in()
    if form.validate_on_submit():
        if not password_fits(actor.person_id, typed(form.current)):
            form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
        elif (offered := _offer_new(at, party, form)) is not None:
            return offered
    with db().read() as reading:
        held = queries.list_passkeys(reading, actor)
    return render_template("security/passkeys.html", form=form, held=held), REFUSED if form.errors else 200


def _offer_new(at: datetime, party: actions.Party, form: PasskeyForm) -> ResponseReturnValue | None:
    """Show the button that makes one; None where the name's field says why not."""
    name = typed(form.name)
    challenge = put_challenge(at, name)
    try:
        with db().read() as reading:
            options = actions.ask_new(reading, actor=g.viewer, party=party, challenge=challenge, name=name)
    except UnconfirmedError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".own_account"))
    except InvalidInputError as error:
        form.name.errors = [say_refusal(error)]
        return None
    return render_template(
        "security/passkey_new.html", form=PasskeyAnswerForm(formdata=None), options=options, name=name
    )


@blueprint.post("/passkeys/new")
@limiter.limit("10 per minute")
def add_passkey() -> ResponseReturnValue:
    """Keep what the browser made; recovery codes, where there were none, are in this one answer and nowhere else."""
    actor, at, party, form = g.viewer, now(), get_party(), PasskeyAnswerForm()
    if actor.person_id is None:
        return ask_to_sign_in()
    seal = seal_of(actor.person_id)
    try:
        challenge, name = take_challenge()
        answer = typed(form.answer) if form.validate_on_submit() else ""
        codes = db().transaction(
            lambda session: actions.add_passkey(
                session, actor=actor, at=at, seal=seal, party=party, challenge=challenge, name=name, answer=answer
            )
        )
    except (PasskeyRefusedError, UnconfirmedError, InvalidInputError) as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".passkeys"))
    open_session(actor.person_id, at)
    if codes:
        return render_template("security/codes.html", codes=codes, heading=gettext("패스키를 더했습니다"))
    flash(gettext("패스키를 더했습니다."), "ok")
    return redirect(url_for(".passkeys"))


@blueprint.route("/passkeys/<uuid:passkey_id>/remove", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def remove_passkey(passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Take a passkey away, after the password."""
    actor, at, form = g.viewer, now(), SureForm()
    if actor.person_id is None:
        return ask_to_sign_in()
    with db().read() as reading:
        one = next((row for row in queries.list_passkeys(reading, actor) if row.id == passkey_id), None)
    if one is None:
        raise NotFoundError
    if form.validate_on_submit():
        if password_fits(actor.person_id, typed(form.current)):
            db().transaction(lambda session: actions.remove_passkey(session, actor=actor, at=at, passkey_id=passkey_id))
            open_session(actor.person_id, at)
            flash(gettext("패스키를 지웠습니다."), "ok")
            return redirect(url_for(".passkeys"))
        form.current.errors = [gettext("지금 비밀번호가 맞지 않습니다")]
    return render_template("security/passkey_remove.html", form=form, one=one), REFUSED if form.errors else 200
