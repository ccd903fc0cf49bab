"""Signing in and out, and registering as an applicant."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import ANONYMOUS, Role
from fundapp.identity import actions, queries
from fundapp.identity.passwords import hash_password, verify_password
from fundapp.identity.rules import PasskeyRefusedError
from fundapp.web.shell.account.base import REFUSED, blueprint, link_base, seal_of, typed
from fundapp.web.shell.account.forms import CodeForm, LoginForm, PasskeyAnswerForm, RegisterForm
from fundapp.web.shell.account.passkeys import find_party, get_party, put_challenge, take_challenge
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.redirects import home_of, safe_next
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import close_session, open_session

_HALF_WAY = "half_signed_in"
_HALF_WAY_LENGTH = timedelta(minutes=10)


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def login() -> ResponseReturnValue:
    """Sign in. Unknown address, wrong password, closed and locked account get one and the same answer."""
    if g.viewer.person_id is not None:
        return redirect(home_of(g.viewer))
    form = LoginForm(data={"next": request.args.get("next", "")})
    if form.validate_on_submit():
        known = _check(typed(form.email), typed(form.password))
        target = safe_next(form.next.data)
        if known is not None and known.factor:
            session[_HALF_WAY] = {
                "person": known.person_id.hex,
                "of": _mark(known),
                "at": int(now().timestamp()),
                "next": target,
            }
            return redirect(url_for(".second_step"))
        if known is not None:
            _enter(known.person_id)
            return redirect(target or home_of(g.viewer))
        form.password.errors = [gettext("이메일 또는 비밀번호가 맞지 않습니다")]
    page = render_template("security/login.html", form=form, passkey=_passkey_form(form.next.data or ""))
    return page, REFUSED if form.errors else 200


@blueprint.route("/login/code", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def second_step() -> ResponseReturnValue:
    """Ask for the second factor of somebody whose password was right; wrong codes count like wrong passwords."""
    half = _half_way()
    if half is None:
        return redirect(url_for(".login"))
    form, (person_id, target) = CodeForm(), half
    if form.validate_on_submit():
        if _code_fits(person_id, typed(form.code)):
            _enter(person_id)
            return redirect(safe_next(target) or home_of(g.viewer))
        form.code.errors = [gettext("인증 번호가 맞지 않습니다. 새 번호로 다시 적어 주세요")]
    with db().read() as reading:
        ways = queries.ways_of(reading, person_id)
    passkey = _passkey_form(target) if ways.passkey else None
    page = render_template("security/second_step.html", form=form, ways=ways, passkey=passkey)
    return page, REFUSED if form.errors else 200


@blueprint.post("/login/passkey/ask")
@limiter.limit("20 per minute")
def ask_passkey() -> ResponseReturnValue:
    """Say what a passkey has to answer: one of theirs, for somebody whose password was right; else any of this host."""
    party, half = get_party(), _half_way()
    challenge = put_challenge(now())
    with db().read() as reading:
        options = actions.ask_passkey(
            reading, party=party, challenge=challenge, person_id=None if half is None else half[0]
        )
    return current_app.response_class(options, mimetype="application/json")


@blueprint.post("/login/passkey")
@limiter.limit("20 per minute")
def enter_by_passkey() -> ResponseReturnValue:
    """Let somebody in whose passkey answered; it stands for password and code together."""
    party, half, form, at = get_party(), _half_way(), PasskeyAnswerForm(), now()
    target = safe_next(form.next.data)
    try:
        challenge, _ = take_challenge()
        answer = typed(form.answer) if form.validate_on_submit() else ""
        person_id = db().transaction(
            lambda session: actions.pass_passkey(
                session,
                at=at,
                party=party,
                challenge=challenge,
                answer=answer,
                person_id=None if half is None else half[0],
            )
        )
    except PasskeyRefusedError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".login" if half is None else ".second_step", next=target or None))
    with db().read() as reading:
        known = queries.find_credentials_of(reading, person_id, at)
    # A closing counts guessed passwords, which anybody can send: it keeps nobody out who proves themselves by a key.
    if known is None or not known.active:
        flash(say_refusal(PasskeyRefusedError()), "err")
        return redirect(url_for(".login"))
    _enter(person_id)
    return redirect(target or home_of(g.viewer))


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
    target = safe_next(request.args.get("next"))
    form = RegisterForm(data={"email": request.args.get("email", "")})
    if form.validate_on_submit():
        _register(typed(form.email), typed(form.name), hash_password(typed(form.password)))
        flash(
            gettext(
                "이제 로그인할 수 있습니다. 메일로 보낸 링크에서 주소를 확인하면 제출도 할 수 있습니다. "
                "전에 가입하셨다면 그때 비밀번호를 그대로 씁니다."
            ),
            "ok",
        )
        return redirect(url_for(".login", next=target or None))
    return render_template("security/register.html", form=form, target=target), REFUSED if form.errors else 200


def _passkey_form(target: str) -> PasskeyAnswerForm | None:
    """Return the form that a script sends for a passkey; None where this host has none."""
    return None if find_party() is None else PasskeyAnswerForm(formdata=None, data={"next": target})


def _half_way() -> tuple[uuid.UUID, str] | None:
    """Return whose password was right a moment ago in this browser, and where they were going.

    None again once everybody of theirs was signed out, which a new password does: the old one has been proved no more.
    """
    half = session.get(_HALF_WAY)
    if not half or now().timestamp() - half["at"] > _HALF_WAY_LENGTH.total_seconds():
        session.pop(_HALF_WAY, None)
        return None
    person_id = uuid.UUID(hex=half["person"])
    with db().read() as reading:
        known = queries.find_credentials_of(reading, person_id, now())
    if known is None or not secrets.compare_digest(_mark(known), half["of"]):
        session.pop(_HALF_WAY, None)
        return None
    return person_id, half["next"]


def _mark(known: queries.Credentials) -> str:
    """Return what a half-open door remembers of a session's identifier, which a cookie may be read for."""
    return hashlib.sha256(known.session_id.encode()).hexdigest()


