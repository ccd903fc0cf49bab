"""People: who may enter, as what, and with which tokens."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Sequence

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.queries import BOARD, count_obstacles
from fundapp.committee.queries.checking import Tally
from fundapp.core.access import Kind, Role, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.identity.actions import (
    create_person,
    deactivate_person,
    issue_token,
    reset_factor,
    revoke_sessions,
    revoke_token,
    set_password,
    set_roles,
)
from fundapp.identity.passwords import hash_password
from fundapp.identity.queries import PersonRow, list_people
from fundapp.web.operations.doing import REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ROLE_WORDS, FactorForm, PersonForm, RolesForm, TokenForm
from fundapp.web.operations.reading import count_tokens, list_investor_names, tokens_of
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_ONE = "/people/<uuid:person_id>"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@blueprint.get("/people")
def people_page() -> ResponseReturnValue:
    """List everybody who can sign in."""
    may_open(Kind.PERSON)
    return _page(PersonForm())


def _page(form: PersonForm) -> str:
    at = now()
    with db().read() as session:
        people = list_people(session, viewer(), at)
        tokens = count_tokens(session, viewer(), at)
        form.offer_investors(list_investor_names(session))
    return render_template(
        "operations/people.html",
        page=Page.cut(people, asked_page()),
        tokens=tokens,
        form=form,
        role_words=ROLE_WORDS,
    )


@blueprint.post("/people")
def add_person() -> ResponseReturnValue:
    """Create an account with a first password that is shown once."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    form, password = PersonForm(), _new_password()
    with db().read() as session:
        form.offer_investors(list_investor_names(session))
    if not form.validate_on_submit():
        return _page(form), REFUSED
    try:
        person_id = db().transaction(lambda session: _create(session, form, password))
    except InvalidInputError as error:
        show_fault(form, error, "email")
        return _page(form), REFUSED
    return _person(person_id, fresh=password, fresh_kind="password")


def _create(session: Session, form: PersonForm, password: str) -> uuid.UUID:
    return create_person(
        session,
        actor=viewer(),
        at=now(),
        email=form.email.data or "",
        name=form.name.data or "",
        roles=form.roles.data or (),
        password_hash=hash_password(password),
        investor=form.investor.data or None,
    )


@blueprint.get(_ONE)
def one_person(person_id: uuid.UUID) -> ResponseReturnValue:
    """Show one account."""
    may_open(Kind.PERSON)
    return _person(person_id)


def _find(person_id: uuid.UUID) -> PersonRow:
    with db().read() as session:
        found = next((one for one in list_people(session, viewer(), now()) if one.id == person_id), None)
    if found is None:
        raise NotFoundError
    return found


def _joins_board(before: Collection[str], after: Collection[str]) -> bool:
    """Say whether somebody is about to sit on the committee who did not, and nobody has looked at conflicts yet."""
    seated = bool(BOARD & set(after)) and not BOARD & set(before)
    return seated and request.form.get("checked") != "yes"


def _obstacles(person_id: uuid.UUID) -> list[Tally]:
    """Return the calls in which something would stand between the person and applications; empty when nothing does."""
    with db().read() as session:
        counts = count_obstacles(session, viewer(), person_id, now())
    return [one for one in counts if one.disqualified or one.suggested]


def _person(
    person_id: uuid.UUID,
    fresh: str = "",
    fresh_kind: str = "",
    obstacles: Sequence[Tally] = (),
    asked: Sequence[str] | None = None,
) -> ResponseReturnValue:
    """Show an account; a secret is in this one answer and nowhere else."""
    found = _find(person_id)
    with db().read() as session:
        tokens = tokens_of(session, viewer(), person_id)
    page = render_template(
        "operations/person.html",
        one=found,
        tokens=tokens,
        fresh=fresh,
        fresh_kind=fresh_kind,
        roles=RolesForm(formdata=None, roles=list(asked if asked is not None else found.roles)),
        obstacles=obstacles,
        token=TokenForm(formdata=None),
        lost=FactorForm(formdata=None),
        itself=person_id == viewer().person_id,
        role_words=ROLE_WORDS,
        at=now(),
    )
    return make_response(page)