def _check(email: str, plain: str) -> queries.Credentials | None:
    """Return whose password this is, after the same work for everybody."""
    at = now()
    with db().read() as reading:
        known = queries.find_credentials(reading, email, at)
    fits = verify_password(plain, known.password_hash if known is not None else None)
    if known is None or not known.active or known.locked:
        return None
    if not fits:
        person_id = known.person_id
        db().transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
        return None
    return known


def _code_fits(person_id: uuid.UUID, code: str) -> bool:
    at = now()
    with db().read() as reading:
        known = queries.find_credentials_of(reading, person_id, at)
    if known is None or not known.active or known.locked:
        return False
    seal = seal_of(person_id)

    def work(session: Session) -> bool:
        fits = actions.pass_factor(session, person_id=person_id, at=at, seal=seal, code=code)
        if not fits:
            actions.record_failed_login(session, person_id=person_id, at=at)
        return fits

    return db().transaction(work)


def _enter(person_id: uuid.UUID) -> None:
    at = now()
    db().transaction(lambda session: actions.record_login(session, person_id=person_id, at=at))
    open_session(person_id, at)


def _register(email: str, name: str, password_hash: str) -> None:
    at, address = now(), link_base("account.confirm")

    def work(session: Session) -> None:
        known = queries.find_person_by_email(session, email, at)
        if known is not None:
            actions.warn_holder(session, actor=ANONYMOUS, at=at, person_id=known.id)
            return
        person_id = actions.create_person(
            session, actor=ANONYMOUS, at=at, email=email, name=name, roles={Role.APPLICANT},
            password_hash=password_hash,
        )  # fmt: skip
        actions.ask_confirmation(session, actor=queries.as_actor(session, person_id), at=at, address=address)

    db().transaction(work)