@blueprint.post(f"{_ONE}/roles")
def change_roles(person_id: uuid.UUID) -> ResponseReturnValue:
    """Replace somebody's roles; nobody takes their own administration away."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    form, wanted = RolesForm(), list(_find(person_id).roles)
    if not form.validate_on_submit():
        say_faults(form)
    elif _joins_board(wanted, form.roles.data or ()) and (found := _obstacles(person_id)):
        return _person(person_id, obstacles=found, asked=form.roles.data)
    elif person_id == viewer().person_id and Role.ADMIN in wanted and Role.ADMIN not in (form.roles.data or ()):
        flash(gettext("자기 자신의 관리자 역할은 뺄 수 없습니다. 다른 관리자에게 부탁하세요."), "err")
    else:
        act(
            lambda session: set_roles(
                session, actor=viewer(), at=now(), person_id=person_id, roles=form.roles.data or ()
            ),
            gettext("역할을 바꿨습니다. 이 사람은 다시 로그인해야 합니다."),
            form,
        )
    return redirect(url_for(".one_person", person_id=person_id))


@blueprint.post(f"{_ONE}/deactivate")
def close_account(person_id: uuid.UUID) -> ResponseReturnValue:
    """Close an account; nobody closes their own."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    if not KeyOnlyForm().validate_on_submit() or person_id == viewer().person_id:
        flash(gettext("자기 자신의 계정은 정지할 수 없습니다."), "err")
    else:
        act(
            lambda session: deactivate_person(session, actor=viewer(), at=now(), person_id=person_id),
            gettext("계정을 정지했습니다. 로그인과 토큰이 모두 끊겼습니다."),
        )
    return redirect(url_for(".one_person", person_id=person_id))


@blueprint.post(f"{_ONE}/password")
def reset_password(person_id: uuid.UUID) -> ResponseReturnValue:
    """Replace a password by a new one that is shown once."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    _find(person_id)
    password = _new_password()
    digest = hash_password(password)
    db().transaction(
        lambda session: set_password(
            session,
            actor=viewer(),
            at=now(),
            person_id=person_id,
            password_hash=digest,
            keep_passkeys=True,  # dropping a second step wants a reason, and has its own button
        )
    )
    return _person(person_id, fresh=password, fresh_kind="password")


@blueprint.post(f"{_ONE}/sessions")
def end_sessions(person_id: uuid.UUID) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    act(
        lambda session: revoke_sessions(session, actor=viewer(), at=now(), person_id=person_id),
        gettext("모든 기기에서 로그아웃시켰습니다."),
    )
    return redirect(url_for(".one_person", person_id=person_id))


@blueprint.post(f"{_ONE}/factor")
def drop_lost_factor(person_id: uuid.UUID) -> ResponseReturnValue:
    """Turn off a second factor that somebody lost; one's own goes off with the password, in one's account."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    form = FactorForm()
    if person_id == viewer().person_id:
        flash(gettext("자기 자신의 2단계 인증은 '내 계정'에서 끕니다."), "err")
    elif not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: reset_factor(
                session, actor=viewer(), at=now(), person_id=person_id, reason=form.reason.data or ""
            ),
            gettext("2단계 인증을 껐습니다. 본인에게 메일로 알렸습니다."),
            form,
        )
    return redirect(url_for(".one_person", person_id=person_id))


@blueprint.post(f"{_ONE}/tokens")
def add_token(person_id: uuid.UUID) -> ResponseReturnValue:
    """Issue a bearer token that is shown once."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    form = TokenForm()
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".one_person", person_id=person_id))
    try:
        token = db().transaction(
            lambda session: issue_token(
                session, actor=viewer(), at=now(), person_id=person_id, label=form.label.data or ""
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".one_person", person_id=person_id))
    return _person(person_id, fresh=token, fresh_kind="token")


@blueprint.post(f"{_ONE}/tokens/<uuid:token_id>/revoke")
def drop_token(person_id: uuid.UUID, token_id: uuid.UUID) -> ResponseReturnValue:
    """Revoke a bearer token."""
    may_open(Kind.PERSON, Verb.ADMINISTER)
    act(
        lambda session: revoke_token(session, actor=viewer(), at=now(), token_id=token_id),
        gettext("토큰을 폐기했습니다."),
    )
    return redirect(url_for(".one_person", person_id=person_id))


def _new_password() -> str:
    """Return four groups of four letters and digits that are hard to mistake: 80 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
